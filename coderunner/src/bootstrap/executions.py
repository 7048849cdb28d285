"""The engine that carries long work: asynchronous runs and changes of packages."""

import asyncio
from collections.abc import Collection, Mapping
from contextlib import AsyncExitStack
from pathlib import Path

from coderunner.src.bootstrap.runs import Runs
from coderunner.src.common.settings import Settings
from coderunner.src.driveradapters.execution.packages_handler import (
    KIND,
    ChangePackagesHandler,
    environment_under_way,
)
from coderunner.src.driveradapters.execution.pycode_handler import KIND as PYCODE
from coderunner.src.driveradapters.execution.pycode_handler import RunPycode
from coderunner.src.driveradapters.execution.python_handler import RunPermissions, RunPython
from coderunner.src.logics.environment.keep_tidy import keep_tidy
from executor.adapters.prometheus import PrometheusMonitoring
from executor.adapters.webhooks.addresses import AllowedAddresses
from executor.assembly import open_engine
from executor.common.queues import ExecutionFilter
from executor.common.states import ExecutionStatus
from executor.core.engine import ExecutionEngine
from executor.ports.handler import Handler
from servicekit.health import Health
from servicekit.metrics import Metrics


def handlers_of(settings: Settings, runs: Runs) -> Mapping[str, Handler]:
    """What carries out each kind, here and in workers."""
    return {
        "python": RunPython(
            runs.asynchronous,
            settings.default_security_level,
            default_timeout_s=settings.default_timeout_s,
        ),
        KIND: ChangePackagesHandler(runs.toolkit.environments),
        PYCODE: _pycode(settings, runs),
    }


def _pycode(settings: Settings, runs: Runs) -> RunPycode:
    """The platform knows no signatures: its callbacks need an allowed host, and no secret."""
    allowed = AllowedAddresses(settings.callback_allow, settings.callback_private)
    return RunPycode(
        runs.execute_code,
        settings.default_security_level,
        allowed,
        default_timeout_s=settings.default_timeout_s,
    )


def results_folder(settings: Settings) -> Path:
    """Where large results are kept unless a bucket is named."""
    return settings.data_dir / "results"


async def open_executions(
    settings: Settings, runs: Runs, resources: AsyncExitStack, health: Health, metrics: Metrics
) -> ExecutionEngine:
    """A running engine with this service's kinds, in this service's database."""
    engine = await resources.enter_async_context(
        open_engine(
            _bounded(settings),
            database_url=runs.database.engine.url.render_as_string(hide_password=False),
            handlers=handlers_of(settings, runs),
            results=results_folder(settings),
            permissions=RunPermissions({"python": "run", PYCODE: "run", KIND: "packages"}),
            monitoring=PrometheusMonitoring(metrics.registry),
            drain_s=settings.drain_s,
        )
    )
    for loop in engine.loops:
        health.watch(f"executions_{loop.get_name()}", loop)
    tidying = asyncio.create_task(keep_tidy(runs.toolkit.environments, lambda: _under_way(engine)))
    resources.push_async_callback(_end, tidying)
    health.watch("environments", tidying)
    return engine


def _bounded(settings: Settings) -> Settings:
    """Start no more programs than the sandbox has places, and leave a quarter of them to callers who wait.

    What waits in the sandbox's line counts as running: its time passes, and no priority brings it forward.
    """
    if settings.executor_backend == "celery":  # the worker command has a sandbox of its own
        return settings
    places = settings.max_concurrent_runs
    most = max(1, places - places // 4)
    caps = {"python": most, PYCODE: most, **settings.max_running_per_kind}
    return settings.model_copy(update={"max_running_per_kind": caps})


async def _under_way(engine: ExecutionEngine) -> Collection[str]:
    """Environments that executions which have not ended will fill."""
    active = tuple(status for status in ExecutionStatus if not status.is_final)
    found: set[str] = set()
    before = None
    while True:
        page = await engine.page(ExecutionFilter(kind=KIND, statuses=active), limit=200, before=before)
        for info in page.items:
            request = await engine.request_of(info.execution_id, None)
            found |= {one for one in [environment_under_way(request.parameters)] if one}
        if page.next_before is None:
            return found
        before = page.next_before


async def _end(task: "asyncio.Task[None]") -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
