"""Composition root: the only place that builds adapters and hands them to use cases, one module a subject."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from tornado.web import Application

from dataflowtools.src.bootstrap.executions import handlers_of, open_executions
from dataflowtools.src.bootstrap.files import keep_sweeping, open_file_store
from dataflowtools.src.bootstrap.rows import open_rows
from dataflowtools.src.bootstrap.uses import Stores, open_uses
from dataflowtools.src.common.settings import Settings
from dataflowtools.src.common.version import VERSION
from dataflowtools.src.driveradapters.error_table import ERROR_TABLE
from dataflowtools.src.driveradapters.routes import all_routes
from dataflowtools.src.logics.file.ports.file_catalogue import FileCatalogue
from dataflowtools.src.logics.file.ports.file_store import FileStore
from dataflowtools.src.logics.tag.ports.tag_catalogue import TagCatalogue
from executor.http.errors import EXECUTION_ERRORS
from servicekit.health import Health
from servicekit.http import make_app
from servicekit.keys import KeyFile, check_exposure
from servicekit.metrics import Metrics


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
        rows = await open_rows(settings, resources, health)
        stores = Stores(
            files=file_store or open_file_store(settings, resources, health),
            file_catalogue=file_catalogue or rows.files,
            tag_catalogue=tag_catalogue or rows.tags,
        )
        await keep_sweeping(settings, resources, health, store=stores.files, catalogue=stores.file_catalogue)
        uses = await open_uses(settings, stores, resources, health, metrics)
        engine = await open_executions(
            settings, rows.database, resources, health,
            metrics=metrics, handlers=handlers_of(settings, uses),
        )  # fmt: skip
        yield make_app(
            all_routes(uses, engine),
            name="dataflowtools",
            version=VERSION,
            description="Reads, writes and converts documents, reads pictures, analyses tables.",
            errors={**EXECUTION_ERRORS, **ERROR_TABLE},
            keys=keys,
            health=health,
            metrics=metrics,
            max_body_bytes=settings.max_body_bytes,
            body_timeout_s=settings.upload_idle_s,
            trusted_hosts=("*",) if settings.auth == "none" else (),
        )
