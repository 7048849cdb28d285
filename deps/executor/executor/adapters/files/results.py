"""Results in a local folder."""

import asyncio
import logging
import os
import re
import secrets
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import BinaryIO, TypeVar

from executor.errors import ResultGone, ResultStoreUnavailable
from executor.ports.results import ResultStore

P = TypeVar("P")
T = TypeVar("T")
log = logging.getLogger(__name__)
CHUNK_BYTES = 1 << 18
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.]{0,126}")


class FolderResultStore(ResultStore):
    """One file per blob, in 256 folders; written beside its place and moved there whole."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def put(self, name: str, chunks: AsyncIterator[bytes]) -> int:
        path = self._path(name)
        draft = path.with_name(f"{path.name}.{secrets.token_hex(6)}.part")
        file = await _written(self._create, draft)
        size = 0
        try:
            async for chunk in chunks:
                size += await _written(file.write, chunk)
            await _written(_flush, file)
            await _written(draft.replace, path)
        finally:
            file.close()
            draft.unlink(missing_ok=True)
        return size

    async def read(self, name: str) -> AsyncIterator[bytes]:
        try:
            file = await asyncio.to_thread(self._path(name).open, "rb")
        except FileNotFoundError as error:
            raise ResultGone("The result was deleted or has expired.") from error
        with file:
            while chunk := await asyncio.to_thread(file.read, CHUNK_BYTES):
                yield chunk

    async def delete(self, name: str) -> None:
        await asyncio.to_thread(self._path(name).unlink, missing_ok=True)

    def _create(self, draft: Path) -> BinaryIO:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft.parent.mkdir(mode=0o700, exist_ok=True)
        return draft.open("wb")

    def _path(self, name: str) -> Path:
        if not _NAME.fullmatch(name):
            raise ResultGone("The result was deleted or has expired.")
        return self._folder / name.split(".", 1)[0][-2:] / name


async def _written(call: Callable[[P], T], argument: P) -> T:
    """In a thread; ResultStoreUnavailable when the disk is full or gone."""
    try:
        return await asyncio.to_thread(call, argument)
    except OSError as error:
        log.error("the result store cannot be written: %s", error)  # noqa: TRY400 - no stack needed
        raise ResultStoreUnavailable("The result cannot be kept now.") from error


def _flush(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())
