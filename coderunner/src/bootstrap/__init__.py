"""Composition root: the only place that builds adapters and hands them to use cases."""

import os
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import asdict, replace
from functools import partial
from typing import Any

from tornado.web import Application

from coderunner.src.bootstrap.caching import open_cached_runs
from coderunner.src.bootstrap.executions import open_executions
from coderunner.src.bootstrap.rows import open_rows
from coderunner.src.bootstrap.toolkit import open_toolkit
from coderunner.src.common.limits import MEGABYTE, Limits
from coderunner.src.common.settings import Settings
from coderunner.src.drivenadapters.held_keys import HeldKeys
from coderunner.src.drivenadapters.host_memory import free_memory_bytes
from coderunner.src.drivenadapters.sandbox.building import open_sandbox
from coderunner.src.driveradapters.code.routes import code_routes
from coderunner.src.driveradapters.error_table import ERROR_TABLE
from coderunner.src.driveradapters.pypkg.routes import package_routes
from coderunner.src.driveradapters.routes import all_routes
from coderunner.src.driveradapters.runner.metrics import watch_runs
from coderunner.src.errors import SandboxRefused
from coderunner.src.logics.runner.admission import Admission
from coderunner.src.logics.runner.execute_code import ExecuteCode
from coderunner.src.logics.runner.limits import LimitRules
from coderunner.src.logics.runner.ports.sandbox import Sandbox
from executor.http.errors import EXECUTION_ERRORS
from executor.http.routes import execution_routes
from servicekit.health import Health
from servicekit.http import make_app
from servicekit.keys import check_exposure
from servicekit.metrics import Metrics

VERSION = "1.0.0"


@asynccontextmanager
async def bootstrap(settings: Settings, *, sandbox: Sandbox | None = None) -> AsyncIterator[Application]:
    """Build the service from real adapters unless a port is given; whatever is opened here is closed here."""
    keys = HeldKeys(settings.api_key_file) if settings.api_key_file else None
    check_exposure(settings.host, keys, auth=settings.auth)
    if keys:
        keys.check()
    health, metrics = Health(), Metrics()
    async with AsyncExitStack() as resources:
        database = await open_rows(settings, resources, health)
        toolkit = await open_toolkit(settings, database, resources, health, warm=lambda: runner.state().warm)
        runner = await resources.enter_async_context(open_sandbox(settings)) if sandbox is None else sandbox
        admission = Admission(
            places=settings.max_concurrent_runs,
            line=settings.run_queue_size,
            free_memory_bytes=free_memory_bytes,
            reserve_bytes=settings.memory_reserve_mb * MEGABYTE,
        )
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
        )
        cores, defaults = os.cpu_count() or 1, settings.default_limits()
        execute_code = make_execute_code(rules=LimitRules(defaults, settings.max_limits(), cores))
        asynchronous = make_execute_code(rules=LimitRules(defaults, _patient(settings), cores))
        cached_runs = open_cached_runs(
            settings, resources, VERSION,
            execute_code=execute_code, environments=toolkit.environments.runs,
        )  # fmt: skip
        engine = await open_executions(
            settings, database, resources, health,
            execute_code=asynchronous, environments=toolkit.environments,
        )  # fmt: skip
        health.probe("sandbox", lambda: _look_at(runner))
        watch_runs(metrics.registry, runner, admission)
        yield make_app(
            [
                *all_routes(
                    execute_code=execute_code,
                    cached_runs=cached_runs,
                    default_level=settings.default_security_level,
                ),
                *code_routes(toolkit.code, toolkit.history, settings.default_security_level),
                *package_routes(toolkit.environments, engine),
                *execution_routes(engine),
            ],
            name="coderunner",
            version=VERSION,
            description="Runs people's and AI agents' Python: sandboxed, in a fresh isolated process per run.",
            errors={**EXECUTION_ERRORS, **ERROR_TABLE},
            keys=keys,
            health=health,
            metrics=metrics,
            max_body_bytes=settings.max_body_bytes,
            trusted_hosts=("*",) if settings.auth == "none" else (),
        )


def _patient(settings: Settings) -> Limits:
    """Asynchronous runs may last as long as executions may."""
    return replace(settings.max_limits(), wall_s=max(settings.max_execution_time, settings.max_timeout_s))


async def _look_at(sandbox: Sandbox) -> Mapping[str, Any]:
    state = sandbox.state()
    if not state.ready:
        raise SandboxRefused(state.refusal or "the pool is filling")
    return {"layers": [asdict(layer) for layer in state.layers], "pools": state.pools}
