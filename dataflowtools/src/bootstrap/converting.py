"""Converting files: the converters that are here, and the use case on them."""

from dataflowtools.src.bootstrap.programs import held_documents, installed_for, worker_steps
from dataflowtools.src.common.settings import Settings
from dataflowtools.src.drivenadapters.analysis.worker_table_engine import WorkerTableEngine
from dataflowtools.src.drivenadapters.converting.worker_converters import (
    LibreOfficeConverter,
    PandocConverter,
    PictureConverter,
    WorkerInspector,
)
from dataflowtools.src.drivenadapters.workers.limited_workers import LimitedWorkers
from dataflowtools.src.driveradapters.file.converting_routes import ConvertingUses
from dataflowtools.src.driveradapters.file.document_routes import DocumentUses
from dataflowtools.src.driveradapters.file.routes import FileUses
from dataflowtools.src.logics.file.converting.convert_file import ConvertFile
from dataflowtools.src.logics.file.converting.reading_converter import ReadingConverter
from dataflowtools.src.logics.file.converting.table_converter import TableConverter


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
    held, steps = held_documents(settings), worker_steps(settings, workers)
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
