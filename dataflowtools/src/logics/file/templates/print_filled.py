"""Filled documents as PDF, through whatever converter is here."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from dataflowtools.src.logics.file.writing.convert_bytes import ConvertBytes
from dataflowtools.src.logics.file.writing.ports.document_workshop import (
    DocumentWorkshop,
    InputFile,
    Made,
    MadeFile,
)


class PrintFilled:
    """Prints what a template was filled to: one document, or each of several into a zip."""

    def __init__(self, *, convert: ConvertBytes, workshop: DocumentWorkshop) -> None:
        self._convert = convert
        self._workshop = workshop

    @asynccontextmanager
    async def __call__(self, tenant: str, made: Made) -> AsyncIterator[MadeFile]:
        """Hold the PDF or the zip; raises EngineMissing and what converting raises."""
        if not made.facts["zipped"]:
            file = made.files[0]
            async with self._convert(tenant, file.name, file.read(), "pdf") as printed:
                yield printed
            return
        async with self._workshop.work("pack", self._each(tenant, made), {}) as packed:
            one = packed.files[0]
            yield MadeFile(name=made.facts["name"], size_bytes=one.size_bytes, read=one.read)

    async def _each(self, tenant: str, made: Made) -> AsyncIterator[InputFile]:
        for number, file in enumerate(made.files):
            async with self._convert(tenant, file.name, file.read(), "pdf") as printed:
                yield InputFile(file_id=str(number), name=printed.name, chunks=printed.read())
