"""Executions of kind `packages`: installing and uninstalling, with progress, log and cancel."""

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from coderunner.src import errors
from coderunner.src.driveradapters.environment.wire import PackagesBody, UninstallBody, packages_member
from coderunner.src.errors import CodeRunnerError, DatabaseUnavailable, InvalidProgram, PackageProblem
from coderunner.src.logics.environment.requirements import requirement_lines
from coderunner.src.logics.environment.toolkit import EnvironmentToolkit
from executor.common.executions import ExecutionResult, Outcome
from executor.common.requests import ExecutionRequest, LogLevel
from executor.errors import InvalidParameters, RetryableError
from executor.ports.handler import Handler, Run

KIND = "packages"
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
    """Parameters are the body of /api/pypkg/install, or of uninstall with `action` saying so."""

    def __init__(self, toolkit: EnvironmentToolkit) -> None:
        self._toolkit = toolkit

    def validate(self, request: ExecutionRequest) -> ExecutionRequest:
        """Names are looked at before the work is accepted."""
        action, packages, _ = _asked(request.parameters)
        if action == "install":
            try:
                self._toolkit.change.check(packages)
            except (InvalidProgram, PackageProblem) as wrong:
                raise InvalidParameters(str(wrong), pointer="/request/packages") from wrong
        return request

    async def run(self, run: Run) -> Outcome:
        """One change; a failure quotes the resolver."""
        action, packages, environment_id = _asked(run.parameters)
        tenant = run.context.tenant_id
        said = 0

        def tell(message: str) -> None:
            nonlocal said
            said += 1
            run.log(LogLevel.INFO, message)
            run.progress(min(0.9, said * 0.3), message)

        try:
            environment = await self._toolkit.manage.chosen_or_made(tenant, environment_id)
            work = self._toolkit.change.install if action == "install" else self._toolkit.change.uninstall
            changed = await work(tenant, environment.id, packages, tell)
        except DatabaseUnavailable as away:
            raise RetryableError(str(away)) from away
        except CodeRunnerError as failed:
            run.log(LogLevel.ERROR, str(failed))
            return Outcome(verdict=failed.code, message=str(failed))
        self._toolkit.runs.forget(tenant)
        return Outcome(packages_member(changed))


def raise_failure(result: ExecutionResult) -> None:
    """The error of a failed change, as if it had been raised here."""
    verdict, message = result.metadata.verdict or "", result.metadata.error_message or "the change failed"
    if verdict == errors.PackageNotInstalled.code:
        raise errors.PackageNotInstalled(message, pointer="/packages")
    if verdict == "timeout":
        raise errors.InstallTimedOut(message)
    raise _FAILURES.get(verdict, errors.EnvironmentBusy)(message)


def _asked(parameters: Mapping[str, Any]) -> tuple[str, list[str], str | None]:
    given = dict(parameters)
    action = given.pop("action", "install")
    models: dict[str, type[PackagesBody | UninstallBody]] = {
        "install": PackagesBody,
        "uninstall": UninstallBody,
    }
    model = models.get(str(action))
    if model is None:
        raise InvalidParameters("action is install or uninstall", pointer="/request/action")
    try:
        body = model.model_validate(given)
    except ValidationError as wrong:
        raise InvalidParameters("the request names no packages", pointer="/request") from wrong
    lines = requirement_lines(body.requirements or "") if isinstance(body, PackagesBody) else []
    return str(action), [*body.packages, *lines], body.environment_id
