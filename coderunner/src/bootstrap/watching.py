"""What is told of the runs beside their replies: figures for Prometheus, and the security status of each."""

import asyncio
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta

from coderunner.src.bootstrap.runs import Runs
from coderunner.src.common.settings import Settings
from coderunner.src.driveradapters.runner.metrics import watch_surroundings
from coderunner.src.logics.code.count_inventory import CountInventory
from coderunner.src.logics.code.keep_history import Retention, keep_history
from coderunner.src.logics.code.monitor_execution import MonitorExecution
from coderunner.src.logics.runner.cached_runs import CachedRuns
from servicekit.health import Health
from servicekit.metrics import Metrics


def open_watching(
    settings: Settings,
    runs: Runs,
    cached_runs: CachedRuns,
    resources: AsyncExitStack,
    *,
    health: Health,
    metrics: Metrics,
) -> MonitorExecution:
    """Start counting and trimming; the rest is looked up when it is asked for."""
    history = runs.toolkit.history
    inventory = CountInventory(history=history, now=_now)
    retention = Retention(timedelta(seconds=settings.retention_s), settings.retention_count)
    loop = asyncio.get_running_loop()
    for name, work in (
        ("inventory", inventory.keep_counting()),
        ("retention", keep_history(history, retention, _now)),
    ):
        task = loop.create_task(work)
        resources.push_async_callback(_end, task)
        health.watch(name, task)
    watch_surroundings(metrics.registry, cached_runs, inventory)
    return MonitorExecution(board=runs.board, history=history, sandbox=runs.sandbox)


def _now() -> datetime:
    return datetime.now(UTC)


async def _end(task: "asyncio.Task[None]") -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
