"""Reads documents in limited worker processes."""

import asyncio
import hashlib
import os
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, BinaryIO

from dataflowtools.src.drivenadapters.workers.families import JobResult
from dataflowtools.src.drivenadapters.workers.limited_workers import LimitedWorkers
from dataflowtools.src.errors import DocumentTooLarge, StorageFull
from dataflowtools.src.logics.file.documents.options import ReadOptions
from dataflowtools.src.logics.file.documents.ports.document_reader import (
    DocumentReader,
    RenderedDocument,
    TakenDocument,
)
from dataflowtools.src.logics.file.documents.recognised import Recognised, as_message


class WorkerDocumentReader(DocumentReader):
    """Hands open files to the workers of documents."""

    def __init__(
        self, workers: LimitedWorkers, *, timeout_s: float, memory_bytes: int, max_document_bytes: int
    ) -> None:
        self._workers = workers
        self._timeout_s = timeout_s
        self._memory_bytes = memory_bytes
        self._max_document_bytes = max_document_bytes

    @asynccontextmanager
    async def take(self, chunks: AsyncIterator[bytes]) -> AsyncIterator[TakenDocument]:
        """Copy the bytes into a file without a name."""
        file: BinaryIO = await asyncio.to_thread(tempfile.TemporaryFile)
        try:
            digest, size = hashlib.sha256(), 0
            async for chunk in chunks:
                size += len(chunk)
                if size > self._max_document_bytes:
                    raise DocumentTooLarge(f"Documents are read up to {self._max_document_bytes >> 20} MiB.")
                digest.update(chunk)
                await asyncio.to_thread(_write, file, chunk)
            await asyncio.to_thread(_write, file, b"", flush=True)
            yield TakenDocument(sha256=digest.hexdigest(), size_bytes=size, handle=file)
        finally:
            await asyncio.to_thread(file.close)

    async def read(
        self,
        document: TakenDocument,
        name: str,
        options: ReadOptions,
        *,
        password: str | None = None,
        recognised: Recognised | None = None,
    ) -> RenderedDocument:
        """Read in a worker, or in one that may start programs where the format needs it."""
        # Whoever holds the document may let go of it while others still wait for this reading.
        descriptor = os.dup(document.handle.fileno())
        arguments: dict[str, Any] = {"name": name, "options": options.as_message(), "password": password}
        arguments["recognised"] = as_message(recognised or {})
        try:
            result = await self._run("documents.parse", arguments, descriptor)
            if result.value.get("by_programs"):
                result = await self._run("programs.parse", arguments | {"by_programs": True}, descriptor)
        finally:
            os.close(descriptor)
        facts = result.value
        return RenderedDocument(
            content=result.blobs[0], metadata=facts["metadata"], warnings=facts["warnings"],
            unrecognised=facts["unrecognised"],
        )  # fmt: skip

    async def _run(self, job: str, arguments: dict[str, Any], descriptor: int) -> JobResult:
        return await self._workers.run(
            job,
            arguments,
            files=[descriptor],
            timeout_s=self._timeout_s,
            memory_bytes=self._memory_bytes,
        )


def _write(file: BinaryIO, data: bytes, *, flush: bool = False) -> None:
    try:
        file.write(data)
        if flush:
            file.flush()
    except OSError as exc:
        raise StorageFull("There is no room left for the document.") from exc
