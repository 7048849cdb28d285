"""Batches: operations over many files, on the use cases for one file."""

from dataflowtools.src.bootstrap.programs import Programs
from dataflowtools.src.common.settings import Settings
from dataflowtools.src.drivenadapters.converting.zip_archives import ZipArchives
from dataflowtools.src.driveradapters.file.batch_routes import BatchUses
from dataflowtools.src.driveradapters.file.document_routes import DocumentUses
from dataflowtools.src.driveradapters.file.routes import FileUses
from dataflowtools.src.driveradapters.file.writing_routes import WritingUses
from dataflowtools.src.logics.file.batch.operations import BatchOperations
from dataflowtools.src.logics.file.batch.results import BatchResults
from dataflowtools.src.logics.file.batch.run_batch import RunBatch
from dataflowtools.src.logics.file.batch.sources import OpenSources
from dataflowtools.src.logics.file.converting.convert_file import ConvertFile


def batch_uses(
    settings: Settings,
    *,
    programs: Programs,
    files: FileUses,
    documents: DocumentUses,
    convert_file: ConvertFile,
    writing: WritingUses,
) -> BatchUses:
    """Build the use case of batches and what makes their operations."""
    held = programs.held
    archives = ZipArchives(programs.steps, held)
    run_batch = RunBatch(
        sources=OpenSources(
            open_file=files.open_file, take=documents.parse_document.take, archives=archives,
            max_files=settings.batch_max_files,
        ),
        results=BatchResults(
            open_file=files.open_file, upload_files=files.upload_files, take=held.take, read=held.read,
            archives=archives,
        ),
        at_once=settings.convert_workers,
    )  # fmt: skip
    operations = BatchOperations(
        convert_file=convert_file, parse_document=documents.parse_document,
        write_document=writing.write_document, edit_document=writing.edit_document,
        fill_template=writing.fill_template, read=held.read, max_json_bytes=settings.max_body_bytes,
    )  # fmt: skip
    return BatchUses(run_batch=run_batch, operations=operations)
