"""What runs code, and what it stands on: for the service and for its workers."""

import os
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import Any

from coderunner.src.bootstrap.extensions import executor_of
from coderunner.src.bootstrap.rows import open_rows
from coderunner.src.bootstrap.toolkit import Toolkit, open_toolkit
from coderunner.src.common.limits import MEGABYTE, Limits
from coderunner.src.common.settings import Settings
from coderunner.src.drivenadapters.host_memory import HostMemory
from coderunner.src.drivenadapters.sandbox.building import open_sandbox
from coderunner.src.driveradapters.runner.metrics import watch_runs
from coderunner.src.errors import SandboxRefused
from coderunner.src.logics.runner.admission import Admission
from coderunner.src.logics.runner.execute_code import ExecuteCode
from coderunner.src.logics.runner.limits import LimitRules
from coderunner.src.logics.runner.ports.sandbox import Sandbox
from coderunner.src.logics.runner.run_board import RunBoard
from rowkit.database import SqlDatabase
from servicekit.health import Health
from servicekit.metrics import Metrics


@dataclass(frozen=True, slots=True, kw_only=True)
class Runs:
    """The toolkit, and the running of code while a caller waits and within executions."""

    database: SqlDatabase
    sandbox: Sandbox
    board: RunBoard
    toolkit: Toolkit
    execute_code: ExecuteCode
    asynchronous: ExecuteCode


async def open_runs(
    settings: Settings,
    resources: AsyncExitStack,
    health: Health,
    metrics: Metrics,
    *,
    sandbox: Sandbox | None = None,
) -> Runs:
    """Open rows, toolkit and sandbox; both ways of running share the sandbox and its places."""
    database = await open_rows(settings, resources, health)
    toolkit = await open_toolkit(settings, database, resources, health, sandbox=lambda: own)
    own = await resources.enter_async_context(open_sandbox(settings)) if sandbox is None else sandbox
    runner = executor_of(settings, own)
    admission = Admission(
        places=settings.max_concurrent_runs,
        line=settings.run_queue_size,
        free_memory_bytes=HostMemory().free_bytes,
        reserve_bytes=settings.memory_reserve_mb * MEGABYTE,
    )
    board = RunBoard()
    make_execute_code = partial(
        ExecuteCode,
        sandbox=runner,
        admission=admission,
        levels=frozenset(settings.security_levels),
        policy=toolkit.policy,
        environments=toolkit.environments.runs,
        provide=toolkit.provide,
        history=toolkit.history,
        durable=settings.durable_history,
        board=board,
    )
    cores, defaults = os.cpu_count() or 1, settings.default_limits()
    health.probe("sandbox", lambda: _look_at(runner))
    watch_runs(metrics.registry, runner, admission, board)
    return Runs(
        database=database,
        sandbox=runner,
        board=board,
        toolkit=toolkit,
        execute_code=make_execute_code(rules=LimitRules(defaults, settings.max_limits(), cores)),
        asynchronous=make_execute_code(rules=LimitRules(defaults, _patient(settings), cores)),
    )


def _patient(settings: Settings) -> Limits:
    """Asynchronous runs may last as long as executions may."""
    return replace(settings.max_limits(), wall_s=max(settings.max_execution_time, settings.max_timeout_s))


async def _look_at(sandbox: Sandbox) -> Mapping[str, Any]:
    state = sandbox.state()
    if not state.ready:
        raise SandboxRefused(state.refusal or "the pool is filling")
    return {"layers": [asdict(layer) for layer in state.layers], "pools": state.pools}
