"""Batches that read."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

from dataflowtools.src.logics.file.batch.ports.file_operation import FileOperation, FileResult
from dataflowtools.src.logics.file.clean_names import clean_name
from dataflowtools.src.logics.file.documents.options import ReadOptions
from dataflowtools.src.logics.file.documents.parse_document import ParseDocument
from dataflowtools.src.logics.file.documents.ports.document_reader import TakenDocument
from dataflowtools.src.logics.file.writing.ports.document_workshop import MadeFile

_ENDINGS = {"json": "json", "markdown": "md", "text": "txt", "html": "html"}


class ParseEach(FileOperation):
    """Reads a file and renders it; as JSON with its metadata and warnings, otherwise the content alone."""

    def __init__(self, parse_document: ParseDocument, options: ReadOptions) -> None:
        self._parse_document = parse_document
        self._options = options

    @asynccontextmanager
    async def apply(self, tenant: str, document: TakenDocument, name: str) -> AsyncIterator[FileResult]:
        """Read it."""
        parsed = await self._parse_document.given(tenant, document, name, self._options)
        reply = json.loads(parsed.body)
        is_text = isinstance(reply["content"], str)
        data = reply["content"].encode("utf-8", errors="replace") if is_text else parsed.body
        made = f"{clean_name(name)}.{_ENDINGS[self._options.format]}"
        file = MadeFile(name=made, size_bytes=len(data), read=partial(_once, data))
        yield FileResult(files=[file], warnings=reply["warnings"])


async def _once(data: bytes) -> AsyncIterator[bytes]:
    yield data
