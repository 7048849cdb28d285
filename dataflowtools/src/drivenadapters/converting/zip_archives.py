"""Zip archives: read in workers, written here."""

import asyncio
import zipfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import BinaryIO

from dataflowtools.src.drivenadapters.converting.held_documents import HeldDocuments
from dataflowtools.src.drivenadapters.converting.worker_converters import WorkerSteps
from dataflowtools.src.errors import StorageFull
from dataflowtools.src.logics.file.batch.ports.archives import Archives, Member, NewArchive
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
                await made.finish()


class _NewZip(NewArchive):
    def __init__(self, file: BinaryIO, held: HeldDocuments) -> None:
        self._file = file
        self._zip = zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED)
        self._held = held
        self._threads = held.threads
        self._names: set[str] = set()
        self._writing = asyncio.Lock()

    async def add(self, name: str, document: TakenDocument) -> str:
        """Write piece by piece; of two at once, the second waits."""
        free = self._free(name)
        self._names.add(free)
        async with self._writing:
            entry = await self._threads.run(self._zip.open, free, "w", force_zip64=True)
            try:
                async for chunk in self._held.read(document):
                    await self._threads.run(entry.write, chunk)
            except OSError as exc:
                raise StorageFull("There is no room left for the archive.") from exc
            finally:
                await self._threads.run(entry.close)
        return free

    async def finish(self) -> TakenDocument:
        """Write the directory, once."""
        await self._threads.run(self._zip.close)
        return await self._held.written(self._file)

    def _free(self, name: str) -> str:
        stem, dot, ending = name.rpartition(".")
        stem, ending = (stem, dot + ending) if dot else (name, "")
        number, free = 1, name
        while free in self._names:
            number += 1
            free = f"{stem} ({number}){ending}"
        return free
