"""The adapter that hands tables to limited workers, as open files."""

import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any, BinaryIO

from dataflowtools.src.drivenadapters.stores.blocks import blocks_of
from dataflowtools.src.drivenadapters.workers.limited_workers import LimitedWorkers
from dataflowtools.src.errors import StorageFull
from dataflowtools.src.logics.data_analysis.limits import AnalysisLimits
from dataflowtools.src.logics.data_analysis.ports.table_engine import Computed, HeldTable, TableEngine, Task
from rowkit.threads import BoundedThreads

_PIECE_BYTES = 1 << 20
_BLOCK_BYTES = 4 << 20


class WorkerTableEngine(TableEngine):
    """Spools tables to unnamed files and gives workers their descriptors."""

    def __init__(
        self, workers: LimitedWorkers, *, limits: AnalysisLimits, folder: Path | None = None, threads: int = 4
    ) -> None:
        self._workers = workers
        self._limits = limits
        self._folder = folder
        self._threads = BoundedThreads(threads, name="tables")

    def close(self) -> None:
        """End the threads."""
        self._threads.close()

    @asynccontextmanager
    async def hold(
        self, name: str, file_name: str, read: Mapping[str, Any], chunks: AsyncIterator[bytes]
    ) -> AsyncIterator[HeldTable]:
        spool = await self._spool()
        try:
            async for block in blocks_of(chunks, _BLOCK_BYTES):
                await self._write(spool, block)
            yield HeldTable(name=name, file_name=file_name, read=read, handle=spool)
        finally:
            spool.close()

    async def _spool(self) -> BinaryIO:
        return await self._threads.run(_unnamed, self._folder)

    async def _write(self, spool: BinaryIO, chunk: bytes) -> None:
        try:
            await self._threads.run(_write_all, spool, chunk)
        except OSError as exc:
            raise StorageFull("There is no room left to work on the table.") from exc

    @asynccontextmanager
    async def compute(
        self, task: Task, tables: Sequence[HeldTable], request: Mapping[str, Any]
    ) -> AsyncIterator[Computed]:
        if task == "draw":
            yield await self._draw(request)
            return
        output = await self._spool()
        try:
            yield await self._run(task, tables, request, output)
        finally:
            output.close()

    async def _run(
        self, task: Task, tables: Sequence[HeldTable], request: Mapping[str, Any], output: BinaryIO
    ) -> Computed:
        message = {
            "tables": [
                {"name": table.name, "file_name": table.file_name, "read": dict(table.read)}
                for table in tables
            ],
            "request": dict(request),
            "limits": asdict(self._limits),
        }
        result = await self._workers.run(
            f"analysis.{task}",
            message,
            files=[*(table.handle.fileno() for table in tables), output.fileno()],
            timeout_s=self._limits.timeout_s,
            memory_bytes=self._limits.memory_bytes,
        )
        size_bytes = await self._threads.run(output.seek, 0, 2)
        return Computed(
            facts=result.value,
            parts=result.blobs,
            output=self._read(output) if size_bytes else None,
            output_bytes=size_bytes,
        )

    async def _draw(self, request: Mapping[str, Any]) -> Computed:
        result = await self._workers.run(
            "charts.draw",
            request,
            timeout_s=self._limits.timeout_s,
            memory_bytes=self._limits.memory_bytes // 4,
        )
        return Computed(facts=result.value, parts=result.blobs)

    async def _read(self, output: BinaryIO) -> AsyncIterator[bytes]:
        await self._threads.run(output.seek, 0)
        while chunk := await self._threads.run(output.read, _PIECE_BYTES):
            yield chunk


def _unnamed(folder: Path | None) -> BinaryIO:
    if folder is not None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return tempfile.TemporaryFile(dir=folder, buffering=0)


def _write_all(spool: BinaryIO, chunk: bytes) -> None:
    rest = memoryview(chunk)
    while rest:
        rest = rest[spool.write(rest) :]
