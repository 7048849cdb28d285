"""Executions of kind `ocr`: the text of a stored picture or scan."""

import asyncio

from dataflowtools.src.driveradapters.execution.body_handler import (
    JSON,
    BodyHandler,
    bytes_outcome,
    json_outcome,
    refuse_password,
)
from dataflowtools.src.driveradapters.ocr.models import ExtractRequest
from dataflowtools.src.driveradapters.ocr.rendered import rendered
from dataflowtools.src.logics.file.open_file import OpenFile
from dataflowtools.src.logics.ocr.extract_text import ExtractText
from executor.common.executions import Outcome
from executor.errors import InvalidParameters
from executor.ports.handler import Run


class ReadPictures(BodyHandler[ExtractRequest]):
    """The request is the JSON body of POST /api/ocr/extract; the output is its reply, or the text as bytes."""

    body = ExtractRequest

    def __init__(self, extract_text: ExtractText, open_file: OpenFile, *, inline_bytes: int) -> None:
        self._extract_text = extract_text
        self._open_file = open_file
        self._inline_bytes = inline_bytes

    def check(self, asked: ExtractRequest) -> None:
        """A stored file must be named."""
        refuse_password(asked.password, "/api/ocr/extract")
        if asked.file_id is None:
            raise InvalidParameters("Name a stored file.", pointer="/request/file_id")
        asked.as_options()

    async def work(self, asked: ExtractRequest, run: Run) -> Outcome:
        """Read page after page and tell each."""

        def tell(done: int, pages: int) -> None:
            run.progress(done / pages, f"{done} of {pages} pages read", page=done, pages=pages)

        async with (
            self._open_file(run.context.tenant_id, asked.file_id or "") as opened,
            self._extract_text.take(opened.reader.chunks()) as file,
        ):
            found = await self._extract_text(file, asked.as_options(), tell)
        run.metric("pages", len(found.pages), "pages")
        content_type, data = await asyncio.to_thread(rendered, asked.output, found)
        if content_type == JSON:
            return json_outcome(data, self._inline_bytes)
        return bytes_outcome(data, content_type)
