"""Documents between two steps: held in files without a name, in a folder of ours."""

import hashlib
import os
import tempfile
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path
from typing import BinaryIO

from dataflowtools.src.drivenadapters.stores.blocks import blocks_of
from dataflowtools.src.errors import StorageFull
from dataflowtools.src.logics.file.documents.ports.document_reader import TakenDocument
from rowkit.threads import BoundedThreads

_BLOCK_BYTES = 1 << 20


class HeldDocuments:
    """Makes, fills and reads such files."""

    def __init__(self, folder: Path, *, threads: int = 4) -> None:
        self._folder = folder
        self.threads = BoundedThreads(threads, name="held")

    def close(self) -> None:
        """End the threads."""
        self.threads.close()

    @asynccontextmanager
    async def room(self) -> AsyncIterator[BinaryIO]:
        """Open a file to write to, until the context ends; one that comes too late for a cancelled caller is closed."""
        opened = ExitStack()
        try:
            yield await self.threads.run(lambda: opened.enter_context(self._open()))
        finally:
            await self.threads.run(opened.close)

    def _open(self) -> BinaryIO:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return tempfile.TemporaryFile(dir=self._folder, buffering=0)

    @asynccontextmanager
    async def hold(self, data: bytes) -> AsyncIterator[TakenDocument]:
        """Hold bytes that are at hand."""
        async with self.room() as file:
            await self.threads.run(_write, file, data)
            yield await self.written(file)

    @asynccontextmanager
    async def take(self, chunks: AsyncIterator[bytes]) -> AsyncIterator[TakenDocument]:
        """Hold bytes as they come."""
        async with self.room() as file:
            async for block in blocks_of(chunks, _BLOCK_BYTES):
                await self.threads.run(_write, file, block)
            yield await self.written(file)

    async def written(self, file: BinaryIO) -> TakenDocument:
        """Describe what was written to a file."""
        return await self.threads.run(_described, file)

    async def read(self, document: TakenDocument) -> AsyncIterator[bytes]:
        """Yield the bytes of a held document."""
        place = 0
        while chunk := await self.threads.run(
            os.pread, document.handle.fileno(), _BLOCK_BYTES, place
        ):  # without moving the offset that others share
            place += len(chunk)
            yield chunk


def _described(file: BinaryIO) -> TakenDocument:
    file.seek(0)
    digest = hashlib.sha256()
    while chunk := file.read(_BLOCK_BYTES):
        digest.update(chunk)
    size_bytes = os.fstat(file.fileno()).st_size
    return TakenDocument(sha256=digest.hexdigest(), size_bytes=size_bytes, handle=file)


def _write(file: BinaryIO, data: bytes) -> None:
    rest = memoryview(data)
    try:
        while rest:
            rest = rest[file.write(rest) :]
    except OSError as exc:
        raise StorageFull("There is no room left to convert the document.") from exc
