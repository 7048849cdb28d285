"""Filled documents as PDF, through whatever converter is here."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial

from dataflowtools.src.logics.file.converting.convert_file import ConvertFile
from dataflowtools.src.logics.file.converting.options import ConvertOptions
from dataflowtools.src.logics.file.documents.ports.document_reader import TakenDocument
from dataflowtools.src.logics.file.writing.ports.document_workshop import (
    DocumentWorkshop,
    InputFile,
    Made,
    MadeFile,
)


class PrintFilled:
    """Prints what a template was filled to: one document, or each of several into a zip."""

    def __init__(
        self,
        *,
        convert_file: ConvertFile,
        read: Callable[[TakenDocument], AsyncIterator[bytes]],
        workshop: DocumentWorkshop,
    ) -> None:
        self._convert_file = convert_file
        self._read = read
        self._workshop = workshop

    @asynccontextmanager
    async def __call__(self, tenant: str, made: Made) -> AsyncIterator[MadeFile]:
        """Hold the PDF or the zip; raises EngineMissing and what converting raises."""
        if not made.facts["zipped"]:
            async with self._printed(tenant, made.files[0]) as (name, document):
                yield MadeFile(name=name, size_bytes=document.size_bytes, read=partial(self._read, document))
            return
        async with self._workshop.work("pack", self._each(tenant, made), {}) as packed:
            one = packed.files[0]
            yield MadeFile(name=made.facts["name"], size_bytes=one.size_bytes, read=one.read)

    async def _each(self, tenant: str, made: Made) -> AsyncIterator[InputFile]:
        for number, file in enumerate(made.files):
            async with self._printed(tenant, file) as (name, document):
                yield InputFile(file_id=str(number), name=name, chunks=self._read(document))

    @asynccontextmanager
    async def _printed(self, tenant: str, file: MadeFile) -> AsyncIterator[tuple[str, TakenDocument]]:
        async with (
            self._convert_file.take(file.read()) as source,
            self._convert_file.converted(tenant, source, file.name, "pdf", ConvertOptions()) as printed,
        ):
            yield printed.name, printed.document
