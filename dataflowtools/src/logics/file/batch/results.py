"""What a batch gives: the outcome of each file, and one stored zip of what was made."""

import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any

from dataflowtools.src.common.stored_file import IncomingFile, Owner
from dataflowtools.src.errors import FileNotFound
from dataflowtools.src.logics.file.batch.ports.archives import Archives, NewArchive
from dataflowtools.src.logics.file.documents.ports.document_reader import TakenDocument
from dataflowtools.src.logics.file.open_file import OpenFile
from dataflowtools.src.logics.file.upload_files import UploadFiles

Item = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchReport:
    """The outcome of each file in the order given, and the stored zip of what they gave, if they gave files."""

    items: Sequence[Item]
    file_id: str | None
    name: str | None

    @property
    def failed(self) -> int:
        """How many files failed."""
        return sum(item["status"] == "failed" for item in self.items)


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchTarget:
    """Under what name and id the zip is stored; an id that is given is used by no second zip."""

    name: str
    file_id: str | None = None


class BatchResults:
    """Keeps the zips."""

    def __init__(
        self,
        *,
        open_file: OpenFile,
        upload_files: UploadFiles,
        take: Callable[[AsyncIterator[bytes]], AbstractAsyncContextManager[TakenDocument]],
        read: Callable[[TakenDocument], AsyncIterator[bytes]],
        archives: Archives,
    ) -> None:
        self._open_file = open_file
        self._upload_files = upload_files
        self._take = take
        self._read = read
        self._archives = archives

    def create(self) -> AbstractAsyncContextManager[NewArchive]:
        """Begin a zip."""
        return self._archives.create()

    async def earlier(self, tenant: str, target: BatchTarget) -> BatchReport | None:
        """Find what an attempt stored that was lost before it could say so."""
        if target.file_id is None:
            return None
        try:
            async with (
                self._open_file(tenant, target.file_id) as opened,
                self._take(opened.reader.chunks()) as archive,
            ):
                items = json.loads(await self._archives.report_of(archive))["items"]
                return BatchReport(items=items, file_id=opened.file.file_id, name=opened.file.name)
        except FileNotFound:
            return None

    async def keep(
        self, owner: Owner, archive: NewArchive, items: Sequence[Item], target: BatchTarget
    ) -> BatchReport:
        """Finish the zip with the report in it and store it."""
        report = json.dumps({"items": items}, ensure_ascii=False, indent=1).encode("utf-8", "replace")
        incoming = IncomingFile(name=target.name, chunks=self._read(await archive.finish(report)))
        stored = await self._upload_files(owner, _one(incoming), file_id=target.file_id)
        return BatchReport(items=items, file_id=stored[0].file_id, name=stored[0].name)


async def _one(incoming: IncomingFile) -> AsyncIterator[IncomingFile]:
    yield incoming
