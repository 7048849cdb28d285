"""Making, changing and filling documents: the workshop and its use cases."""

from dataflowtools.src.bootstrap.files import file_limits
from dataflowtools.src.bootstrap.programs import Programs
from dataflowtools.src.common.settings import Settings
from dataflowtools.src.drivenadapters.documents_out.worker_document_workshop import WorkerDocumentWorkshop
from dataflowtools.src.drivenadapters.workers.limited_workers import LimitedWorkers
from dataflowtools.src.driveradapters.file.routes import FileUses
from dataflowtools.src.driveradapters.file.writing_routes import WritingUses
from dataflowtools.src.logics.file.converting.convert_file import ConvertFile
from dataflowtools.src.logics.file.ports.file_catalogue import FileCatalogue
from dataflowtools.src.logics.file.ports.file_store import FileStore
from dataflowtools.src.logics.file.templates.fill_template import FillTemplate
from dataflowtools.src.logics.file.templates.print_filled import PrintFilled
from dataflowtools.src.logics.file.writing.convert_bytes import ConvertBytes
from dataflowtools.src.logics.file.writing.edit_document import EditDocument
from dataflowtools.src.logics.file.writing.ports.document_workshop import DocumentWorkshop
from dataflowtools.src.logics.file.writing.write_document import WriteDocument


def make_workshop(settings: Settings, workers: LimitedWorkers) -> WorkerDocumentWorkshop:
    """Make and change documents in limited workers."""
    return WorkerDocumentWorkshop(
        workers,
        folder=settings.data_dir / "held",
        timeout_s=settings.document_timeout_s,
        memory_bytes=settings.document_memory_bytes,
        max_bytes=settings.document_max_bytes,
    )


def writing_uses(
    settings: Settings,
    *,
    workshop: DocumentWorkshop,
    files: FileUses,
    store: FileStore,
    catalogue: FileCatalogue,
    convert_file: ConvertFile,
    programs: Programs,
) -> WritingUses:
    """Build the use cases of making documents."""
    convert = ConvertBytes(convert_file=convert_file, read=programs.held.read)
    return WritingUses(
        write_document=WriteDocument(
            workshop=workshop, open_file=files.open_file, upload_files=files.upload_files, convert=convert
        ),
        edit_document=EditDocument(
            workshop=workshop, open_file=files.open_file, store=store, catalogue=catalogue,
            upload_files=files.upload_files, limits=file_limits(settings), convert=convert,
        ),
        fill_template=FillTemplate(
            workshop=workshop, open_file=files.open_file, upload_files=files.upload_files,
            printer=PrintFilled(convert=convert, workshop=workshop),
            max_records=settings.template_max_records,
        ),
    )  # fmt: skip
