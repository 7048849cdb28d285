"""Executions of kind `pycode`: the platform's asynchronous runs, whose results are posted to its callback."""

import asyncio
import json
from collections.abc import Mapping
from typing import Any

from coderunner.src.common.program import SecurityLevel
from coderunner.src.driveradapters.platform.wire import AsyncRunByParamsBody, failure, results
from coderunner.src.errors import (
    CapacityExceeded,
    CodeRunnerError,
    DatabaseUnavailable,
    InvalidProgram,
    SandboxUnavailable,
)
from coderunner.src.logics.runner.execute_code import ExecuteCode
from executor.common.executions import Outcome
from executor.common.requests import ExecutionRequest, LogLevel
from executor.errors import InvalidParameters, RetryableError
from executor.http.parameters import body_of
from executor.ports.callbacks import CallbackPolicy, CallbackSender
from executor.ports.handler import Handler, Run

KIND = "pycode"
ATTEMPTS = 10
_FIRST_PAUSE_S = 0.5
_LONGEST_PAUSE_S = 30.0
_JSON = {"Content-Type": "application/json"}


class RunPycode(Handler):
    """Parameters are the body of POST /api/coderunner/v1/pycode/async-run-by-params."""

    def __init__(
        self,
        execute_code: ExecuteCode,
        default_level: SecurityLevel,
        callbacks: CallbackPolicy,
        sender: CallbackSender,
    ) -> None:
        self._execute_code = execute_code
        self._default_level = default_level
        self._callbacks = callbacks
        self._sender = sender

    def validate(self, request: ExecutionRequest) -> ExecutionRequest:
        """Where the result goes and what the function is called with are looked at before it is accepted."""
        body = body_of(request.parameters, AsyncRunByParamsBody)
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
        return request

    async def run(self, run: Run) -> Outcome:
        """Run, then tell the callback until it has heard; a program has no effects but its result."""
        body = body_of(run.parameters, AsyncRunByParamsBody)
        program = body.program(self._default_level, run.context.policy)
        try:
            execution = await self._execute_code(
                run.context.tenant_id, program, {}, execution_id=run.execution_id
            )
        except (SandboxUnavailable, CapacityExceeded, DatabaseUnavailable) as failed:
            raise RetryableError(str(failed)) from failed
        except CodeRunnerError as refused:
            verdict, detail = refused.code, str(refused)
            found: Mapping[str, Any] = {}
        else:
            verdict, detail = execution.outcome.verdict.value, failure(execution.outcome)
            found = {} if detail else results(execution.outcome, body.output_params)
        message = _message(found, detail)
        refusal = await self._deliver(run, body.callback, json.dumps(message).encode())
        if refusal:
            return Outcome(message, verdict="callback_failed", message=refusal)
        return Outcome(message, verdict=verdict, message=detail or None)

    async def _deliver(self, run: Run, url: str, message: bytes) -> str:
        """Nothing when the callback took it, else why it did not, the last time."""
        error = ""
        for attempt in range(1, ATTEMPTS + 1):
            reception = await self._sender.send(url, _JSON, message)
            error = reception.error or ""
            if not error or reception.gone:
                break
            run.log(LogLevel.WARNING, f"callback, attempt {attempt}: {error}")
            if attempt < ATTEMPTS:
                await asyncio.sleep(min(_FIRST_PAUSE_S * 2 ** (attempt - 1), _LONGEST_PAUSE_S))
        return error


def _message(found: Mapping[str, Any], detail: str) -> dict[str, Any]:
    if detail:
        return {"res": {"detail": detail, "code": 500}, "type": "pythoncode", "code": 500}
    return {"res": found, "type": "pythoncode"}
