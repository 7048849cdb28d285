"""The worker command: runs and changes of packages that the broker brings, with health and metrics beside."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from coderunner.src.bootstrap import VERSION
from coderunner.src.bootstrap.executions import handlers_of, results_folder
from coderunner.src.bootstrap.runs import open_runs
from coderunner.src.common.security import key_policy
from coderunner.src.common.settings import Settings
from coderunner.src.drivenadapters.database.owner import OWNER
from executor.adapters.celery.worker import WorkerParts, WorkerPlan, run_worker
from executor.adapters.prometheus import PrometheusMonitoring
from executor.adapters.results import open_results
from executor.http.worker_face import worker_face
from rowkit.opening import database_url
from servicekit.health import Health
from servicekit.keys import KeyFile, check_exposure
from servicekit.metrics import Metrics


def work(settings: Settings) -> None:
    """Work until SIGTERM. Runs are processes of the sandbox, so one process with threads carries them all."""
    slots = min(settings.max_workers, settings.max_concurrent_runs)
    plan = WorkerPlan(settings, database_url(settings, OWNER), lambda: _parts(settings), slots, "threads")
    run_worker(plan)


@asynccontextmanager
async def _parts(settings: Settings) -> AsyncIterator[WorkerParts]:
    """Open what the service opens, except its routes."""
    keys = KeyFile(settings.api_key_file, key_policy) if settings.api_key_file else None
    check_exposure(settings.host, keys, auth=settings.auth)
    health, metrics = Health(), Metrics()
    async with AsyncExitStack() as resources:
        runs = await open_runs(settings, resources, health, metrics)
        results = await resources.enter_async_context(open_results(settings, results_folder(settings)))
        face = worker_face(
            name="coderunner-worker", version=VERSION, host=settings.host, port=settings.port, auth=settings.auth,
            keys=keys, health=health, metrics=metrics,
        )  # fmt: skip
        await resources.enter_async_context(face)
        yield WorkerParts(handlers_of(settings, runs), results, PrometheusMonitoring(metrics.registry))
