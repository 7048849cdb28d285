"""LibreOffice and pandoc: whether they are here, and the workers that hold or start them."""

from pathlib import Path

from dataflowtools.src.common.settings import Settings
from dataflowtools.src.drivenadapters.converting.families import converting_families
from dataflowtools.src.drivenadapters.converting.held_documents import HeldDocuments
from dataflowtools.src.drivenadapters.converting.installed import Installed, find_installed
from dataflowtools.src.drivenadapters.converting.worker_converters import WorkerSteps
from dataflowtools.src.drivenadapters.workers.families import WorkerFamily
from dataflowtools.src.drivenadapters.workers.limited_workers import LimitedWorkers


def installed_for(settings: Settings) -> Installed:
    """Look for LibreOffice and pandoc."""
    return find_installed(Path(settings.libreoffice_path) if settings.libreoffice_path else None)


def families_for(settings: Settings) -> list[WorkerFamily]:
    """List the workers that convert."""
    return converting_families(
        size=settings.convert_workers,
        queue_limit=settings.document_queue,
        memory_bytes=settings.convert_memory_bytes,
        recycle_after_jobs=settings.convert_recycle_jobs,
        libreoffice=installed_for(settings).libreoffice,
    )


def held_documents(settings: Settings) -> HeldDocuments:
    """Keep documents between steps in the data folder."""
    return HeldDocuments(settings.data_dir / "held")


def worker_steps(settings: Settings, workers: LimitedWorkers) -> WorkerSteps:
    """Do steps of conversions in workers."""
    return WorkerSteps(
        workers,
        held_documents(settings),
        timeout_s=settings.convert_timeout_s,
        memory_bytes=settings.convert_memory_bytes,
    )
