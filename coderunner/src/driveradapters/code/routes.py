"""The routes of /api/code."""

from coderunner.src.common.program import SecurityLevel
from coderunner.src.driveradapters.code.extensions_handler import ExtensionsHandler
from coderunner.src.driveradapters.code.handlers import DependenciesHandler, ParseHandler, ValidateHandler
from coderunner.src.driveradapters.code.history_handlers import (
    ExecutionHandler,
    ExecutionsHandler,
    InstalledHandler,
    MetricsHandler,
    ModuleHandler,
    ModulesHandler,
    SecurityHandler,
)
from coderunner.src.logics.code.monitor_execution import MonitorExecution
from coderunner.src.logics.code.ports.run_history import RunHistory
from coderunner.src.logics.code.toolkit import CodeToolkit
from coderunner.src.logics.runner.ports.sandbox import Sandbox
from servicekit.http import Route


def code_routes(
    code: CodeToolkit,
    history: RunHistory,
    *,
    monitor: MonitorExecution,
    executor: Sandbox,
    default_level: SecurityLevel,
) -> list[Route]:
    """Parsing, validating, finding dependencies, the history and the security status of runs."""
    remembered = {"history": history}
    extensions = {"parser": code.analyser, "executor": executor, "catalogue": code.catalogue}
    return [
        Route("/api/code/parse", ParseHandler, {"parse_code": code.parse_code, "history": history}),
        Route(
            "/api/code/validate",
            ValidateHandler,
            {"validate_code": code.validate_code, "default_level": default_level},
        ),
        Route("/api/code/extensions", ExtensionsHandler, extensions),
        Route("/api/code/metrics", MetricsHandler, remembered),
        Route("/api/code/modules", ModulesHandler, remembered),
        Route("/api/code/modules/{module_id}", ModuleHandler, remembered),
        Route("/api/code/executions", ExecutionsHandler, remembered),
        Route("/api/code/executions/{execution_id}", ExecutionHandler, remembered),
        Route("/api/code/executions/{execution_id}/security", SecurityHandler, {"monitor": monitor}),
        Route("/api/code/installed", InstalledHandler, remembered),
        Route("/api/code/dependencies", DependenciesHandler, {"find_dependencies": code.find_dependencies}),
    ]
