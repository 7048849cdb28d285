"""POST /api/ocr/extract: text out of pictures and scans."""

import asyncio
from contextlib import AsyncExitStack

from dataflowtools.src.driveradapters.ocr.incoming import SeeingHandler
from dataflowtools.src.driveradapters.ocr.models import ExtractRequest, Output
from dataflowtools.src.driveradapters.ocr.progress import replies_as_events, with_progress
from dataflowtools.src.driveradapters.ocr.rendered import rendered
from dataflowtools.src.driveradapters.ocr.replies import ExtractReply, extract_reply
from dataflowtools.src.logics.file.open_file import OpenFile
from dataflowtools.src.logics.ocr.extract_text import ExtractText
from dataflowtools.src.logics.ocr.model import Extraction
from servicekit.http import operation

_FORM = {
    "file": {"type": "string", "format": "binary", "description": "A picture or a PDF."},
    **{
        name: {"type": "string", "description": field.description or "As in the JSON body."}
        for name, field in ExtractRequest.model_fields.items()
    },
}
READING_ERRORS = (
    "file_not_found", "file_too_large", "empty_file",
    "corrupt_file", "unsupported_type", "image_too_large", "document_too_large", "password_required",
    "password_incorrect", "invalid_selection", "processing_crashed", "memory_limit", "time_limit",
    "workers_busy", "workers_unavailable", "storage_full",
)  # fmt: skip


class ExtractHandler(SeeingHandler):
    """Reads pictures."""

    def initialize(self, extract_text: ExtractText, open_file: OpenFile, max_body_bytes: int) -> None:
        """Take the use cases and the largest body."""
        self._extract_text = extract_text
        self.take = extract_text.take
        self.open_file = open_file
        self.max_body_bytes = max_body_bytes

    @operation(
        summary="Read the text of a picture or a scan",
        tag="ocr",
        description="Send the file as multipart/form-data with options as further fields, or JSON with a file_id. "
        "With Accept: text/event-stream the reply tells its progress page by page and ends with the result.",
        form=_FORM,
        replies={200: ExtractReply},
        streams=True,
        errors=(*READING_ERRORS, "language_unavailable", "invalid_pattern", "ocr_service_unavailable"),
        scope="documents",
    )
    async def post(self) -> None:
        """Read the picture."""
        async with AsyncExitStack() as stack:
            file, asked = await self.receive(ExtractRequest, stack)
            options = asked.as_options()
            if replies_as_events(self) and asked.output == "json":
                await with_progress(self, lambda tell: self._extract_text(file, options, tell), extract_reply)
                return
            found = await self._extract_text(file, options)
            await self._answer(asked.output, found)

    async def _answer(self, output: Output, found: Extraction) -> None:
        content_type, body = await asyncio.to_thread(rendered, output, found)
        self.set_header("Content-Type", content_type)
        if output != "json":
            self.set_header("Content-Security-Policy", "default-src 'none'; sandbox")
            if found.warnings:
                codes = dict.fromkeys(caveat.code for caveat in found.warnings)
                self.set_header("X-OCR-Warnings", ",".join(codes))
        if output == "pdf":
            self.set_header("Content-Disposition", 'attachment; filename="searchable.pdf"')
        self.write(body)
