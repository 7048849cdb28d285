"""Where the bytes of files are kept."""

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredBlob:
    """A blob as the store lists it."""

    blob_id: str
    size_bytes: int
    stored_at: datetime


class BlobReader(ABC):
    """A blob held open: whoever holds it reads to the end, even when the blob is removed meanwhile."""

    @property
    @abstractmethod
    def size_bytes(self) -> int:
        """Size of the whole blob."""

    @abstractmethod
    def chunks(self, start: int = 0, length: int | None = None) -> AsyncIterator[bytes]:
        """Yield the bytes from start on, `length` of them or all; raises StoreUnavailable."""


class FileStore(ABC):
    """Blobs under ids that we generate (32 hexadecimal digits); a blob never changes once it is there."""

    @abstractmethod
    async def write(self, blob_id: str, chunks: AsyncIterator[bytes]) -> int:
        """Store the bytes and return their number: durable on return, invisible before.

        When chunks raises, or the call is cancelled, nothing is kept.
        Raises StorageFull or StoreUnavailable.
        """

    @abstractmethod
    def open(self, blob_id: str) -> AbstractAsyncContextManager[BlobReader]:
        """Open a blob for reading; entering raises StoreUnavailable when it is not there."""

    @abstractmethod
    async def remove(self, blob_id: str) -> None:
        """Remove a blob; one that is not there is no error. Raises StoreUnavailable."""

    @abstractmethod
    def list_blobs(self) -> AsyncIterator[StoredBlob]:
        """Yield every complete blob in no particular order; raises StoreUnavailable."""

    @abstractmethod
    async def remove_unfinished(self, *, older_than_s: float) -> int:
        """Remove what interrupted writes left behind and return how many.

        A store that cannot tell a write under way from an abandoned one goes by the age.
        """

    @abstractmethod
    async def claim(self, catalogue_id: str) -> str:
        """Keep the id of the catalogue that this store belongs to, unless it has one; return the one it has.

        Raises StorageFull or StoreUnavailable.
        """

    @abstractmethod
    async def check(self) -> None:
        """Raise StoreUnavailable or StorageFull unless blobs can be stored now."""
