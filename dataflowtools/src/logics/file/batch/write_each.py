"""Batches that write: what every file holds, as a document of one format and one look."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from dataflowtools.src.errors import DocumentTooLarge
from dataflowtools.src.logics.file.batch.ports.file_operation import FileOperation, FileResult
from dataflowtools.src.logics.file.clean_names import extension_of, stem_of
from dataflowtools.src.logics.file.documents.options import ReadOptions
from dataflowtools.src.logics.file.documents.parse_document import ParseDocument
from dataflowtools.src.logics.file.documents.ports.document_reader import TakenDocument
from dataflowtools.src.logics.file.writing.order import order_of_file
from dataflowtools.src.logics.file.writing.write_document import WriteDocument

Read = Callable[[TakenDocument], AsyncIterator[bytes]]
Warnings = Sequence[Mapping[str, Any]]


class WriteEach(FileOperation):
    """Writes documents; what a file says of its own look goes before what was chosen for all."""

    def __init__(
        self,
        write_document: WriteDocument,
        parse_document: ParseDocument,
        read: Read,
        order: Mapping[str, Any],
        *,
        max_bytes: int,
    ) -> None:
        self._write_document = write_document
        self._parse_document = parse_document
        self._read = read
        self._order = order
        self._max_bytes = max_bytes

    async def verify(self, tenant: str) -> None:
        """Write an empty document as was chosen: pictures of a header are looked at by those who write them."""
        await self._write_document.try_out(tenant, self._order)

    @asynccontextmanager
    async def apply(self, tenant: str, document: TakenDocument, name: str) -> AsyncIterator[FileResult]:
        """Write it."""
        said, warnings = await self._said(tenant, document, name)
        order = {"name": stem_of(name), **self._order, **said, "to": self._order["to"]}
        async with self._write_document.made(tenant, order) as made:
            yield FileResult(files=[made.file], warnings=[*warnings, *made.warnings])

    async def _said(
        self, tenant: str, document: TakenDocument, name: str
    ) -> tuple[Mapping[str, Any], Warnings]:
        """JSON says what a request says; of every other file, what reading it gives is the content."""
        if extension_of(name) == "json":
            return await self._json(document), ()
        parsed = await self._parse_document.given(tenant, document, name, ReadOptions())
        reply = json.loads(parsed.body)
        return {"content": {"blocks": reply["content"]["blocks"]}}, reply["warnings"]

    async def _json(self, document: TakenDocument) -> Mapping[str, Any]:
        if document.size_bytes > self._max_bytes:
            raise DocumentTooLarge(f"Documents in JSON are read up to {self._max_bytes >> 20} MiB.")
        text = b"".join([chunk async for chunk in self._read(document)])
        return await asyncio.to_thread(order_of_file, text)
