"""Bytes that no row knows are removed: what a crash between two steps leaves behind."""

from collections.abc import Callable, Collection
from datetime import datetime, timedelta

from dataflowtools.src.errors import StoreOfAnother
from dataflowtools.src.logics.file.ports.file_catalogue import FileCatalogue
from dataflowtools.src.logics.file.ports.file_store import FileStore

_BATCH = 500
_REQUESTS_KEPT = timedelta(days=1)


class SweepOrphans:
    """Compares the store with the catalogue; what is young may belong to an upload under way."""

    def __init__(
        self, *, store: FileStore, catalogue: FileCatalogue, age_s: float, now: Callable[[], datetime]
    ) -> None:
        self._store = store
        self._catalogue = catalogue
        self._age_s = age_s
        self._now = now

    async def __call__(self) -> int:
        """Remove what nobody owns and return how many.

        Raises StoreOfAnother, StoreUnavailable or DatabaseUnavailable.
        """
        await self._check_pairing()
        await self._catalogue.forget_requests(self._now() - _REQUESTS_KEPT)
        removed = await self._store.remove_unfinished(older_than_s=self._age_s)
        before = self._now() - timedelta(seconds=self._age_s)
        batch: list[str] = []
        async for blob in self._store.list_blobs():
            if blob.stored_at > before:
                continue
            batch.append(blob.blob_id)
            if len(batch) == _BATCH:
                removed += await self._remove_unknown(batch)
                batch = []
        return removed + await self._remove_unknown(batch)

    async def _check_pairing(self) -> None:
        """Stop before a database that was started afresh makes orphans of all files there are."""
        catalogue_id = await self._catalogue.identity()
        if await self._store.claim(catalogue_id) != catalogue_id:
            raise StoreOfAnother("The file store belongs to another database: its files are left alone.")

    async def _remove_unknown(self, blob_ids: Collection[str]) -> int:
        if not blob_ids:
            return 0
        orphans = set(blob_ids) - await self._catalogue.known_blobs(blob_ids)
        for blob_id in orphans:
            await self._store.remove(blob_id)
        return len(orphans)
