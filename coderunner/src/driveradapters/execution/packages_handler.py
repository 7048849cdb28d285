"""Executions of kind `packages`: installing and uninstalling, with progress, log and cancel."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from coderunner.src import errors
from coderunner.src.driveradapters.environment.wire import (
    FillBody,
    PackagesBody,
    UninstallBody,
    packages_member,
)
from coderunner.src.errors import CodeRunnerError, DatabaseUnavailable, InvalidProgram, PackageProblem
from coderunner.src.logics.environment.change_packages import Telling
from coderunner.src.logics.environment.model import Environment
from coderunner.src.logics.environment.toolkit import EnvironmentToolkit
from executor.common.executions import ExecutionResult, Outcome
from executor.common.requests import ExecutionRequest, LogLevel
from executor.errors import InvalidParameters, RetryableError
from executor.http.parameters import body_of
from executor.ports.handler import Handler, Run

KIND = "packages"
_MODELS: Mapping[str, type[PackagesBody | UninstallBody | FillBody]] = {
    "install": PackagesBody,
    "uninstall": UninstallBody,
    "create": FillBody,
}
_FAILURES: Mapping[str, type[CodeRunnerError]] = {
    error.code: error
    for error in (
        errors.PackageNotAllowed,
        errors.PackagesUnresolvable,
        errors.PackageIndexUnavailable,
        errors.InstallTimedOut,
        errors.InstallRefused,
        errors.EnvironmentBusy,
        errors.EnvironmentNotFound,
        errors.TooManyEnvironments,
    )
}


class ChangePackagesHandler(Handler):
    """Parameters are the body of /api/pypkg/install, or of uninstall with `action` saying so.

    `action` create fills an environment that POST /api/environments has made.
    """

    def __init__(self, toolkit: EnvironmentToolkit) -> None:
        self._toolkit = toolkit

    def validate(self, request: ExecutionRequest) -> ExecutionRequest:
        """Names are looked at before the work is accepted."""
        try:
            change = _asked(request.parameters)
            if change.action == "install":
                self._toolkit.change.check(change.packages)
        except InvalidProgram as wrong:
            faults = [{**fault, "pointer": f"/request{fault['pointer']}"} for fault in wrong.errors]
            raise InvalidParameters(str(wrong), errors=faults) from wrong
        except PackageProblem as refused:
            raise InvalidParameters(str(refused), pointer="/request/packages") from refused
        return request

    async def run(self, run: Run) -> Outcome:
        """One change; a failure quotes the resolver."""
        change = _asked(run.parameters)
        said = 0

        def tell(message: str) -> None:
            nonlocal said
            said += 1
            run.log(LogLevel.INFO, message)
            run.progress(min(0.9, said * 0.3), message)

        try:
            changed = await self._changed(run.context.tenant_id, change, tell)
        except DatabaseUnavailable as away:
            raise RetryableError(str(away)) from away
        except CodeRunnerError as failed:
            run.log(LogLevel.ERROR, str(failed))
            return Outcome(verdict=failed.code, message=str(failed))
        self._toolkit.runs.forget(run.context.tenant_id)
        return Outcome(packages_member(changed, await self._toolkit.warm_packages()))

    async def _changed(self, tenant: str, change: "_Change", tell: Telling) -> Environment:
        if change.action == "create":
            return await self._toolkit.manage.fill(tenant, change.environment_id or "", tell)
        environment = await self._toolkit.manage.chosen_or_made(tenant, change.environment_id)
        if change.action == "uninstall":
            return await self._toolkit.change.uninstall(tenant, environment.id, change.packages, tell)
        return await self._toolkit.change.install(
            tenant, environment.id, change.packages, tell, wheels=change.wheels
        )


def raise_failure(result: ExecutionResult) -> None:
    """The error of a failed change, as if it had been raised here."""
    verdict, message = result.metadata.verdict or "", result.metadata.error_message or "the change failed"
    for wrong in (errors.PackageNotInstalled, errors.InvalidRequirementText, errors.WheelRefused):
        if verdict == wrong.code:
            raise wrong(message, pointer="/packages")
    if verdict == "timeout":
        raise errors.InstallTimedOut(message)
    raise _FAILURES.get(verdict, errors.EnvironmentBusy)(message)


@dataclass(frozen=True, slots=True)
class _Change:
    action: str
    packages: list[str]
    environment_id: str | None
    wheels: list[str] = field(default_factory=list)


def _asked(parameters: Mapping[str, Any]) -> _Change:
    given = dict(parameters)
    action = given.pop("action", "install")
    model = _MODELS.get(str(action))
    if model is None:
        raise InvalidParameters(f"action is one of {', '.join(_MODELS)}", pointer="/request/action")
    body = body_of(given, model)
    if isinstance(body, PackagesBody):
        return _Change("install", body.texts(), body.environment_id, body.wheels)
    packages = body.packages if isinstance(body, UninstallBody) else []
    return _Change(str(action), packages, body.environment_id)


def environment_under_way(parameters: Mapping[str, Any]) -> str | None:
    """The environment that an execution is about to fill, if it is one that does."""
    return str(parameters.get("environment_id")) if parameters.get("action") == "create" else None
