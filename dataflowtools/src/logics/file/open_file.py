"""A file out: its row, and its bytes held open for as long as they are read."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from dataflowtools.src.common.stored_file import StoredFile
from dataflowtools.src.errors import StoreUnavailable
from dataflowtools.src.logics.file.ports.file_catalogue import FileCatalogue
from dataflowtools.src.logics.file.ports.file_store import BlobReader, FileStore


@dataclass(frozen=True, slots=True)
class OpenedFile:
    """A file and its bytes."""

    file: StoredFile
    reader: BlobReader


class OpenFile:
    """Opens a file of a tenant; a file that is deleted meanwhile can be read to its end."""

    def __init__(self, *, store: FileStore, catalogue: FileCatalogue) -> None:
        self._store = store
        self._catalogue = catalogue

    @asynccontextmanager
    async def __call__(self, tenant: str, file_id: str) -> AsyncIterator[OpenedFile]:
        """Open the file; raises FileNotFound."""
        file = await self._catalogue.find(tenant, file_id)
        try:
            async with self._store.open(file.content.blob_id) as reader:
                yield OpenedFile(file, reader)
        except StoreUnavailable:
            await self._catalogue.find(tenant, file_id)  # deleted between the two steps: then there is none
            raise
