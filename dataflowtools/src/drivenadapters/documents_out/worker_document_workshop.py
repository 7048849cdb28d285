"""The adapter that hands documents to limited workers, as open files."""

import asyncio
import os
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, BinaryIO

from dataflowtools.src.drivenadapters.stores.blocks import blocks_of
from dataflowtools.src.drivenadapters.workers.limited_workers import LimitedWorkers
from dataflowtools.src.errors import DocumentTooLarge, StorageFull
from dataflowtools.src.logics.file.writing.ports.document_workshop import (
    DocumentWorkshop,
    InputFile,
    Made,
    MadeFile,
    Progress,
    Task,
)

_PIECE_BYTES = 1 << 20


class WorkerDocumentWorkshop(DocumentWorkshop):
    """Spools what comes in to one unnamed file, and has the worker write to another."""

    def __init__(
        self, workers: LimitedWorkers, *, folder: Path, timeout_s: float, memory_bytes: int, max_bytes: int
    ) -> None:
        self._workers = workers
        self._folder = folder
        self._timeout_s = timeout_s
        self._memory_bytes = memory_bytes
        self._max_bytes = max_bytes

    @asynccontextmanager
    async def work(
        self,
        task: Task,
        inputs: AsyncIterator[InputFile],
        request: Mapping[str, Any],
        on_progress: Progress | None = None,
    ) -> AsyncIterator[Made]:
        async with _unnamed(self._folder) as spool, _unnamed(self._folder) as output:
            listed = await self._gather(inputs, spool)
            result = await self._workers.run(
                f"writing.{task}",
                {"inputs": listed, "request": dict(request)},
                files=[spool.fileno(), output.fileno()],
                timeout_s=self._timeout_s,
                memory_bytes=self._memory_bytes,
                on_progress=on_progress,
            )
            yield Made(facts=result.value, files=_made(result.value.pop("files", None), output))

    async def _gather(self, inputs: AsyncIterator[InputFile], spool: BinaryIO) -> list[dict[str, Any]]:
        listed: list[dict[str, Any]] = []
        end = 0
        async for one in inputs:
            start = end
            async for block in blocks_of(one.chunks, _PIECE_BYTES):
                end += len(block)
                if end > self._max_bytes:
                    raise DocumentTooLarge(f"The files of one request may have {self._max_bytes >> 20} MiB.")
                await asyncio.to_thread(_write, spool, block)
            listed.append({"file_id": one.file_id, "name": one.name, "start": start, "length": end - start})
        return listed


def _made(listed: list[dict[str, Any]] | None, output: BinaryIO) -> list[MadeFile]:
    """List what was written: one file, which may be empty, unless the worker says where several begin and end."""
    size = os.fstat(output.fileno()).st_size
    found = listed if listed is not None else [{"name": "", "start": 0, "length": size}]
    return [_file(one, output) for one in found]


def _file(one: Mapping[str, Any], output: BinaryIO) -> MadeFile:
    start, length = int(one["start"]), int(one["length"])

    async def read() -> AsyncIterator[bytes]:
        for place in range(start, start + length, _PIECE_BYTES):
            wanted = min(_PIECE_BYTES, start + length - place)
            yield await asyncio.to_thread(os.pread, output.fileno(), wanted, place)

    return MadeFile(name=str(one["name"]), size_bytes=length, read=read)


@asynccontextmanager
async def _unnamed(folder: Path) -> AsyncIterator[BinaryIO]:
    """Open a file without a name; one that comes too late for a cancelled caller is closed all the same."""
    opening = asyncio.create_task(asyncio.to_thread(_open, folder))
    try:
        yield await asyncio.shield(opening)
    finally:
        (await opening).close()


def _open(folder: Path) -> BinaryIO:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return tempfile.TemporaryFile(dir=folder, buffering=0)  # raw, so that the worker sees all


def _write(spool: BinaryIO, block: bytes) -> None:
    rest = memoryview(block)
    try:
        while rest:
            rest = rest[spool.write(rest) :]
    except OSError as exc:
        raise StorageFull("There is no room left to work on the document.") from exc
