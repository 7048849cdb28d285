"""What is told of the runs beside their replies: figures for Prometheus, and the security status of each."""

import asyncio
from contextlib import AsyncExitStack
from datetime import UTC, datetime

from coderunner.src.bootstrap.runs import Runs
from coderunner.src.driveradapters.runner.metrics import watch_surroundings
from coderunner.src.logics.code.count_inventory import CountInventory
from coderunner.src.logics.code.monitor_execution import MonitorExecution
from coderunner.src.logics.runner.cached_runs import CachedRuns
from servicekit.health import Health
from servicekit.metrics import Metrics


def open_watching(
    runs: Runs, cached_runs: CachedRuns, resources: AsyncExitStack, health: Health, metrics: Metrics
) -> MonitorExecution:
    """Start counting; the rest is looked up when it is asked for."""
    inventory = CountInventory(history=runs.toolkit.history, now=lambda: datetime.now(UTC))
    counting = asyncio.get_running_loop().create_task(inventory.keep_counting())
    resources.push_async_callback(_end, counting)
    health.watch("inventory", counting)
    watch_surroundings(metrics.registry, cached_runs, inventory)
    return MonitorExecution(board=runs.board, history=runs.toolkit.history, sandbox=runs.sandbox)


async def _end(task: "asyncio.Task[None]") -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
