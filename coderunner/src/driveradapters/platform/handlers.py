"""/api/coderunner/v1: the DataFlow platform's own calls, over the same logic as the rest."""

from dataclasses import replace

from coderunner.src.common.program import SecurityLevel
from coderunner.src.driveradapters.environment.changing import ChangingHandler
from coderunner.src.driveradapters.environment.wire import ChangeReply
from coderunner.src.driveradapters.execution.pycode_handler import KIND
from coderunner.src.driveradapters.platform.wire import (
    AsyncRunByParamsBody,
    FailureReply,
    ResultReply,
    RunByParamsBody,
    StartedReply,
    failure,
    results,
)
from coderunner.src.errors import PackageNotInstalled
from coderunner.src.logics.environment.requirements import parse_requirements
from coderunner.src.logics.runner.execute_code import ExecuteCode
from executor.common.requests import Caller, ExecutionContext, ExecutionOptions, ExecutionRequest
from executor.core.engine import ExecutionEngine
from executor.errors import InvalidParameters
from servicekit.http import ApiHandler, operation

RETRIES = 3  # where the sandbox breaks or has no place; a program that fails has failed


class ReadyHandler(ApiHandler):
    """Readiness as a word."""

    @operation(
        summary="Whether the service is ready", tag="platform", replies={200: "text/plain"}, public=True
    )
    async def get(self) -> None:
        ready, _ = await self.kit.health.checks()
        self.set_header("Content-Type", "text/plain; charset=utf-8")
        self.set_status(200 if ready and not self.kit.draining else 503)
        self.write("health" if ready else "not ready")


class AliveHandler(ApiHandler):
    """Liveness as a word."""

    @operation(
        summary="Whether the process is whole", tag="platform", replies={200: "text/plain"}, public=True
    )
    async def get(self) -> None:
        dead = self.kit.health.dead()
        self.set_header("Content-Type", "text/plain; charset=utf-8")
        self.set_status(503 if dead else 200)
        self.write("dead" if dead else "alive")


class RunByParamsHandler(ApiHandler):
    """Calls a program's function by place and waits for its result."""

    def initialize(self, execute_code: ExecuteCode, default_level: SecurityLevel) -> None:
        self._execute_code = execute_code
        self._default_level = default_level

    @operation(
        summary="Call a program's function with typed values and wait for its results",
        description="A failing program is a 500 with `detail` here; the headers `x-as-address` and `x-authorization` "
        "are not looked at, because programs reach no network.",
        tag="platform",
        body=RunByParamsBody,
        replies={200: ResultReply, 500: FailureReply},
        errors=("capacity_exceeded", "sandbox_refused"),
        scope="run",
    )
    async def post(self) -> None:
        body = self.parse_body(RunByParamsBody)
        try:
            program = body.program(self._default_level, self.caller.policy)
            program = replace(program, installs=self.caller.may("packages"))
        except ValueError as unreadable:
            self._fail(str(unreadable))
            return
        outcome = (await self._execute_code(self.caller.tenant, program, {})).outcome
        if detail := failure(outcome):
            self._fail(detail)
        else:
            self.reply(results(outcome, body.output_params))

    def _fail(self, detail: str) -> None:
        self.reply({"detail": detail, "code": 500}, 500)


class AsyncRunByParamsHandler(ApiHandler):
    """Accepts a run whose result is posted to its callback."""

    def initialize(self, engine: ExecutionEngine) -> None:
        self._engine = engine

    @operation(
        summary="Start a run whose result is posted to a callback",
        description="An execution of kind `pycode`: it survives a restart, and can be followed and cancelled. The "
        "callback is posted `{res, type}` at least once, and must be a host that the operator allows.",
        tag="platform",
        body=AsyncRunByParamsBody,
        replies={202: StartedReply},
        errors=("invalid_parameters", "queue_full", "quota_exceeded"),
        scope="run",
    )
    async def post(self) -> None:
        body = self.parse_body(AsyncRunByParamsBody)
        caller = Caller(self.caller.tenant, self.caller.user or "", frozenset(self.caller.scopes))
        context = ExecutionContext(
            tenant_id=caller.tenant_id,
            user_id=caller.user_id,
            request_id=self.request_id,
            traceparent=self.traceparent,
            policy=dict(self.caller.policy),
        )
        retries = min(RETRIES, self._engine.settings.max_retry_count)
        options = ExecutionOptions(idempotent=True, retry_count=retries)
        request = ExecutionRequest(KIND, body.model_dump(mode="json"), context, options)
        try:
            accepted = await self._engine.submit(caller, request, idempotency_key=self.idempotency_key)
        except InvalidParameters as wrong:
            faults = [
                {**fault, "pointer": fault["pointer"].removeprefix("/request")} for fault in wrong.errors
            ]
            raise InvalidParameters(str(wrong), errors=faults) from wrong
        self.reply(
            {"status": "Task started", "execution_id": accepted.execution_id},
            202,
            {"Location": f"/api/executions/{accepted.execution_id}", "Retry-After": "1"},
        )


class PackageHandler(ChangingHandler):
    """One package of the caller's default environment."""

    @operation(
        summary="Uninstall a package from the default environment; one that is not there is gone already",
        tag="platform",
        path={"name": "The package."},
        replies={204: None, 202: ChangeReply},
        errors=("invalid_requirement", "install_refused"),
        scope="packages",
    )
    async def delete(self, name: str) -> None:
        parse_requirements([name])
        try:
            changed = await self.outcome(await self.submit({"packages": [name], "action": "uninstall"}), None)
        except PackageNotInstalled:
            changed = {}
        if changed is not None:
            self.reply(None)
