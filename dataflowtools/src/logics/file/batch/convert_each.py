"""Batches that convert."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial

from dataflowtools.src.logics.file.batch.ports.file_operation import FileOperation, FileResult
from dataflowtools.src.logics.file.converting.convert_file import ConvertFile
from dataflowtools.src.logics.file.converting.options import ConvertOptions
from dataflowtools.src.logics.file.documents.ports.document_reader import TakenDocument
from dataflowtools.src.logics.file.writing.ports.document_workshop import MadeFile


class ConvertEach(FileOperation):
    """Converts a file to the format chosen."""

    def __init__(
        self,
        convert_file: ConvertFile,
        read: Callable[[TakenDocument], AsyncIterator[bytes]],
        to: str,
        options: ConvertOptions,
    ) -> None:
        self._convert_file = convert_file
        self._read = read
        self._to = to
        self._options = options

    @asynccontextmanager
    async def apply(self, tenant: str, document: TakenDocument, name: str) -> AsyncIterator[FileResult]:
        """Convert it."""
        converting = self._convert_file.converted(tenant, document, name, self._to, self._options)
        async with converting as made:
            route = [{"from": hop.source, "to": hop.target, "by": hop.converter} for hop in made.route.hops]
            read = partial(self._read, made.document)
            file = MadeFile(name=made.name, size_bytes=made.document.size_bytes, read=read)
            facts = {"route": route, "losses": made.route.losses}
            yield FileResult(files=[file], warnings=made.warnings, facts=facts)
