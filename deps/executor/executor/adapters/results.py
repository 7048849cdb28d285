"""Which result store the settings ask for."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from executor.adapters.files.results import FolderResultStore
from executor.common.settings import ExecutorSettings
from executor.ports.results import ResultStore


@asynccontextmanager
async def open_results(settings: ExecutorSettings, folder: Path) -> AsyncIterator[ResultStore]:
    """A local folder, or a bucket that every replica and worker reaches."""
    if settings.result_store == "folder":
        yield FolderResultStore(folder)
        return
    from executor.adapters.s3.results import S3ResultStore

    store = S3ResultStore(settings)
    try:
        yield store
    finally:
        await store.close()
