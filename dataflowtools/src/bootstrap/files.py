"""Stored files: their store, their use cases, and the sweep that runs beside."""

import asyncio
import logging
from contextlib import AsyncExitStack, suppress
from typing import TYPE_CHECKING

from dataflowtools.src.bootstrap.clock import utc_now
from dataflowtools.src.bootstrap.documents import open_document_reader
from dataflowtools.src.bootstrap.programs import Programs
from dataflowtools.src.common.settings import Settings
from dataflowtools.src.drivenadapters.stores.local_file_store import LocalFileStore
from dataflowtools.src.drivenadapters.workers.limited_workers import LimitedWorkers
from dataflowtools.src.driveradapters.file.routes import FileUses
from dataflowtools.src.errors import DataflowError
from dataflowtools.src.logics.file.delete_file import DeleteFile
from dataflowtools.src.logics.file.describe_file import DescribeFile
from dataflowtools.src.logics.file.file_limits import FileLimits
from dataflowtools.src.logics.file.list_files import ListFiles
from dataflowtools.src.logics.file.open_file import OpenFile
from dataflowtools.src.logics.file.ports.file_catalogue import FileCatalogue
from dataflowtools.src.logics.file.ports.file_store import FileStore
from dataflowtools.src.logics.file.read_properties import ReadProperties
from dataflowtools.src.logics.file.sweep_orphans import SweepOrphans
from dataflowtools.src.logics.file.upload_files import UploadFiles
from servicekit.health import Health

if TYPE_CHECKING:  # boto3 is slow to import and needed with FILE_STORE=s3 only
    from dataflowtools.src.drivenadapters.stores.s3_file_store import S3FileStore

_log = logging.getLogger(__name__)


def open_file_store(settings: Settings, resources: AsyncExitStack, health: Health) -> FileStore:
    """Open the store that the settings name and report it to readiness."""
    store = _local(settings) if settings.file_store == "local" else _s3(settings)
    resources.callback(store.close)
    health.probe("file_store", store.check)
    return store


def _local(settings: Settings) -> LocalFileStore:
    return LocalFileStore(settings.data_dir / "files", threads=settings.file_threads)


def _s3(settings: Settings) -> "S3FileStore":
    from dataflowtools.src.drivenadapters.stores.s3_file_store import Bucket, S3FileStore

    bucket = Bucket(
        name=settings.s3_bucket,
        endpoint_url=settings.s3_endpoint_url,
        region=settings.s3_region,
        access_key=settings.s3_access_key.get_secret_value(),
        secret_key=settings.s3_secret_key.get_secret_value(),
    )
    return S3FileStore(bucket, threads=settings.file_threads)


def file_limits(settings: Settings) -> FileLimits:
    """Read the limits on stored files from the settings."""
    return FileLimits(
        file_bytes=settings.file_max_bytes,
        quota_bytes=settings.tenant_quota_bytes,
        upload_files=settings.upload_max_files,
        upload_s=settings.orphan_age_s / 2,
    )


def file_uses(
    settings: Settings,
    *,
    store: FileStore,
    catalogue: FileCatalogue,
    workers: LimitedWorkers,
    programs: Programs,
) -> FileUses:
    """Build the use cases of stored files."""
    limits = file_limits(settings)
    return FileUses(
        upload_files=UploadFiles(store=store, catalogue=catalogue, limits=limits, now=utc_now),
        open_file=OpenFile(store=store, catalogue=catalogue),
        list_files=ListFiles(catalogue=catalogue),
        describe_file=DescribeFile(catalogue=catalogue),
        delete_file=DeleteFile(store=store, catalogue=catalogue),
        read_properties=ReadProperties(
            store=store, catalogue=catalogue, reader=open_document_reader(settings, workers, programs)
        ),
        upload_max_bytes=settings.upload_max_bytes,
    )


async def keep_sweeping(
    settings: Settings,
    resources: AsyncExitStack,
    health: Health,
    *,
    store: FileStore,
    catalogue: FileCatalogue,
) -> None:
    """Sweep once now and then at intervals until the service ends."""
    sweep = SweepOrphans(store=store, catalogue=catalogue, age_s=settings.orphan_age_s, now=utc_now)
    sweeper = asyncio.create_task(_sweep_at_intervals(store, sweep, settings.sweep_interval_s))
    health.watch("sweeper", sweeper)
    resources.push_async_callback(_end, sweeper)


async def _sweep_at_intervals(store: FileStore, sweep: SweepOrphans, interval_s: float) -> None:
    while True:
        try:
            await store.check()
            removed = await sweep()
        except DataflowError as trouble:  # the store or the database is away; the next round may do
            _log.warning("The sweep for orphans was cut short: %s", trouble)
        else:
            _log.info("Swept for orphans: %d removed.", removed)
        await asyncio.sleep(interval_s)


async def _end(task: asyncio.Task[None]) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
