"""The worker command: documents and pictures that the broker brings, with health and metrics beside."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from dataflowtools.src.bootstrap.executions import handlers_of, results_folder
from dataflowtools.src.bootstrap.files import open_file_store
from dataflowtools.src.bootstrap.rows import open_rows
from dataflowtools.src.bootstrap.uses import Stores, open_uses
from dataflowtools.src.common.settings import Settings
from dataflowtools.src.common.version import VERSION
from dataflowtools.src.drivenadapters.database.owner import OWNER
from executor.adapters.celery.worker import WorkerParts, WorkerPlan, run_worker
from executor.adapters.prometheus import PrometheusMonitoring
from executor.adapters.results import open_results
from executor.http.worker_face import worker_face
from rowkit.opening import database_url
from servicekit.health import Health
from servicekit.keys import KeyFile, check_exposure
from servicekit.metrics import Metrics


def work(settings: Settings) -> None:
    """Work until SIGTERM. Documents are read in limited processes, so one process with threads carries them."""
    processes = settings.document_workers + settings.ocr_workers + settings.convert_workers
    slots = min(settings.max_workers, processes)
    plan = WorkerPlan(settings, database_url(settings, OWNER), lambda: _parts(settings), slots, "threads")
    run_worker(plan)


@asynccontextmanager
async def _parts(settings: Settings) -> AsyncIterator[WorkerParts]:
    """Open what the service opens, except its routes and its sweeps."""
    keys = KeyFile(settings.api_key_file) if settings.api_key_file else None
    check_exposure(settings.host, keys, auth=settings.auth)
    health, metrics = Health(), Metrics()
    async with AsyncExitStack() as resources:
        rows = await open_rows(settings, resources, health)
        files = open_file_store(settings, resources, health)
        stores = Stores(files=files, file_catalogue=rows.files, tag_catalogue=rows.tags)
        uses = await open_uses(settings, stores, resources, health, metrics)
        results = await resources.enter_async_context(open_results(settings, results_folder(settings)))
        face = worker_face(
            name="dataflowtools-worker", version=VERSION, host=settings.host, port=settings.port, auth=settings.auth,
            keys=keys, health=health, metrics=metrics,
        )  # fmt: skip
        await resources.enter_async_context(face)
        yield WorkerParts(handlers_of(settings, uses), results, PrometheusMonitoring(metrics.registry))
