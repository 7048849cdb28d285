"""Changes of packages behind a request: each is an execution, waited for as long as the caller wants."""

from collections.abc import Mapping
from typing import Any

from coderunner.src.driveradapters.code.uploads import UploadingHandler
from coderunner.src.driveradapters.execution.packages_handler import KIND, raise_failure
from coderunner.src.logics.environment.toolkit import EnvironmentToolkit
from executor.common.requests import Caller, ExecutionContext, ExecutionOptions, ExecutionRequest
from executor.common.states import ExecutionStatus
from executor.core.engine import ExecutionEngine

DEFAULT_WAIT_S = 120.0


class ChangingHandler(UploadingHandler):
    """Submits, waits, and gives the result or the place where the work goes on."""

    def initialize(self, toolkit: EnvironmentToolkit, engine: ExecutionEngine) -> None:
        self._toolkit = toolkit
        self._engine = engine

    async def submit(self, parameters: Mapping[str, Any], *, idempotent: bool = False) -> str:
        """The id of the accepted execution."""
        caller = Caller(self.caller.tenant, self.caller.user or "", frozenset(self.caller.scopes))
        context = ExecutionContext(
            tenant_id=caller.tenant_id,
            user_id=caller.user_id,
            request_id=self.request_id,
            traceparent=self.traceparent,
        )
        request = ExecutionRequest(KIND, parameters, context, ExecutionOptions(idempotent=idempotent))
        accepted = await self._engine.submit(caller, request, idempotency_key=self.idempotency_key)
        return accepted.execution_id

    async def outcome(self, execution_id: str, wait: float | None, **more: Any) -> Any:
        """What the execution gives when it ends in time; else None, and a 202 with `more` has been replied."""
        tenant = self.caller.tenant
        asked = wait if wait is not None else self.prefer_wait_s
        wait_s = min(DEFAULT_WAIT_S if asked is None else asked, self._engine.settings.max_wait_s)
        info = await self._engine.wait(execution_id, tenant, wait_s)
        if not info.status.is_final:
            headers = {"Location": f"/api/executions/{execution_id}", "Retry-After": "1"}
            document = {"execution_id": execution_id, "status": info.status.value, **more}
            self.reply(document, status=202, headers=headers)
            return None
        result = await self._engine.result(execution_id, tenant)
        if result.status is not ExecutionStatus.SUCCEEDED:
            raise_failure(result)
        return result.output.value
