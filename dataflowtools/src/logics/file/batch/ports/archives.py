"""Zip archives in and out."""

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass

from dataflowtools.src.logics.file.documents.ports.document_reader import TakenDocument

REPORT = "report.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A file within an archive."""

    index: int
    name: str
    size_bytes: int


class NewArchive(ABC):
    """An archive of ours under way; its last file is its report."""

    @abstractmethod
    async def add(self, name: str, chunks: AsyncIterator[bytes]) -> str:
        """Add a file and return the name that it got: its own, or one that no other file nor the report has."""

    @abstractmethod
    async def finish(self, report: bytes) -> TakenDocument:
        """Add the report and end the archive; it is held as long as the context that gave it."""


class Archives(ABC):
    """Reads archives from strangers in limited workers, and writes ours."""

    @abstractmethod
    async def members(self, archive: TakenDocument) -> Sequence[Member]:
        """List the files; raises CorruptFile, DecompressionLimit or PasswordRequired."""

    @abstractmethod
    def extract(self, archive: TakenDocument, member: Member) -> AbstractAsyncContextManager[TakenDocument]:
        """Hold one file of it until the context ends; raises the same."""

    @abstractmethod
    def create(self) -> AbstractAsyncContextManager[NewArchive]:
        """Begin an archive; raises StorageFull while it is written."""

    @abstractmethod
    async def report_of(self, archive: TakenDocument) -> bytes:
        """Return the report of an archive of ours."""
