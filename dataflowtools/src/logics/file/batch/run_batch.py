"""Apply an operation to many files; one that fails spoils no other."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

from dataflowtools.src.common.stored_file import IncomingFile, Owner
from dataflowtools.src.errors import (
    DatabaseUnavailable,
    DataflowError,
    DocumentTooLarge,
    StorageFull,
    StoreUnavailable,
    WorkerLost,
    WorkersBusy,
)
from dataflowtools.src.logics.file.batch.ports.archives import Archives, Member, NewArchive
from dataflowtools.src.logics.file.batch.ports.file_operation import FileOperation
from dataflowtools.src.logics.file.documents.ports.document_reader import TakenDocument
from dataflowtools.src.logics.file.open_file import OpenFile
from dataflowtools.src.logics.file.upload_files import UploadFiles

_OF_THE_WHOLE = (StoreUnavailable, DatabaseUnavailable, StorageFull)
_PASSING = (WorkerLost, WorkersBusy)
Item = dict[str, Any]
Tell = Callable[[int, int, Item], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchSources:
    """Stored files by id, or one stored zip with all of them."""

    file_ids: Sequence[str] = ()
    zip_file_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchReport:
    """The outcome of each file in the order given, and the stored zip of what they gave."""

    items: Sequence[Item]
    file_id: str | None
    name: str | None

    @property
    def failed(self) -> int:
        """How many files failed."""
        return sum(item["status"] == "failed" for item in self.items)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Source:
    """One file of the batch, and how to come by it."""

    about: Mapping[str, Any]
    open: Callable[[], AbstractAsyncContextManager[tuple[str, TakenDocument]]]


class RunBatch:
    """Works through the files, a few at once; nothing is stored before the end."""

    def __init__(
        self,
        *,
        open_file: OpenFile,
        upload_files: UploadFiles,
        take: Callable[[AsyncIterator[bytes]], AbstractAsyncContextManager[TakenDocument]],
        read: Callable[[TakenDocument], AsyncIterator[bytes]],
        archives: Archives,
        at_once: int,
        max_files: int,
    ) -> None:
        self._open_file = open_file
        self._upload_files = upload_files
        self._take = take
        self._read = read
        self._archives = archives
        self._at_once = at_once
        self._max_files = max_files

    def check(self, sources: BatchSources) -> None:
        """Raise DocumentTooLarge for more files than a batch takes, as far as that is known before it runs."""
        if len(sources.file_ids) > self._max_files:
            raise DocumentTooLarge(
                f"{len(sources.file_ids)} files; a batch takes {self._max_files}.", field="/file_ids"
            )

    async def __call__(
        self, owner: Owner, operation: FileOperation, sources: BatchSources, *, name: str, tell: Tell
    ) -> BatchReport:
        """Do it with every file and tell each outcome as it comes.

        Raises FileNotFound and the errors of archives for a zip that cannot be read, and what stops everything:
        StoreUnavailable, DatabaseUnavailable, StorageFull or QuotaExceeded. Cancelling ends what is under way.
        """
        async with AsyncExitStack() as held:
            files = await self._sources(owner, sources, held)
            archive = await held.enter_async_context(self._archives.create())
            items = await self._work(owner, operation, files, archive, tell)
            if all(item["status"] == "failed" for item in items):
                return BatchReport(items=items, file_id=None, name=None)
            summary = json.dumps({"items": items}, ensure_ascii=False, indent=1).encode("utf-8", "replace")
            await archive.add("report.json", await held.enter_async_context(self._take(_once(summary))))
            finished = await archive.finish()
            incoming = IncomingFile(name=name, chunks=self._read(finished))
            stored = await self._upload_files(owner, _one(incoming))
            return BatchReport(items=items, file_id=stored[0].file_id, name=stored[0].name)

    async def _work(
        self,
        owner: Owner,
        operation: FileOperation,
        files: Sequence[_Source],
        archive: NewArchive,
        tell: Tell,
    ) -> list[Item]:
        room, items, done = asyncio.Semaphore(self._at_once), [dict[str, Any]() for _ in files], 0

        async def one(place: int, source: _Source) -> None:
            nonlocal done
            async with room:
                items[place] = await self._outcome(owner, operation, source, archive)
            done += 1
            tell(done, len(files), items[place])

        try:
            async with asyncio.TaskGroup() as tasks:
                for place, source in enumerate(files):
                    tasks.create_task(one(place, source))
        except ExceptionGroup as several:
            raise several.exceptions[0] from several
        return items

    async def _outcome(
        self, owner: Owner, operation: FileOperation, source: _Source, archive: NewArchive
    ) -> Item:
        try:
            try:
                return await self._apply(owner, operation, source, archive)
            except _PASSING:  # killed from outside, or no room for a while: that says nothing of the file
                return await self._apply(owner, operation, source, archive)
        except _OF_THE_WHOLE:
            raise
        except DataflowError as error:
            fault = {"code": error.code, "message": error.message}
            return {**source.about, "status": "failed", "error": fault}

    async def _apply(
        self, owner: Owner, operation: FileOperation, source: _Source, archive: NewArchive
    ) -> Item:
        async with source.open() as (name, document), operation.apply(owner.tenant, document, name) as made:
            output = await archive.add(made.name, made.document)
            about = {**source.about, "name": name, "status": "succeeded", "output": output}
            return {**about, "warnings": [dict(one) for one in made.warnings], **made.facts}

    async def _sources(self, owner: Owner, sources: BatchSources, held: AsyncExitStack) -> list[_Source]:
        if sources.zip_file_id is None:
            return [self._stored(owner, file_id) for file_id in sources.file_ids]
        opened = await held.enter_async_context(self._open_file(owner.tenant, sources.zip_file_id))
        archive = await held.enter_async_context(self._take(opened.reader.chunks()))
        members = await self._archives.members(archive)
        if len(members) > self._max_files:
            raise DocumentTooLarge(f"The zip holds {len(members)} files; a batch takes {self._max_files}.")
        return [self._member(archive, member) for member in members]

    def _stored(self, owner: Owner, file_id: str) -> _Source:
        @asynccontextmanager
        async def opening() -> AsyncIterator[tuple[str, TakenDocument]]:
            async with (
                self._open_file(owner.tenant, file_id) as opened,
                self._take(opened.reader.chunks()) as document,
            ):
                yield opened.file.name, document

        return _Source(about={"file_id": file_id}, open=opening)

    def _member(self, archive: TakenDocument, member: Member) -> _Source:
        @asynccontextmanager
        async def opening() -> AsyncIterator[tuple[str, TakenDocument]]:
            async with self._archives.extract(archive, member) as document:
                yield member.name, document

        return _Source(about={"path": member.name}, open=opening)


async def _once(data: bytes) -> AsyncIterator[bytes]:
    yield data


async def _one(incoming: IncomingFile) -> AsyncIterator[IncomingFile]:
    yield incoming
