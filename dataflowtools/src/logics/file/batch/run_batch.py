"""Apply an operation to many files; one that fails spoils no other."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from typing import Any

from dataflowtools.src.common.stored_file import Owner
from dataflowtools.src.errors import (
    DatabaseUnavailable,
    DataflowError,
    StorageFull,
    StoreUnavailable,
    WorkerLost,
    WorkersBusy,
)
from dataflowtools.src.logics.file.batch.ports.archives import NewArchive
from dataflowtools.src.logics.file.batch.ports.file_operation import FileOperation, StoredFileOperation
from dataflowtools.src.logics.file.batch.results import BatchReport, BatchResults, BatchTarget, Item
from dataflowtools.src.logics.file.batch.sources import BatchSources, OpenSources, Source
from dataflowtools.src.logics.file.clean_names import clean_name

_OF_THE_WHOLE = (StoreUnavailable, DatabaseUnavailable, StorageFull)
_PASSING = (WorkerLost, WorkersBusy)
_MAX_FAULTS = 50
Operation = FileOperation | StoredFileOperation
Tell = Callable[[int, int, Item], None]


class RunBatch:
    """Works through the files, a few at once; what is made of them is stored at the end or not at all."""

    def __init__(self, *, sources: OpenSources, results: BatchResults, at_once: int) -> None:
        self._sources = sources
        self._results = results
        self._at_once = at_once

    def check(self, sources: BatchSources) -> None:
        """Raise DocumentTooLarge for more files than a batch takes, as far as that is known before it runs."""
        self._sources.check(sources)

    async def __call__(
        self, owner: Owner, operation: Operation, sources: BatchSources, *, target: BatchTarget, tell: Tell
    ) -> BatchReport:
        """Do it with every file and tell each outcome as it comes.

        Raises FileNotFound and the errors of archives for a zip that cannot be read, and what stops everything:
        StoreUnavailable, DatabaseUnavailable, StorageFull or QuotaExceeded. Cancelling ends what is under way;
        stored files that were changed by then stay changed.
        """
        earlier = await self._results.earlier(owner.tenant, target)
        if earlier is not None:
            return earlier
        async with AsyncExitStack() as held:
            files = await self._sources(owner.tenant, sources, held)
            archive = await held.enter_async_context(self._results.create())
            items = await self._work(owner, operation, files, archive, tell)
            nothing_made = isinstance(operation, StoredFileOperation)
            if nothing_made or all(item["status"] == "failed" for item in items):
                return BatchReport(items=items, file_id=None, name=None)
            return await self._results.keep(owner, archive, items, target)

    async def _work(
        self, owner: Owner, operation: Operation, files: Sequence[Source], archive: NewArchive, tell: Tell
    ) -> list[Item]:
        room, items, done = asyncio.Semaphore(self._at_once), [dict[str, Any]() for _ in files], 0

        async def one(place: int, source: Source) -> None:
            nonlocal done
            async with room:
                items[place] = await _outcome(owner, operation, source, archive)
            done += 1
            tell(done, len(files), items[place])

        try:
            async with asyncio.TaskGroup() as tasks:
                for place, source in enumerate(files):
                    tasks.create_task(one(place, source))
        except ExceptionGroup as several:
            raise several.exceptions[0] from several
        return items


async def _outcome(owner: Owner, operation: Operation, source: Source, archive: NewArchive) -> Item:
    try:
        try:
            return await _applied(owner, operation, source, archive)
        except _PASSING:  # killed from outside, or no room for a while: that says nothing of the file
            return await _applied(owner, operation, source, archive)
    except _OF_THE_WHOLE:
        raise
    except DataflowError as error:
        return {**source.about, "status": "failed", "error": _fault(error)}


async def _applied(owner: Owner, operation: Operation, source: Source, archive: NewArchive) -> Item:
    if isinstance(operation, StoredFileOperation):
        changed = await operation.apply(owner, source.about["file_id"])
        return _succeeded(source, changed.name, {}, changed.warnings, changed.facts)
    async with source.open() as (name, document), operation.apply(owner.tenant, document, name) as made:
        names = [await archive.add(clean_name(file.name), file.read()) for file in made.files]
        output = {"output": names[0]} if len(names) == 1 else {"outputs": names}
        return _succeeded(source, name, output, made.warnings, made.facts)


def _succeeded(
    source: Source,
    name: str,
    output: Mapping[str, Any],
    warnings: Sequence[Mapping[str, Any]],
    facts: Mapping[str, Any],
) -> Item:
    about = {**source.about, "name": name, "status": "succeeded", **output}
    return {**about, "warnings": [dict(one) for one in warnings], **facts}


def _fault(error: DataflowError) -> dict[str, Any]:
    """Tell what the call for a single file would tell."""
    fault: dict[str, Any] = {"code": error.code, "message": error.message}
    if error.errors:
        fault["errors"] = [dict(one) for one in error.errors[:_MAX_FAULTS]]
    more: Mapping[str, Any] = getattr(error, "extra", {})
    return {**{name: value for name, value in more.items() if name != "faults"}, **fault}
