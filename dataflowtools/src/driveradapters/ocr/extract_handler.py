"""POST /api/ocr/extract: text out of pictures and scans."""

import asyncio
from contextlib import AsyncExitStack

from dataflowtools.src.driveradapters.ocr.incoming import SeeingHandler
from dataflowtools.src.driveradapters.ocr.models import ExtractRequest
from dataflowtools.src.driveradapters.ocr.progress import replies_as_events, with_progress
from dataflowtools.src.driveradapters.ocr.replies import ExtractReply, extract_reply
from dataflowtools.src.logics.file.open_file import OpenFile
from dataflowtools.src.logics.ocr.extract_text import ExtractText
from dataflowtools.src.logics.ocr.model import Extraction
from dataflowtools.src.logics.ocr.render_text import render_hocr, render_markdown, render_text
from servicekit.http import operation

_FORM = {
    "file": {"type": "string", "format": "binary", "description": "A picture or a PDF."},
    **{
        name: {"type": "string", "description": field.description or "As in the JSON body."}
        for name, field in ExtractRequest.model_fields.items()
    },
}
_TYPES = {"text": "text/plain", "markdown": "text/markdown", "hocr": "text/html"}
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

    async def _answer(self, output: str, found: Extraction) -> None:
        if output == "json":
            reply = await asyncio.to_thread(extract_reply, found)
            self.reply(reply)
            return
        if found.warnings:
            codes = dict.fromkeys(caveat.code for caveat in found.warnings)
            self.set_header("X-OCR-Warnings", ",".join(codes))
        if output == "pdf":
            self._attach("application/pdf", found.pdf or b"", "searchable.pdf")
            return
        renderer = {"text": render_text, "markdown": render_markdown, "hocr": render_hocr}[output]
        text = await asyncio.to_thread(renderer, found.pages)
        self._attach(f"{_TYPES[output]}; charset=utf-8", text.encode(), None)

    def _attach(self, content_type: str, body: bytes, filename: str | None) -> None:
        self.set_header("Content-Type", content_type)
        self.set_header("Content-Security-Policy", "default-src 'none'; sandbox")
        if filename is not None:
            self.set_header("Content-Disposition", f'attachment; filename="{filename}"')
        self.write(body)
