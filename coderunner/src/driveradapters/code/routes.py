"""The routes of /api/code."""

from coderunner.src.common.program import SecurityLevel
from coderunner.src.driveradapters.code.handlers import DependenciesHandler, ParseHandler, ValidateHandler
from coderunner.src.driveradapters.code.history_handlers import HistoryHandler, MetricsHandler
from coderunner.src.logics.code.ports.run_history import RunHistory
from coderunner.src.logics.code.toolkit import CodeToolkit
from servicekit.http import Route


def code_routes(code: CodeToolkit, history: RunHistory, default_level: SecurityLevel) -> list[Route]:
    """Parsing, validating and finding dependencies."""
    return [
        Route("/api/code/parse", ParseHandler, {"parse_code": code.parse_code, "history": history}),
        Route(
            "/api/code/validate",
            ValidateHandler,
            {"validate_code": code.validate_code, "default_level": default_level},
        ),
        Route("/api/code/metrics", MetricsHandler, {"history": history}),
        Route("/api/code/modules", HistoryHandler, {"read": history.modules}),
        Route("/api/code/executions", HistoryHandler, {"read": history.executions}),
        Route("/api/code/installed", HistoryHandler, {"read": history.dependencies}),
        Route("/api/code/dependencies", DependenciesHandler, {"find_dependencies": code.find_dependencies}),
    ]
