"""Blobs as files of a local folder, durable when a write returns."""

import contextlib
import errno
import fcntl
import os
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

from dataflowtools.src.drivenadapters.stores.blocks import blocks_of
from dataflowtools.src.errors import StorageFull, StoreUnavailable
from dataflowtools.src.logics.file.ports.file_store import BlobReader, FileStore, StoredBlob
from rowkit.threads import BoundedThreads

_BLOCK_BYTES = 1024 * 1024
_READ_BYTES = 256 * 1024
_BLOB_ID = re.compile(r"[0-9a-f]{32}")
_NO_ROOM = {errno.ENOSPC, errno.EDQUOT}
_MIN_FREE_BYTES = 16 * 1024 * 1024
_LIST_BATCH = 256


class LocalFileStore(FileStore):
    """Writes under incoming/ and renames into blobs/; an exclusive lock marks a write that is under way."""

    def __init__(self, folder: Path, *, threads: int = 8) -> None:
        self._incoming = folder / "incoming"
        self._blobs = folder / "blobs"
        for needed in (self._incoming, self._blobs):
            needed.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._threads = BoundedThreads(threads, name="local-store")

    def close(self) -> None:
        """End the threads."""
        self._threads.close()

    async def write(self, blob_id: str, chunks: AsyncIterator[bytes]) -> int:
        final, temporary = self._path(blob_id), self._incoming / blob_id
        size_bytes = 0
        opened: list[int] = []
        try:
            with _translated():
                await self._threads.run(_create_locked, temporary, opened)
            async for block in blocks_of(chunks, _BLOCK_BYTES):
                with _translated():
                    await self._threads.run(_write_all, opened[0], block)
                size_bytes += len(block)
            with _translated():
                await self._threads.run(_publish, opened[0], temporary, final)
        except BaseException:
            await self._threads.run(_discard, temporary, final)
            raise
        finally:
            _close_all(opened)
        return size_bytes

    @asynccontextmanager
    async def open(self, blob_id: str) -> AsyncIterator[BlobReader]:
        opened: list[int] = []
        try:
            with _translated():
                await self._threads.run(_open_to_read, self._path(blob_id), opened)
            yield _LocalReader(opened[0], self._threads)
        finally:
            _close_all(opened)

    async def remove(self, blob_id: str) -> None:
        with _translated():
            await self._threads.run(_discard, self._path(blob_id))

    async def list_blobs(self) -> AsyncIterator[StoredBlob]:
        found = _scan(self._blobs)
        while True:
            with _translated():
                batch = await self._threads.run(_take, found, _LIST_BATCH)
            if not batch:
                return
            for blob in batch:
                yield blob

    async def remove_unfinished(self, *, older_than_s: float) -> int:
        del older_than_s  # the lock tells
        with _translated():
            return await self._threads.run(_remove_abandoned, self._incoming)

    async def claim(self, catalogue_id: str) -> str:
        with _translated():
            return await self._threads.run(_claim, self._blobs.parent / "catalogue", catalogue_id)

    async def check(self) -> None:
        with _translated():
            await self._threads.run(_check_room, self._incoming)

    def _path(self, blob_id: str) -> Path:
        if not _BLOB_ID.fullmatch(blob_id):
            raise StoreUnavailable("The file's stored bytes are missing.")
        return self._blobs / blob_id[:2] / blob_id


class _LocalReader(BlobReader):
    def __init__(self, descriptor: int, threads: BoundedThreads) -> None:
        self._descriptor = descriptor
        self._threads = threads

    @property
    def size_bytes(self) -> int:
        return os.fstat(self._descriptor).st_size

    async def chunks(self, start: int = 0, length: int | None = None) -> AsyncIterator[bytes]:
        position, end = start, self.size_bytes if length is None else start + length
        while position < end:
            with _translated():
                chunk = await self._threads.run(
                    os.pread, self._descriptor, min(_READ_BYTES, end - position), position
                )
            if not chunk:
                raise StoreUnavailable("The file's stored bytes ended early.")
            position += len(chunk)
            yield chunk


@contextlib.contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except FileNotFoundError as exc:
        raise StoreUnavailable("The file's stored bytes are missing.") from exc
    except OSError as exc:
        if exc.errno in _NO_ROOM:
            raise StorageFull("There is no room left to store files.") from exc
        raise StoreUnavailable("The file store cannot be used now.") from exc


def _create_locked(path: Path, opened: list[int]) -> None:
    """Create the file and lock it; start again when a sweep took it between the two steps.

    The descriptor is handed back through the list, so that a cancelled caller can still close it.
    """
    while True:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        if os.fstat(descriptor).st_nlink:
            opened.append(descriptor)
            return
        os.close(descriptor)


def _open_to_read(path: Path, opened: list[int]) -> None:
    opened.append(os.open(path, os.O_RDONLY | os.O_CLOEXEC))


def _close_all(opened: list[int]) -> None:
    while opened:
        os.close(opened.pop())


def _write_all(descriptor: int, block: bytes) -> None:
    rest = memoryview(block)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def _publish(descriptor: int, temporary: Path, final: Path) -> None:
    os.fsync(descriptor)
    folder = final.parent
    if not folder.is_dir():
        folder.mkdir(mode=0o700, exist_ok=True)
        _sync_folder(folder.parent)
    temporary.rename(final)
    _sync_folder(folder)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _discard(*paths: Path) -> None:
    for path in paths:
        path.unlink(missing_ok=True)


def _scan(blobs: Path) -> Iterator[StoredBlob]:
    for folder in sorted(blobs.iterdir()):
        for entry in os.scandir(folder):
            with contextlib.suppress(FileNotFoundError):  # removed while we look
                stat = entry.stat(follow_symlinks=False)
                stored_at = datetime.fromtimestamp(stat.st_mtime, UTC)
                yield StoredBlob(blob_id=entry.name, size_bytes=stat.st_size, stored_at=stored_at)


def _take(found: Iterator[StoredBlob], count: int) -> list[StoredBlob]:
    return [blob for _, blob in zip(range(count), found, strict=False)]


def _remove_abandoned(incoming: Path) -> int:
    return sum(_remove_if_abandoned(path) for path in incoming.iterdir())


def _remove_if_abandoned(path: Path) -> bool:
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        path.unlink(missing_ok=True)
    except BlockingIOError:  # a write is under way
        return False
    else:
        return True
    finally:
        os.close(descriptor)


def _claim(marker: Path, catalogue_id: str) -> str:
    with contextlib.suppress(FileNotFoundError):
        return marker.read_text()
    fresh = marker.with_name(f"{marker.name}.{catalogue_id}")
    with fresh.open("w") as file:
        file.write(catalogue_id)
        file.flush()
        os.fsync(file.fileno())
    with contextlib.suppress(FileExistsError):  # another replica was faster
        os.link(fresh, marker)
    fresh.unlink()
    _sync_folder(marker.parent)
    return marker.read_text()


def _check_room(folder: Path) -> None:
    if not os.access(folder, os.W_OK):
        raise StoreUnavailable("The file store cannot be written.")
    room = os.statvfs(folder)
    if room.f_bavail * room.f_frsize < _MIN_FREE_BYTES:
        raise StorageFull("There is no room left to store files.")
