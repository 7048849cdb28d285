"""Composition root: the only place that builds adapters and hands them to use cases."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from tornado.web import Application

from coderunner.src.bootstrap.caching import open_cached_runs
from coderunner.src.bootstrap.executions import open_executions
from coderunner.src.bootstrap.runs import open_runs
from coderunner.src.bootstrap.watching import open_watching
from coderunner.src.common.security import key_policy
from coderunner.src.common.settings import Settings
from coderunner.src.driveradapters.code.routes import code_routes
from coderunner.src.driveradapters.error_table import ERROR_TABLE
from coderunner.src.driveradapters.platform.routes import platform_routes
from coderunner.src.driveradapters.pypkg.routes import package_routes
from coderunner.src.driveradapters.routes import all_routes
from coderunner.src.logics.runner.ports.sandbox import Sandbox
from executor.http.errors import EXECUTION_ERRORS
from executor.http.routes import execution_routes
from servicekit.health import Health
from servicekit.http import make_app
from servicekit.keys import KeyFile, check_exposure
from servicekit.metrics import Metrics

VERSION = "1.0.0"


@asynccontextmanager
async def bootstrap(settings: Settings, *, sandbox: Sandbox | None = None) -> AsyncIterator[Application]:
    """Build the service from real adapters unless a port is given; whatever is opened here is closed here."""
    keys = KeyFile(settings.api_key_file, key_policy) if settings.api_key_file else None
    check_exposure(settings.host, keys, auth=settings.auth)
    health, metrics = Health(), Metrics()
    async with AsyncExitStack() as resources:
        runs = await open_runs(settings, resources, health, metrics, sandbox=sandbox)
        toolkit = runs.toolkit
        cached_runs = open_cached_runs(
            settings, resources, VERSION,
            execute_code=runs.execute_code, environments=toolkit.environments.runs,
        )  # fmt: skip
        monitor = open_watching(settings, runs, cached_runs, resources, health=health, metrics=metrics)
        engine = await open_executions(settings, runs, resources, health, metrics)
        yield make_app(
            [
                *all_routes(
                    execute_code=runs.execute_code,
                    cached_runs=cached_runs,
                    default_level=settings.default_security_level,
                ),
                *code_routes(
                    toolkit.code,
                    toolkit.history,
                    monitor=monitor,
                    executor=runs.sandbox,
                    default_level=settings.default_security_level,
                ),
                *package_routes(toolkit.environments, engine, toolkit.list_advisories),
                *platform_routes(
                    execute_code=runs.execute_code,
                    default_level=settings.default_security_level,
                    toolkit=toolkit.environments,
                    engine=engine,
                ),
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
