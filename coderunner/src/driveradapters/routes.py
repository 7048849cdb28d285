"""The whole HTTP surface on one page."""

from coderunner.src.common.program import SecurityLevel
from coderunner.src.driveradapters.runner.execute_handler import ExecuteHandler
from coderunner.src.logics.runner.cached_runs import CachedRuns
from coderunner.src.logics.runner.execute_code import ExecuteCode
from servicekit.http import Route


def all_routes(
    *, execute_code: ExecuteCode, cached_runs: CachedRuns, default_level: SecurityLevel
) -> list[Route]:
    """List every route of the service."""
    return [
        Route(
            "/api/runner/execute",
            ExecuteHandler,
            {"execute_code": execute_code, "cached_runs": cached_runs, "default_level": default_level},
        ),
    ]
