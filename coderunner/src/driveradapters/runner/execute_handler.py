"""POST /api/runner/execute."""

from dataclasses import replace

from coderunner.src.common.program import SecurityLevel
from coderunner.src.driveradapters.environment.wire import PACKAGE_ERRORS
from coderunner.src.driveradapters.runner.streaming import stream_execution
from coderunner.src.driveradapters.runner.wire import (
    ExecuteBody,
    ExecutionReply,
    encoded_reply,
    execution_reply,
)
from coderunner.src.logics.runner.cached_runs import CachedRuns
from coderunner.src.logics.runner.execute_code import ExecuteCode
from executor.core.caching import CacheStatus
from servicekit.http import ApiHandler, operation

_BYPASSED = {"X-Cache": CacheStatus.BYPASS.value}


class ExecuteHandler(ApiHandler):
    """Runs a program and waits for its end; a client that goes away ends its run."""

    def initialize(
        self, execute_code: ExecuteCode, cached_runs: CachedRuns, default_level: SecurityLevel
    ) -> None:
        self._execute_code = execute_code
        self._cached_runs = cached_runs
        self._default_level = default_level

    @operation(
        summary="Run Python in a fresh sandboxed process",
        description="A failing program is a 200 with its verdict; a failing sandbox is a 5xx. "
        "With `Accept: text/event-stream` the reply streams stdout, stderr and outputs as they come, then the result. "
        "`Cache-Control: max-age=n` takes a reply to the same request that is at most n seconds old, `no-cache` makes "
        "and remembers a fresh one, `no-store` keeps away from the cache; `X-Cache` says HIT, MISS or BYPASS.",
        tag="runner",
        body=ExecuteBody,
        replies={200: ExecutionReply},
        streams=True,
        errors=(
            "limit_above_maximum",
            "security_level_not_allowed",
            "policy_too_wide",
            "script_header_invalid",
            "python_version_missing",
            "environment_not_found",
            *PACKAGE_ERRORS,
            "capacity_exceeded",
            "sandbox_refused",
        ),
        scope="run",
    )
    async def post(self) -> None:
        body = self.parse_body(ExecuteBody)
        program, wishes = body.program(self._default_level, self.caller.policy), body.wishes()
        program = replace(program, installs=self.caller.may("packages"))
        if "text/event-stream" in self.request.headers.get("Accept", ""):
            await stream_execution(self, self._execute_code, program, wishes)
            return
        plan = self._cached_runs.plan(self.request.headers.get("Cache-Control"))
        if plan.used:
            served = await self._cached_runs(self.caller.tenant, program, wishes, plan, encoded_reply)
            self.reply(served.body, headers=served.headers)
            return
        execution = await self._execute_code(self.caller.tenant, program, wishes)
        self.reply(execution_reply(execution), headers=_BYPASSED)
