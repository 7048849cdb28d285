"""Reads documents in limited worker processes."""

import asyncio
import hashlib
import json
import os
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any, BinaryIO

from dataflowtools.src.drivenadapters.documents.modern_office import ModernOffice
from dataflowtools.src.drivenadapters.workers.families import JobResult
from dataflowtools.src.drivenadapters.workers.limited_workers import LimitedWorkers
from dataflowtools.src.errors import (
    CorruptFile,
    DocumentTooLarge,
    EngineMissing,
    StorageFull,
    WorkerCrashed,
)
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
        self,
        workers: LimitedWorkers,
        *,
        timeout_s: float,
        memory_bytes: int,
        max_document_bytes: int,
        modern_office: ModernOffice,
    ) -> None:
        self._workers = workers
        self._modern_office = modern_office
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
        """Read in a worker, or by way of other programs where the format needs them."""
        arguments: dict[str, Any] = {"name": name, "options": options.as_message(), "password": password}
        arguments["recognised"] = as_message(recognised or {})
        # Whoever holds the document may let go of it while others still wait for this reading.
        with os.fdopen(os.dup(document.handle.fileno()), "rb", buffering=0) as handle:
            facts, content = await self._parse(replace(document, handle=handle), arguments)
        return RenderedDocument(
            content=content, metadata=facts["metadata"], warnings=facts["warnings"],
            unrecognised=facts["unrecognised"],
        )  # fmt: skip

    async def _parse(
        self, document: TakenDocument, arguments: dict[str, Any]
    ) -> tuple[dict[str, Any], bytes]:
        try:
            result = await self._run("documents.parse", arguments, document)
        except CorruptFile:
            if not _is_old_workbook(document, arguments["name"]) or self._modern_office.missing("xls"):
                raise
            return await self._salvage(document, arguments)
        found = result.value.get("by_programs")
        if found:
            return await self._parse_by_programs(document, found, arguments)
        return result.value, result.blobs[0]

    async def _salvage(
        self, document: TakenDocument, arguments: dict[str, Any]
    ) -> tuple[dict[str, Any], bytes]:
        """Read a damaged workbook as far as LibreOffice does; CorruptFile when no cell is left."""
        looking = arguments | {"options": {**arguments["options"], "format": "json"}}
        _, content = await self._parse_rewritten(document, "xls", looking)
        if not any(block["type"] == "table" for block in json.loads(content)["blocks"]):
            raise CorruptFile("The workbook is broken, and no cell of it can be read.")
        return await self._parse_rewritten(document, "xls", arguments)

    async def _parse_by_programs(
        self, document: TakenDocument, found: str, arguments: dict[str, Any]
    ) -> tuple[dict[str, Any], bytes]:
        """Read by way of LibreOffice; a doc also by a small program where that is missing or fails."""
        missing = self._modern_office.missing(found)
        if missing and found != "doc":
            raise EngineMissing(f"Reading {found} files needs {missing}, which is not installed here.")
        if not missing:
            try:
                return await self._parse_rewritten(document, found, arguments)
            except (CorruptFile, WorkerCrashed):
                if found != "doc":
                    raise
        result = await self._run("programs.parse", arguments | {"by_programs": True}, document)
        return result.value, result.blobs[0]

    async def _parse_rewritten(
        self, document: TakenDocument, found: str, arguments: dict[str, Any]
    ) -> tuple[dict[str, Any], bytes]:
        rewriting = self._modern_office.rewritten(document, arguments["name"], found, arguments["password"])
        async with rewriting as (modern, name):
            result = await self._run("documents.parse", arguments | {"name": name}, modern)
        facts: dict[str, Any] = result.value
        message = (
            f"This {found} file was rewritten by LibreOffice and read from there; some layout may differ."
        )
        facts["metadata"]["format"] = found
        facts["warnings"].insert(0, {"code": "read_through_libreoffice", "message": message})
        return facts, result.blobs[0]

    async def _run(self, job: str, arguments: dict[str, Any], document: TakenDocument) -> JobResult:
        return await self._workers.run(
            job,
            arguments,
            files=[document.handle.fileno()],
            timeout_s=self._timeout_s,
            memory_bytes=self._memory_bytes,
        )


def _is_old_workbook(document: TakenDocument, name: str) -> bool:
    return (
        name.lower().endswith((".xls", ".xlt")) and os.pread(document.handle.fileno(), 4, 0) != b"PK\x03\x04"
    )


def _write(file: BinaryIO, data: bytes, *, flush: bool = False) -> None:
    try:
        file.write(data)
        if flush:
            file.flush()
    except OSError as exc:
        raise StorageFull("There is no room left for the document.") from exc
