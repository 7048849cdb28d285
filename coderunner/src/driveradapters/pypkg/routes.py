"""The routes of /api/pypkg and /api/environments."""

from coderunner.src.driveradapters.environment.advisories_handler import (
    AdvisoriesHandler,
    EnvironmentAdvisoriesHandler,
)
from coderunner.src.driveradapters.environment.handlers import (
    ActivateHandler,
    CloneHandler,
    EnvironmentHandler,
    EnvironmentsHandler,
    LockHandler,
    ProblemsHandler,
)
from coderunner.src.driveradapters.pypkg.handlers import (
    EnvironmentPackagesHandler,
    InstallHandler,
    ListHandler,
    UninstallHandler,
)
from coderunner.src.logics.environment.list_advisories import ListAdvisories
from coderunner.src.logics.environment.toolkit import EnvironmentToolkit
from executor.core.engine import ExecutionEngine
from servicekit.http import Route


def package_routes(
    toolkit: EnvironmentToolkit, engine: ExecutionEngine, list_advisories: ListAdvisories
) -> list[Route]:
    """Environments and what is installed in them."""
    parts = {"toolkit": toolkit}
    changing = {"toolkit": toolkit, "engine": engine}
    advisories = {"list_advisories": list_advisories}
    one = "/api/environments/{environment_id}"
    return [
        Route("/api/pypkg/install", InstallHandler, changing),
        Route("/api/pypkg/list", ListHandler, changing),
        Route("/api/pypkg/uninstall", UninstallHandler, changing),
        Route("/api/pypkg/advisories", AdvisoriesHandler, advisories),
        Route("/api/environments", EnvironmentsHandler, changing),
        Route(one, EnvironmentHandler, parts),
        Route(f"{one}/packages", EnvironmentPackagesHandler, changing),
        Route(f"{one}/advisories", EnvironmentAdvisoriesHandler, advisories),
        Route(f"{one}/activate", ActivateHandler, parts),
        Route(f"{one}/clone", CloneHandler, parts),
        Route(f"{one}/lock", LockHandler, parts),
        Route(f"{one}/validate", ProblemsHandler, parts),
    ]
