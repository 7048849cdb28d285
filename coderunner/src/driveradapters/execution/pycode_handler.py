"""Executions of kind `pycode`: the platform's asynchronous runs, whose results are posted to its callback."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from coderunner.src.common.program import SecurityLevel
from coderunner.src.driveradapters.execution.python_handler import WAIT_FOR_A_PLACE_S
from coderunner.src.driveradapters.platform.wire import AsyncRunByParamsBody, failure, results
from coderunner.src.errors import (
    CapacityExceeded,
    CodeRunnerError,
    DatabaseUnavailable,
    InvalidProgram,
    SandboxUnavailable,
)
from coderunner.src.logics.runner.execute_code import ExecuteCode
from executor.common.executions import ExecutionInfo, Outcome
from executor.common.requests import CallbackTarget, ExecutionRequest
from executor.errors import InvalidParameters, RetryableError
from executor.http.parameters import body_of
from executor.ports.callbacks import CallbackPolicy
from executor.ports.handler import Handler, OwnCallbacks, Run

KIND = "pycode"


class RunPycode(Handler, OwnCallbacks):
    """Parameters are the body of POST /api/coderunner/v1/pycode/async-run-by-params."""

    def __init__(
        self,
        execute_code: ExecuteCode,
        default_level: SecurityLevel,
        callbacks: CallbackPolicy,
        *,
        default_timeout_s: float,
    ) -> None:
        self._execute_code = execute_code
        self._default_level = default_level
        self._callbacks = callbacks
        self._default_timeout_s = default_timeout_s

    def validate(self, request: ExecutionRequest) -> ExecutionRequest:
        """Where the result goes and what the function is called with are looked at before it is accepted."""
        body, options = body_of(request.parameters, AsyncRunByParamsBody), request.options
        if options.callback not in (None, CallbackTarget(body.callback)):
            message = "the request names the callback of this kind"
            raise InvalidParameters(message, pointer="/options/callback")
        refusal = self._callbacks.refusal(body.callback)
        if refusal is not None:
            raise InvalidParameters(refusal, pointer="/request/callback")
        try:
            program = body.program(self._default_level, request.context.policy)
            self._execute_code.check(program, {})
        except ValueError as unreadable:
            raise InvalidParameters(str(unreadable), pointer="/request/input_params") from unreadable
        except InvalidProgram as wrong:
            raise InvalidParameters(str(wrong), pointer="/request") from wrong
        timeout_s = options.timeout_s or self._default_timeout_s + WAIT_FOR_A_PLACE_S
        options = replace(options, callback=CallbackTarget(body.callback), timeout_s=timeout_s)
        return replace(request, options=options)

    async def run(self, run: Run) -> Outcome:
        """One run; its result is the very message that the callback is told."""
        body = body_of(run.parameters, AsyncRunByParamsBody)
        program = body.program(self._default_level, run.context.policy)
        try:
            execution = await self._execute_code(
                run.context.tenant_id, program, {}, execution_id=run.execution_id
            )
        except (SandboxUnavailable, CapacityExceeded, DatabaseUnavailable) as failed:
            raise RetryableError(str(failed)) from failed
        except CodeRunnerError as refused:
            return Outcome(_failed(str(refused)), verdict=refused.code, message=str(refused))
        verdict, detail = execution.outcome.verdict.value, failure(execution.outcome)
        if detail:
            return Outcome(_failed(detail), verdict=verdict, message=detail)
        found = results(execution.outcome, body.output_params)
        return Outcome({"res": found, "type": "pythoncode"}, verdict=verdict)

    def callback_message(self, info: ExecutionInfo, output: Any) -> Mapping[str, Any]:
        """Whatever became of the execution, the platform is told: it waits for nothing else."""
        if isinstance(output, Mapping):
            return output
        return _failed(info.error_message or f"the execution is {info.status}")


def _failed(detail: str) -> dict[str, Any]:
    return {"res": {"detail": detail, "code": 500}, "type": "pythoncode", "code": 500}
