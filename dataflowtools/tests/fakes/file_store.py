"""A store in memory, and one that is out of order."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from dataflowtools.src.errors import StorageFull, StoreUnavailable
from dataflowtools.src.logics.file.ports.file_store import BlobReader, FileStore, StoredBlob


class FakeFileStore(FileStore):
    def __init__(self) -> None:
        self.blobs: dict[str, tuple[bytes, datetime]] = {}
        self.unfinished: set[str] = set()
        self.catalogue_id: str | None = None

    async def write(self, blob_id: str, chunks: AsyncIterator[bytes]) -> int:
        gathered = b"".join([chunk async for chunk in chunks])
        self.blobs[blob_id] = (gathered, datetime.now(UTC))
        return len(gathered)

    @asynccontextmanager
    async def open(self, blob_id: str) -> AsyncIterator[BlobReader]:
        if blob_id not in self.blobs:
            raise StoreUnavailable("The file's stored bytes are missing.")
        yield _FakeReader(self.blobs[blob_id][0])

    async def remove(self, blob_id: str) -> None:
        self.blobs.pop(blob_id, None)

    async def list_blobs(self) -> AsyncIterator[StoredBlob]:
        for blob_id, (body, stored_at) in list(self.blobs.items()):
            yield StoredBlob(blob_id=blob_id, size_bytes=len(body), stored_at=stored_at)

    async def remove_unfinished(self, *, older_than_s: float) -> int:
        count = len(self.unfinished)
        self.unfinished.clear()
        return count

    async def claim(self, catalogue_id: str) -> str:
        self.catalogue_id = self.catalogue_id or catalogue_id
        return self.catalogue_id

    async def check(self) -> None:
        return None


class _FakeReader(BlobReader):
    def __init__(self, body: bytes) -> None:
        self._body = body

    @property
    def size_bytes(self) -> int:
        return len(self._body)

    async def chunks(self, start: int = 0, length: int | None = None) -> AsyncIterator[bytes]:
        wanted = self._body[start:] if length is None else self._body[start : start + length]
        for position in range(0, len(wanted), 1000):
            yield wanted[position : position + 1000]


class BrokenFileStore(FakeFileStore):
    """Writes nothing: the bucket is away, or the disk is full."""

    def __init__(self, error: type[StorageFull | StoreUnavailable]) -> None:
        super().__init__()
        self._error = error

    async def write(self, blob_id: str, chunks: AsyncIterator[bytes]) -> int:
        await anext(chunks, b"")
        raise self._error("The store is out of order.")

    async def remove(self, blob_id: str) -> None:
        raise self._error("The store is out of order.")

    async def check(self) -> None:
        raise self._error("The store is out of order.")
