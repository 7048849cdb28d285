"""Files held for a while in a folder of ours, without a name."""

import asyncio
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from errno import EDQUOT, ENOSPC
from pathlib import Path
from typing import BinaryIO

from dataflowtools.src.errors import EmptyFile, FileTooLarge, StorageFull
from dataflowtools.src.logics.ocr.ports.page_source import HeldFile

_SPOOL_BYTES = 1 << 20


class HeldFiles:
    """Writes what arrives to an unlinked file; bounded in size."""

    def __init__(self, folder: Path, *, max_bytes: int) -> None:
        self._folder = folder
        self._max_bytes = max_bytes

    @asynccontextmanager
    async def take(self, chunks: AsyncIterator[bytes]) -> AsyncIterator[HeldFile]:
        """Hold the bytes until the context ends; raises FileTooLarge, EmptyFile or StorageFull."""
        with await asyncio.to_thread(self._open) as file:
            size_bytes = await self._fill(file, chunks)
            if not size_bytes:
                raise EmptyFile("The file holds no byte.", field="/file")
            yield HeldFile(file.fileno(), size_bytes)

    def _open(self) -> BinaryIO:
        self._folder.mkdir(parents=True, exist_ok=True)
        return tempfile.TemporaryFile(dir=self._folder)

    async def _fill(self, file: BinaryIO, chunks: AsyncIterator[bytes]) -> int:
        size_bytes, waiting = 0, bytearray()
        async for chunk in chunks:
            size_bytes += len(chunk)
            if size_bytes > self._max_bytes:
                raise FileTooLarge(f"A file to be read may have {self._max_bytes} bytes.", field="/file")
            waiting += chunk
            if len(waiting) >= _SPOOL_BYTES:
                await asyncio.to_thread(_write, file, bytes(waiting))
                waiting.clear()
        await asyncio.to_thread(_write, file, bytes(waiting))
        return size_bytes


def _write(file: BinaryIO, data: bytes) -> None:
    try:
        file.write(data)
        file.flush()
    except OSError as exc:
        if exc.errno in {ENOSPC, EDQUOT}:
            raise StorageFull("There is no room left for the file.") from exc
        raise
