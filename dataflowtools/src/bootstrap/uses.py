"""The use cases and what they stand on, for the service and for its workers."""

from contextlib import AsyncExitStack
from dataclasses import dataclass

from dataflowtools.src.bootstrap.analysis import analysis_uses, open_table_engine
from dataflowtools.src.bootstrap.batches import batch_uses
from dataflowtools.src.bootstrap.coderunner import open_coderunner, package_uses
from dataflowtools.src.bootstrap.converting import converting_uses
from dataflowtools.src.bootstrap.documents import document_uses
from dataflowtools.src.bootstrap.files import file_uses
from dataflowtools.src.bootstrap.ocr import open_seeing
from dataflowtools.src.bootstrap.programs import open_programs
from dataflowtools.src.bootstrap.tags import tag_uses
from dataflowtools.src.bootstrap.workers import open_workers
from dataflowtools.src.bootstrap.writing import make_workshop, writing_uses
from dataflowtools.src.common.settings import Settings
from dataflowtools.src.driveradapters.routes import Uses
from dataflowtools.src.logics.file.ports.file_catalogue import FileCatalogue
from dataflowtools.src.logics.file.ports.file_store import FileStore
from dataflowtools.src.logics.tag.ports.tag_catalogue import TagCatalogue
from servicekit.health import Health
from servicekit.metrics import Metrics


@dataclass(frozen=True, slots=True, kw_only=True)
class Stores:
    """Where files and what is known of them are kept."""

    files: FileStore
    file_catalogue: FileCatalogue
    tag_catalogue: TagCatalogue


async def open_uses(
    settings: Settings, stores: Stores, resources: AsyncExitStack, health: Health, metrics: Metrics
) -> Uses:
    """Open the limited workers and build every use case on them."""
    store, catalogue = stores.files, stores.file_catalogue
    workers = await open_workers(settings, resources, health, metrics)
    seeing = open_seeing(settings, resources, health, workers=workers, store=store, catalogue=catalogue)
    coderunner = open_coderunner(settings, resources)
    programs = open_programs(settings, resources, workers)
    files = file_uses(settings, store=store, catalogue=catalogue, workers=workers, programs=programs)
    engine = open_table_engine(settings, resources, workers)
    documents = document_uses(
        settings,
        resources,
        workers=workers,
        programs=programs,
        store=store,
        catalogue=catalogue,
        recogniser=seeing.recogniser,
    )
    workshop = make_workshop(settings, workers)
    converting = converting_uses(
        settings, programs=programs, engine=engine, workshop=workshop, documents=documents, files=files
    )
    writing = writing_uses(
        settings,
        workshop=workshop,
        files=files,
        store=store,
        catalogue=catalogue,
        convert_file=converting.convert_file,
        programs=programs,
    )
    return Uses(
        files=files,
        documents=documents,
        converting=converting,
        writing=writing,
        batches=batch_uses(
            settings,
            programs=programs,
            files=files,
            documents=documents,
            convert_file=converting.convert_file,
            writing=writing,
        ),
        seeing=seeing.uses,
        tags=tag_uses(settings, resources, catalogue=stores.tag_catalogue),
        analysis=analysis_uses(
            settings,
            engine=engine,
            open_file=files.open_file,
            upload_files=files.upload_files,
            execution=coderunner,
        ),
        packages=package_uses(coderunner),
    )
