"""Executions of kind `python`: the engine drives the same use case as POST /api/runner/execute."""

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from coderunner.src.common.program import SecurityLevel, Verdict
from coderunner.src.common.security import key_policy
from coderunner.src.driveradapters.execution.option_limits import limit_wishes, place_of, require_walls
from coderunner.src.driveradapters.platform.wire import failure
from coderunner.src.driveradapters.runner.wire import ExecuteBody, execution_reply
from coderunner.src.errors import (
    CapacityExceeded,
    CodeRunnerError,
    DatabaseUnavailable,
    InvalidProgram,
    SandboxUnavailable,
)
from coderunner.src.logics.environment.script_header import script_header
from coderunner.src.logics.runner.execute_code import ExecuteCode, Execution
from executor.common.executions import Outcome
from executor.common.requests import Caller, ExecutionRequest, LogLevel
from executor.core.permissions import ScopePermissions
from executor.errors import InvalidParameters, PermissionDenied, RetryableError
from executor.http.parameters import body_of
from executor.ports.handler import Handler, Run

WAIT_FOR_A_PLACE_S = 30.0
"""An attempt lasts as long as its program may, and as long as the sandbox may be busy before."""


class RunPython(Handler):
    """Parameters are the body of POST /api/runner/execute."""

    def __init__(
        self, execute_code: ExecuteCode, default_level: SecurityLevel, *, default_timeout_s: float
    ) -> None:
        self._execute_code = execute_code
        self._default_level = default_level
        self._default_timeout_s = default_timeout_s

    def validate(self, request: ExecutionRequest) -> ExecutionRequest:
        """Hold the body and its limits to the rules before it is accepted."""
        body, options = body_of(request.parameters, ExecuteBody), request.options
        require_walls(options)
        timeout_s = self._timeout_s(body, request)
        wishes = {**limit_wishes(body, options), "timeout": timeout_s}
        try:
            self._execute_code.check(body.program(self._default_level, request.context.policy), wishes)
        except InvalidProgram as wrong:
            faults = [
                {**fault, "pointer": place_of(fault["pointer"], options, wishes)} for fault in wrong.errors
            ]
            raise InvalidParameters(str(wrong), errors=faults) from wrong
        parameters = {**body.model_dump(mode="json", exclude_unset=True), "timeout": timeout_s}
        options = replace(options, timeout_s=timeout_s + WAIT_FOR_A_PLACE_S)
        return replace(request, parameters=parameters, options=options)

    def _timeout_s(self, body: ExecuteBody, request: ExecutionRequest) -> float:
        """What the program gets: the sandbox ends it then and keeps what it said, which the engine's end would lose."""
        asked = [one for one in (body.timeout, request.options.timeout_s) if one is not None]
        if asked:
            return min(asked)
        return min(self._default_timeout_s, key_policy(request.context.policy).max_execution_time or math.inf)

    def search_text(self, request: ExecutionRequest) -> str:
        """The history is searched by code."""
        return str(request.parameters.get("code", ""))[:2000]

    async def run(self, run: Run) -> Outcome:
        """One run; what the program says is told while it says it."""
        body = body_of(run.parameters, ExecuteBody)
        wishes = limit_wishes(body, run.options)

        def listen(kind: str, content: str | Mapping[str, Any]) -> None:
            if kind == "progress":
                run.log(LogLevel.INFO, str(content))
            run.emit(kind, {"text": content} if isinstance(content, str) else content)

        try:
            execution = await self._execute_code(
                run.context.tenant_id,
                replace(body.program(self._default_level, run.context.policy), installs=True),
                wishes,
                execution_id=run.execution_id,
                listener=listen,
            )
        except (SandboxUnavailable, CapacityExceeded, DatabaseUnavailable) as failed:
            raise RetryableError(str(failed)) from failed
        except CodeRunnerError as refused:
            run.log(LogLevel.ERROR, str(refused))
            return Outcome(verdict=refused.code, message=str(refused))
        outcome = execution.outcome
        message = str(outcome.exceptions[-1]["message"]) if outcome.exceptions else failure(outcome) or None
        _log_end(run, execution, message)
        return Outcome(execution_reply(execution), verdict=outcome.verdict.value, message=message)


def _log_end(run: Run, execution: Execution, message: str | None) -> None:
    """How the program ended; what it said is in the events and the result."""
    outcome = execution.outcome
    good = outcome.verdict is Verdict.SUCCESS
    level = LogLevel.INFO if good else LogLevel.ERROR
    told = f"{outcome.verdict.value}: {message}" if message else outcome.verdict.value
    run.log(level, told, return_code=outcome.return_code, cpu_time_ms=round(outcome.cpu_time_ms, 3))


class RunPermissions(ScopePermissions):
    """A run that may install packages needs their scope as well."""

    async def check(self, caller: Caller, request: ExecutionRequest) -> None:
        """As for every kind, and then by what the program asks for."""
        await super().check(caller, request)
        if request.kind == "python" and "packages" not in caller.scopes:
            program = body_of(request.parameters, ExecuteBody).program(SecurityLevel.RESTRICTED, {})
            header = script_header(program)
            if program.auto_install or (header and header.dependencies and not program.environment_id):
                raise PermissionDenied("Running this installs packages: it needs the scope 'packages'.")
