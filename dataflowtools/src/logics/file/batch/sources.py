"""The files that a batch works on: stored ones by id, or the members of one stored zip."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

from dataflowtools.src.errors import DocumentTooLarge
from dataflowtools.src.logics.file.batch.ports.archives import Archives, Member
from dataflowtools.src.logics.file.documents.ports.document_reader import TakenDocument
from dataflowtools.src.logics.file.open_file import OpenFile


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchSources:
    """Stored files by id, or one stored zip with all of them."""

    file_ids: Sequence[str] = ()
    zip_file_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One file of the batch, and how to come by it."""

    about: Mapping[str, Any]
    open: Callable[[], AbstractAsyncContextManager[tuple[str, TakenDocument]]]


class OpenSources:
    """Finds the files; each is opened when its turn comes."""

    def __init__(
        self,
        *,
        open_file: OpenFile,
        take: Callable[[AsyncIterator[bytes]], AbstractAsyncContextManager[TakenDocument]],
        archives: Archives,
        max_files: int,
    ) -> None:
        self._open_file = open_file
        self._take = take
        self._archives = archives
        self._max_files = max_files

    def check(self, sources: BatchSources) -> None:
        """Raise DocumentTooLarge for more files than a batch takes, as far as that is known before it runs."""
        if len(sources.file_ids) > self._max_files:
            raise DocumentTooLarge(
                f"{len(sources.file_ids)} files; a batch takes {self._max_files}.", field="/file_ids"
            )

    async def __call__(self, tenant: str, sources: BatchSources, held: AsyncExitStack) -> list[Source]:
        """List the files; a zip is kept at hand in `held`, and the errors of archives come from it."""
        if sources.zip_file_id is None:
            return [self._stored(tenant, file_id) for file_id in sources.file_ids]
        opened = await held.enter_async_context(self._open_file(tenant, sources.zip_file_id))
        archive = await held.enter_async_context(self._take(opened.reader.chunks()))
        members = await self._archives.members(archive)
        if len(members) > self._max_files:
            raise DocumentTooLarge(f"The zip holds {len(members)} files; a batch takes {self._max_files}.")
        return [self._member(archive, member) for member in members]

    def _stored(self, tenant: str, file_id: str) -> Source:
        @asynccontextmanager
        async def opening() -> AsyncIterator[tuple[str, TakenDocument]]:
            async with (
                self._open_file(tenant, file_id) as opened,
                self._take(opened.reader.chunks()) as document,
            ):
                yield opened.file.name, document

        return Source(about={"file_id": file_id}, open=opening)

    def _member(self, archive: TakenDocument, member: Member) -> Source:
        @asynccontextmanager
        async def opening() -> AsyncIterator[tuple[str, TakenDocument]]:
            async with self._archives.extract(archive, member) as document:
                yield member.name, document

        return Source(about={"path": member.name}, open=opening)
