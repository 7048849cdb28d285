"""The rows that say which files there are."""

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from dataflowtools.src.common.repetition import RequestName
from dataflowtools.src.common.stored_file import (
    Content,
    FileDescription,
    FilePage,
    FileQuery,
    StoredFile,
    Usage,
)


class FileCatalogue(ABC):
    """Files by id, each of one tenant; every call may raise DatabaseUnavailable.

    A change is durable on return. One that is cancelled may or may not have happened.
    """

    @abstractmethod
    async def add(
        self, files: Sequence[StoredFile], *, quota_bytes: int, request: RequestName | None = None
    ) -> Sequence[StoredFile]:
        """Add all or none and return them as kept; tags that do not exist yet are made.

        A named request that is repeated within a day adds nothing: what it added then is returned.
        Raises QuotaExceeded, IdempotencyKeyReused, or FileNotFound when what it added then is gone.
        """

    @abstractmethod
    async def find(self, tenant: str, file_id: str) -> StoredFile:
        """Return the file; raises FileNotFound."""

    @abstractmethod
    async def find_page(self, tenant: str, query: FileQuery) -> FilePage:
        """Return one page, newest first."""

    @abstractmethod
    async def describe(
        self, tenant: str, file_id: str, change: FileDescription, *, if_version: int | None = None
    ) -> StoredFile:
        """Change name, metadata or tags and return the file.

        Raises FileNotFound or PreconditionFailed.
        """

    @abstractmethod
    async def replace_content(
        self, tenant: str, file_id: str, content: Content, *, if_version: int, quota_bytes: int
    ) -> StoredFile:
        """Point the file at new content, forget its properties, and return the file as it was before.

        Raises FileNotFound, PreconditionFailed or QuotaExceeded.
        """

    @abstractmethod
    async def keep_properties(
        self, tenant: str, file_id: str, properties: Mapping[str, object], *, sha256: str
    ) -> None:
        """Keep what was read out of the content; does nothing when that content is no longer the file's."""

    @abstractmethod
    async def remove(self, tenant: str, file_id: str) -> StoredFile:
        """Remove the row and return it as it was; raises FileNotFound. Of two at once, one succeeds."""

    @abstractmethod
    async def usage(self, tenant: str) -> Usage:
        """Return what the tenant stores."""

    @abstractmethod
    async def identity(self) -> str:
        """Return the id that this catalogue was given when it was made."""

    @abstractmethod
    async def forget_requests(self, before: datetime) -> int:
        """Forget named requests older than that and return how many."""

    @abstractmethod
    async def known_blobs(self, blob_ids: Collection[str]) -> set[str]:
        """Return those ids that a row of any tenant points at."""
