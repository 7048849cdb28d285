"""The routes of the platform's own calls."""

from coderunner.src.common.program import SecurityLevel
from coderunner.src.driveradapters.platform.handlers import (
    AliveHandler,
    AsyncRunByParamsHandler,
    PackageHandler,
    ReadyHandler,
    RunByParamsHandler,
)
from coderunner.src.logics.environment.toolkit import EnvironmentToolkit
from coderunner.src.logics.runner.execute_code import ExecuteCode
from executor.core.engine import ExecutionEngine
from servicekit.http import Route

_PREFIX = "/api/coderunner/v1"


def platform_routes(
    *,
    execute_code: ExecuteCode,
    default_level: SecurityLevel,
    toolkit: EnvironmentToolkit,
    engine: ExecutionEngine,
) -> list[Route]:
    """Health as words, runs by typed values, and packages by name."""
    return [
        Route(f"{_PREFIX}/health/ready", ReadyHandler),
        Route(f"{_PREFIX}/health/alive", AliveHandler),
        Route(
            f"{_PREFIX}/pycode/run-by-params",
            RunByParamsHandler,
            {"execute_code": execute_code, "default_level": default_level},
        ),
        Route(f"{_PREFIX}/pycode/async-run-by-params", AsyncRunByParamsHandler, {"engine": engine}),
        Route(f"{_PREFIX}/py-packages/{{name}}", PackageHandler, {"toolkit": toolkit, "engine": engine}),
    ]
