"""The engine that carries long work: asynchronous runs and changes of packages."""

import asyncio
from collections.abc import Collection
from contextlib import AsyncExitStack

from coderunner.src.common.settings import Settings
from coderunner.src.drivenadapters.database.sql_database import SqlDatabase
from coderunner.src.driveradapters.execution.packages_handler import (
    KIND,
    ChangePackagesHandler,
    environment_under_way,
)
from coderunner.src.driveradapters.execution.python_handler import RunPermissions, RunPython
from coderunner.src.logics.environment.keep_tidy import keep_tidy
from coderunner.src.logics.environment.toolkit import EnvironmentToolkit
from coderunner.src.logics.runner.execute_code import ExecuteCode
from executor.assembly import open_engine
from executor.common.queues import ExecutionFilter
from executor.common.states import ExecutionStatus
from executor.core.engine import ExecutionEngine
from servicekit.health import Health


async def open_executions(
    settings: Settings,
    database: SqlDatabase,
    resources: AsyncExitStack,
    health: Health,
    *,
    execute_code: ExecuteCode,
    environments: EnvironmentToolkit,
) -> ExecutionEngine:
    """A running engine with this service's kinds, in this service's database."""
    results = settings.data_dir / "results"
    results.mkdir(mode=0o700, parents=True, exist_ok=True)
    engine = await resources.enter_async_context(
        open_engine(
            settings,
            database_url=database.engine.url.render_as_string(hide_password=False),
            handlers={
                "python": RunPython(execute_code, settings.default_security_level),
                KIND: ChangePackagesHandler(environments),
            },
            results=results,
            permissions=RunPermissions({"python": "run", KIND: "packages"}),
            drain_s=settings.drain_s,
        )
    )
    for index, loop in enumerate(engine.loops):
        health.watch(f"executions_{index}", loop)
    tidying = asyncio.create_task(keep_tidy(environments, lambda: _under_way(engine)))
    resources.push_async_callback(_end, tidying)
    health.watch("environments", tidying)
    return engine


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
