"""The stored files that a request names, opened for its tenant only."""

from collections.abc import AsyncIterator, Iterable, Iterator
from typing import Any

from dataflowtools.src.errors import FileNotFound
from dataflowtools.src.logics.file.open_file import OpenFile
from dataflowtools.src.logics.file.writing.ports.document_workshop import InputFile


async def gathered(open_file: OpenFile, tenant: str, file_ids: Iterable[str]) -> AsyncIterator[InputFile]:
    """Open the files one after another; raises FileNotFound for what is not the tenant's."""
    for file_id in dict.fromkeys(file_ids):
        async with open_file(tenant, file_id) as opened:
            yield InputFile(file_id=file_id, name=opened.file.name, chunks=opened.reader.chunks())


async def require_files(open_file: OpenFile, tenant: str, file_ids: Iterable[str], *, field: str) -> None:
    """Raise FileNotFound, and where it is named, unless the tenant has all these files."""
    for file_id in dict.fromkeys(file_ids):
        try:
            async with open_file(tenant, file_id):
                pass
        except FileNotFound as missing:
            raise FileNotFound(f"There is no file {file_id}.", field=field) from missing


def picture_ids(value: Any) -> Iterator[str]:
    """Find the stored pictures that a request's JSON refers to."""
    if isinstance(value, dict):
        if value.get("type") == "picture" and isinstance(value.get("file_id"), str):
            yield value["file_id"]
        for inner in value.values():
            yield from picture_ids(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from picture_ids(inner)
