"""A file gone: first its row, then its bytes."""

import logging

from dataflowtools.src.common.stored_file import StoredFile
from dataflowtools.src.errors import ServiceTrouble
from dataflowtools.src.logics.file.ports.file_catalogue import FileCatalogue
from dataflowtools.src.logics.file.ports.file_store import FileStore

_log = logging.getLogger(__name__)


class DeleteFile:
    """Deletes a file of a tenant; readers that have it open finish."""

    def __init__(self, *, store: FileStore, catalogue: FileCatalogue) -> None:
        self._store = store
        self._catalogue = catalogue

    async def __call__(self, tenant: str, file_id: str) -> StoredFile:
        """Delete and return the file; raises FileNotFound, also for one that was deleted before."""
        file = await self._catalogue.remove(tenant, file_id)
        try:
            await self._store.remove(file.content.blob_id)
        except ServiceTrouble:  # the file is gone for its owner; the sweep removes the bytes
            _log.warning("The bytes of the deleted file %s wait for the sweep.", file.file_id)
        return file
