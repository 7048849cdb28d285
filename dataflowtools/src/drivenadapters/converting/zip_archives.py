"""Zip archives: read in workers, written here."""

import asyncio
import zipfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import BinaryIO

from dataflowtools.src.drivenadapters.converting.held_documents import HeldDocuments
from dataflowtools.src.drivenadapters.converting.worker_converters import WorkerSteps
from dataflowtools.src.errors import StorageFull
from dataflowtools.src.logics.file.batch.ports.archives import REPORT, Archives, Member, NewArchive
from dataflowtools.src.logics.file.documents.ports.document_reader import TakenDocument


class ZipArchives(Archives):
    """Zips."""

    def __init__(self, steps: WorkerSteps, held: HeldDocuments) -> None:
        self._steps = steps
        self._held = held

    async def members(self, archive: TakenDocument) -> Sequence[Member]:
        """Have a worker list them."""
        async with self._steps.run("documents.members", archive, {}) as (found, _):
            return [Member(**one) for one in found["members"]]

    @asynccontextmanager
    async def extract(self, archive: TakenDocument, member: Member) -> AsyncIterator[TakenDocument]:
        """Have a worker unpack it."""
        async with self._steps.run("documents.extract", archive, {"index": member.index}) as (_, made):
            yield made

    @asynccontextmanager
    async def create(self) -> AsyncIterator[NewArchive]:
        """Write to a file without a name."""
        async with self._held.room() as file:
            made = _NewZip(file, self._held)
            try:
                yield made
            finally:
                await made.close()

    async def report_of(self, archive: TakenDocument) -> bytes:
        """Read what we wrote ourselves: that needs no worker."""
        return await self._held.threads.run(_report, archive.handle)


class _NewZip(NewArchive):
    def __init__(self, file: BinaryIO, held: HeldDocuments) -> None:
        self._file = file
        self._zip = zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED)
        self._held = held
        self._threads = held.threads
        self._names = {REPORT}
        self._writing = asyncio.Lock()

    async def add(self, name: str, chunks: AsyncIterator[bytes]) -> str:
        """Write piece by piece; of two at once, the second waits."""
        free = self._free(name)
        self._names.add(free.casefold())
        async with self._writing:
            await self._write(free, chunks)
        return free

    async def finish(self, report: bytes) -> TakenDocument:
        """Write the report and the directory."""
        await self._write(REPORT, _once(report))
        await self.close()
        return await self._held.written(self._file)

    async def close(self) -> None:
        """Write the directory, once."""
        await self._threads.run(self._zip.close)

    async def _write(self, name: str, chunks: AsyncIterator[bytes]) -> None:
        entry = await self._threads.run(self._zip.open, name, "w", force_zip64=True)
        try:
            async for chunk in chunks:
                await self._threads.run(entry.write, chunk)
        except OSError as exc:
            raise StorageFull("There is no room left for the archive.") from exc
        finally:
            await self._threads.run(entry.close)

    def _free(self, name: str) -> str:
        """Number a name that is taken, in whatever case: some systems cannot tell such names apart."""
        stem, dot, ending = name.rpartition(".")
        stem, ending = (stem, dot + ending) if dot else (name, "")
        number, free = 1, name
        while free.casefold() in self._names:
            number += 1
            free = f"{stem} ({number}){ending}"
        return free


def _report(file: BinaryIO) -> bytes:
    with zipfile.ZipFile(file) as archive:
        return archive.read(REPORT)


async def _once(data: bytes) -> AsyncIterator[bytes]:
    yield data
