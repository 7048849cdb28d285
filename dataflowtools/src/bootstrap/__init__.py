"""Composition root: the only place that builds adapters and hands them to use cases, one module a subject."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from tornado.web import Application

from dataflowtools.src.bootstrap.analysis import analysis_uses
from dataflowtools.src.bootstrap.coderunner import open_coderunner, package_uses
from dataflowtools.src.bootstrap.documents import document_uses
from dataflowtools.src.bootstrap.files import file_uses, keep_sweeping, open_file_store
from dataflowtools.src.bootstrap.ocr import open_seeing
from dataflowtools.src.bootstrap.rows import open_rows
from dataflowtools.src.bootstrap.tags import tag_uses
from dataflowtools.src.bootstrap.workers import open_workers
from dataflowtools.src.common.settings import Settings
from dataflowtools.src.driveradapters.error_table import ERROR_TABLE
from dataflowtools.src.driveradapters.routes import Uses, all_routes
from dataflowtools.src.logics.file.ports.file_catalogue import FileCatalogue
from dataflowtools.src.logics.file.ports.file_store import FileStore
from dataflowtools.src.logics.tag.ports.tag_catalogue import TagCatalogue
from servicekit.health import Health
from servicekit.http import make_app
from servicekit.keys import KeyFile, check_exposure
from servicekit.metrics import Metrics

VERSION = "1.0.0"


@asynccontextmanager
async def bootstrap(
    settings: Settings,
    *,
    file_store: FileStore | None = None,
    file_catalogue: FileCatalogue | None = None,
    tag_catalogue: TagCatalogue | None = None,
) -> AsyncIterator[Application]:
    """Build the service from real adapters unless a port is given; what is opened here is closed here."""
    keys = KeyFile(settings.api_key_file) if settings.api_key_file else None
    check_exposure(settings.host, keys, auth=settings.auth)
    health, metrics = Health(), Metrics()
    async with AsyncExitStack() as resources:
        store = file_store or open_file_store(settings, resources, health)
        if file_catalogue is None or tag_catalogue is None:
            rows = await open_rows(settings, resources, health)
            file_catalogue, tag_catalogue = file_catalogue or rows.files, tag_catalogue or rows.tags
        await keep_sweeping(settings, resources, health, store=store, catalogue=file_catalogue)
        workers = await open_workers(settings, resources, health, metrics)
        seeing = open_seeing(
            settings, resources, health, workers=workers, store=store, catalogue=file_catalogue
        )
        coderunner = open_coderunner(settings, resources)
        files = file_uses(settings, store=store, catalogue=file_catalogue, workers=workers)
        uses = Uses(
            files=files,
            documents=document_uses(
                settings,
                resources,
                workers=workers,
                store=store,
                catalogue=file_catalogue,
                recogniser=seeing.recogniser,
            ),
            seeing=seeing.uses,
            tags=tag_uses(settings, resources, catalogue=tag_catalogue),
            analysis=analysis_uses(
                settings,
                resources,
                workers=workers,
                open_file=files.open_file,
                upload_files=files.upload_files,
                execution=coderunner,
            ),
            packages=package_uses(coderunner),
        )
        yield make_app(
            all_routes(uses),
            name="dataflowtools",
            version=VERSION,
            description="Reads, writes and converts documents, reads pictures, analyses tables.",
            errors=ERROR_TABLE,
            keys=keys,
            health=health,
            metrics=metrics,
            max_body_bytes=settings.max_body_bytes,
            body_timeout_s=settings.upload_idle_s,
            trusted_hosts=("*",) if settings.auth == "none" else (),
        )
