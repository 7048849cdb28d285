"""LibreOffice and pandoc: whether they are here, and the workers that hold or start them."""

from contextlib import AsyncExitStack
from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Programs:
    """What the service has of them, and what runs steps with them."""

    installed: Installed
    held: HeldDocuments
    steps: WorkerSteps


def open_programs(settings: Settings, resources: AsyncExitStack, workers: LimitedWorkers) -> Programs:
    """Do steps of conversions in workers, and keep documents between steps in the data folder."""
    held = HeldDocuments(settings.data_dir / "held")
    resources.callback(held.close)
    steps = WorkerSteps(
        workers, held, timeout_s=settings.convert_timeout_s, memory_bytes=settings.convert_memory_bytes
    )
    return Programs(installed=installed_for(settings), held=held, steps=steps)
