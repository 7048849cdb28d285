"""Documents on their way through a converter, where the format asked for is not one that we write ourselves."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from functools import partial

from dataflowtools.src.logics.file.converting.convert_file import ConvertFile
from dataflowtools.src.logics.file.converting.options import ConvertOptions
from dataflowtools.src.logics.file.documents.ports.document_reader import TakenDocument
from dataflowtools.src.logics.file.writing.ports.document_workshop import MadeFile

# Formats that are written and changed by way of one that we write ourselves.
BY_WAY_OF: Mapping[str, str] = {"doc": "docx", "odt": "docx", "rtf": "docx", "xls": "xlsx", "ods": "xlsx"}


class ConvertBytes:
    """Converts what is not stored; raises EngineMissing and what converting raises."""

    def __init__(
        self, *, convert_file: ConvertFile, read: Callable[[TakenDocument], AsyncIterator[bytes]]
    ) -> None:
        self._convert_file = convert_file
        self._read = read

    @asynccontextmanager
    async def __call__(
        self, tenant: str, name: str, chunks: AsyncIterator[bytes], to: str
    ) -> AsyncIterator[MadeFile]:
        """Hold the document in its new format."""
        async with (
            self._convert_file.take(chunks) as source,
            self._convert_file.converted(tenant, source, name, to, ConvertOptions()) as made,
        ):
            read = partial(self._read, made.document)
            yield MadeFile(name=made.name, size_bytes=made.document.size_bytes, read=read)
