"""Converting files: the converters that are here, and the use case on them."""

from pathlib import Path

from dataflowtools.src.common.settings import Settings
from dataflowtools.src.drivenadapters.analysis.worker_table_engine import WorkerTableEngine
from dataflowtools.src.drivenadapters.converting.families import converting_families
from dataflowtools.src.drivenadapters.converting.held_documents import HeldDocuments
from dataflowtools.src.drivenadapters.converting.installed import Installed, find_installed
from dataflowtools.src.drivenadapters.converting.worker_converters import (
    LibreOfficeConverter,
    PandocConverter,
    PictureConverter,
    WorkerInspector,
    WorkerSteps,
)
from dataflowtools.src.drivenadapters.workers.families import WorkerFamily
from dataflowtools.src.drivenadapters.workers.limited_workers import LimitedWorkers
from dataflowtools.src.driveradapters.file.converting_routes import ConvertingUses
from dataflowtools.src.driveradapters.file.document_routes import DocumentUses
from dataflowtools.src.driveradapters.file.routes import FileUses
from dataflowtools.src.logics.file.converting.convert_file import ConvertFile
from dataflowtools.src.logics.file.converting.reading_converter import ReadingConverter
from dataflowtools.src.logics.file.converting.table_converter import TableConverter


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


def converting_uses(
    settings: Settings,
    *,
    workers: LimitedWorkers,
    engine: WorkerTableEngine,
    documents: DocumentUses,
    files: FileUses,
) -> ConvertingUses:
    """Build the use case of converting."""
    installed = installed_for(settings)
    held = HeldDocuments(settings.data_dir / "held")
    steps = WorkerSteps(
        workers, held, timeout_s=settings.convert_timeout_s, memory_bytes=settings.convert_memory_bytes
    )
    convert_file = ConvertFile(
        converters=[
            LibreOfficeConverter(steps, installed),
            PandocConverter(steps, installed),
            PictureConverter(steps, max_pixels=settings.ocr_max_pixels),
            TableConverter(engine=engine, read=held.read, take=held.take),
            ReadingConverter(parse_document=documents.parse_document, hold=held.hold),
        ],
        inspector=WorkerInspector(steps),
        take=documents.parse_document.take,
        open_file=files.open_file,
        upload_files=files.upload_files,
        read=held.read,
    )
    return ConvertingUses(convert_file=convert_file, max_body_bytes=documents.max_body_bytes)
