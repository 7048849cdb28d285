"""Results in a local folder."""

import asyncio
import os
import re
import secrets
from collections.abc import AsyncIterator
from pathlib import Path
from typing import BinaryIO

from executor.errors import ResultGone
from executor.ports.results import ResultStore

CHUNK_BYTES = 1 << 18
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.]{0,126}")


class FolderResultStore(ResultStore):
    """One file per blob, in 256 folders; written beside its place and moved there whole."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def put(self, name: str, chunks: AsyncIterator[bytes]) -> int:
        path = self._path(name)
        draft = path.with_name(f"{path.name}.{secrets.token_hex(6)}.part")
        await asyncio.to_thread(path.parent.mkdir, parents=True, exist_ok=True)
        file = await asyncio.to_thread(draft.open, "wb")
        size = 0
        try:
            async for chunk in chunks:
                size += await asyncio.to_thread(file.write, chunk)
            await asyncio.to_thread(_flush, file)
            await asyncio.to_thread(draft.replace, path)
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

    def _path(self, name: str) -> Path:
        if not _NAME.fullmatch(name):
            raise ResultGone("The result was deleted or has expired.")
        return self._folder / name.split(".", 1)[0][-2:] / name


def _flush(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())
