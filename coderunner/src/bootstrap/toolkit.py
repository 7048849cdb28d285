"""The Python toolkit: code that is read, environments that runs see, and what is remembered of both."""

import logging
import sys
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import PurePosixPath

from coderunner.src.bootstrap.extensions import parser_of
from coderunner.src.common.settings import Settings
from coderunner.src.drivenadapters.code_workers.building import open_analyser
from coderunner.src.drivenadapters.database.sql_environment_catalogue import SqlEnvironmentCatalogue
from coderunner.src.drivenadapters.database.sql_run_history import SqlRunHistory
from coderunner.src.drivenadapters.environments.building import make_builder, make_sources, make_wheels
from coderunner.src.drivenadapters.environments.index_advisories import IndexAdvisories
from coderunner.src.drivenadapters.environments.roots import environments_root
from coderunner.src.drivenadapters.sandbox.guest_python import require_python
from coderunner.src.logics.code.code_rules import CodeRules
from coderunner.src.logics.code.distributions import canonical
from coderunner.src.logics.code.policy_rules import PolicyRules
from coderunner.src.logics.code.toolkit import CodeToolkit
from coderunner.src.logics.environment.index_rules import IndexRules, bare_indexes
from coderunner.src.logics.environment.list_advisories import ListAdvisories
from coderunner.src.logics.environment.manage_environments import EnvironmentRules
from coderunner.src.logics.environment.provide_environment import ProvideEnvironment
from coderunner.src.logics.environment.requirements import PackageRules
from coderunner.src.logics.environment.toolkit import EnvironmentToolkit
from coderunner.src.logics.runner.ports.sandbox import Sandbox
from rowkit.database import SqlDatabase
from servicekit.health import Health

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Toolkit:
    """What the routes of the toolkit need."""

    code: CodeToolkit
    environments: EnvironmentToolkit
    history: SqlRunHistory
    policy: PolicyRules
    provide: ProvideEnvironment
    list_advisories: ListAdvisories


async def open_toolkit(
    settings: Settings,
    database: SqlDatabase,
    resources: AsyncExitStack,
    health: Health,
    sandbox: Callable[[], Sandbox],
) -> Toolkit:
    """Open the workers, the folders and the background work; the sandbox is asked for when it is needed."""
    analyser, catalogue = await resources.enter_async_context(open_analyser(settings))
    await require_python(settings, catalogue)
    rules, policy = _code_rules(settings), _policy_rules(settings)
    root, packages = environments_root(settings), _package_rules(settings)
    builder = make_builder(settings, root)
    environments = EnvironmentToolkit.of(
        environments=SqlEnvironmentCatalogue(database),
        builder=builder,
        sources=make_sources(settings, builder, catalogue, packages, sandbox),
        wheels=make_wheels(settings, root, catalogue),
        guest=catalogue,
        warm=lambda: sandbox().state().warm,
        indexes=_index_rules(settings),
        packages=packages,
        rules=_environment_rules(settings),
        allowed=settings.allow_package_install,
        now=_now,
        policy=policy,
    )
    history = SqlRunHistory(database, _now)
    health.watch("history", await resources.enter_async_context(history.writing()))
    code = CodeToolkit.of(
        parser_of(settings, analyser), catalogue, environments.manage.installed, rules, policy
    )
    provide = ProvideEnvironment(
        manage=environments.manage,
        change=environments.change,
        environments=environments.environments,
        guest=catalogue,
        find_dependencies=code.find_dependencies,
        changed=environments.runs.forget,
    )
    advisories = ListAdvisories(manage=environments.manage, advisories=IndexAdvisories.of(settings))
    return Toolkit(code, environments, history, policy, provide, advisories)


def _now() -> datetime:
    return datetime.now(UTC)


def _code_rules(settings: Settings) -> CodeRules:
    return CodeRules(
        max_code_bytes=settings.stepflow_python_max_code_size,
        trees=settings.stepflow_python_enable_ast_parsing,
        dependencies=settings.stepflow_python_enable_dependency_analysis,
    )


def _policy_rules(settings: Settings) -> PolicyRules:
    return PolicyRules(
        {
            "allowed_modules": settings.stepflow_python_allowed_imports,
            "blocked_modules": settings.stepflow_python_blocked_imports,
            "allowed_functions": settings.stepflow_python_allowed_functions,
            "blocked_functions": settings.stepflow_python_blocked_functions,
            "enable_file_access": settings.stepflow_python_enable_file_access,
            "enable_network_access": settings.stepflow_python_enable_network_access,
            "enable_system_calls": settings.stepflow_python_enable_system_calls,
        }
    )


def _package_rules(settings: Settings) -> PackageRules:
    return PackageRules(
        frozenset(map(canonical, settings.package_allow_list)),
        frozenset(map(canonical, settings.package_deny_list)),
        tuple(PurePosixPath(root) for root in settings.package_local_roots),
        settings.package_git_urls,
        settings.package_build_from_source,
    )


def _index_rules(settings: Settings) -> IndexRules:
    secret = (
        settings.package_index_url,
        *settings.package_extra_index_urls,
        *settings.package_allowed_indexes,
    )
    urls = [url.get_secret_value() for url in secret if url is not None]
    return IndexRules(bare_indexes(urls), frozenset(host.lower() for host in settings.package_trusted_hosts))


def _environment_rules(settings: Settings) -> EnvironmentRules:
    idle = timedelta(days=settings.environment_idle_days) if settings.stepflow_python_auto_cleanup else None
    asked = settings.stepflow_python_base_packages
    needless = [name for name in asked if name in sys.stdlib_module_names]
    if needless:
        _LOG.warning(
            "STEPFLOW_PYTHON_BASE_PACKAGES names modules of the standard library: %s", ", ".join(needless)
        )
    packages = tuple(name for name in asked if name not in needless)
    return EnvironmentRules(settings.stepflow_python_max_environments, packages, idle)
