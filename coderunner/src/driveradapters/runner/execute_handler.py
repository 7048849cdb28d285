"""POST /api/runner/execute."""

from coderunner.src.common.program import SecurityLevel
from coderunner.src.driveradapters.runner.streaming import stream_execution
from coderunner.src.driveradapters.runner.wire import ExecuteBody, ExecutionReply, execution_reply
from coderunner.src.logics.runner.execute_code import ExecuteCode
from servicekit.http import ApiHandler, operation


class ExecuteHandler(ApiHandler):
    """Runs a program and waits for its end; a client that goes away ends its run."""

    def initialize(self, execute_code: ExecuteCode, default_level: SecurityLevel) -> None:
        self._execute_code = execute_code
        self._default_level = default_level

    @operation(
        summary="Run Python in a fresh sandboxed process",
        description="A failing program is a 200 with its verdict; a failing sandbox is a 5xx. "
        "With `Accept: text/event-stream` the reply streams stdout, stderr and outputs as they come, then the result.",
        tag="runner",
        body=ExecuteBody,
        replies={200: ExecutionReply},
        errors=("limit_above_maximum", "security_level_not_allowed", "capacity_exceeded", "sandbox_refused"),
        scope="run",
    )
    async def post(self) -> None:
        body = self.parse_body(ExecuteBody)
        program, wishes = body.program(self._default_level), body.wishes()
        if "text/event-stream" in self.request.headers.get("Accept", ""):
            await stream_execution(self, self._execute_code, program, wishes)
            return
        execution = await self._execute_code(self.caller.tenant, program, wishes)
        self.reply(execution_reply(execution))
