"""Converting files: the converters that are here, and the use case on them."""

from dataflowtools.src.bootstrap.programs import Programs
from dataflowtools.src.common.settings import Settings
from dataflowtools.src.drivenadapters.analysis.worker_table_engine import WorkerTableEngine
from dataflowtools.src.drivenadapters.converting.cell_converter import CellConverter
from dataflowtools.src.drivenadapters.converting.worker_converters import (
    LibreOfficeConverter,
    PandocConverter,
    PictureConverter,
    WorkerInspector,
)
from dataflowtools.src.driveradapters.file.converting_routes import ConvertingUses
from dataflowtools.src.driveradapters.file.document_routes import DocumentUses
from dataflowtools.src.driveradapters.file.routes import FileUses
from dataflowtools.src.logics.file.converting.convert_file import ConvertFile
from dataflowtools.src.logics.file.converting.reading_converter import ReadingConverter
from dataflowtools.src.logics.file.converting.table_converter import TableConverter
from dataflowtools.src.logics.file.converting.writing_converter import WritingConverter
from dataflowtools.src.logics.file.writing.ports.document_workshop import DocumentWorkshop


def converting_uses(
    settings: Settings,
    *,
    programs: Programs,
    engine: WorkerTableEngine,
    workshop: DocumentWorkshop,
    documents: DocumentUses,
    files: FileUses,
) -> ConvertingUses:
    """Build the use case of converting."""
    held, steps, installed = programs.held, programs.steps, programs.installed
    tables = TableConverter(engine=engine, read=held.read, take=held.take)
    convert_file = ConvertFile(
        converters=[
            LibreOfficeConverter(steps, installed),
            PandocConverter(steps, installed),
            PictureConverter(steps, max_pixels=settings.ocr_max_pixels),
            tables,
            CellConverter(steps, tables),
            ReadingConverter(parse_document=documents.parse_document, hold=held.hold),
            WritingConverter(parse_document=documents.parse_document, workshop=workshop, take=held.take),
        ],
        inspector=WorkerInspector(steps),
        take=documents.parse_document.take,
        open_file=files.open_file,
        upload_files=files.upload_files,
        read=held.read,
    )
    return ConvertingUses(convert_file=convert_file, max_body_bytes=documents.max_body_bytes)
