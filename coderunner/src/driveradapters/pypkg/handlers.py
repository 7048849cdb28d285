"""/api/pypkg: packages of the default environment, or of the one named."""

from coderunner.src.driveradapters.environment.handlers import PACKAGE_ERRORS
from coderunner.src.driveradapters.environment.waiting import DEFAULT_WAIT_S
from coderunner.src.driveradapters.environment.wire import (
    ChangeReply,
    ListQuery,
    PackagesBody,
    PackagesReply,
    UninstallBody,
    packages_member,
)
from coderunner.src.driveradapters.execution.packages_handler import KIND, raise_failure
from coderunner.src.logics.environment.requirements import parse_requirements, requirement_lines
from coderunner.src.logics.environment.toolkit import EnvironmentToolkit
from executor.common.requests import Caller, ExecutionContext, ExecutionRequest
from executor.common.states import ExecutionStatus
from executor.core.engine import ExecutionEngine
from servicekit.http import ApiHandler, operation


class ChangingHandler(ApiHandler):
    """A change of packages is an execution; the request waits for it as long as its caller wants."""

    def initialize(self, toolkit: EnvironmentToolkit, engine: ExecutionEngine) -> None:
        self._toolkit = toolkit
        self._engine = engine

    async def change(self, action: str, body: PackagesBody | UninstallBody) -> None:
        """Answer 200 with the packages, or 202 with the execution that goes on."""
        tenant = self.caller.tenant
        caller = Caller(tenant, self.caller.user or "", frozenset(self.caller.scopes))
        parameters = {**body.model_dump(mode="json", exclude={"wait"}, exclude_none=True), "action": action}
        context = ExecutionContext(
            tenant_id=tenant,
            user_id=caller.user_id,
            request_id=self.request_id,
            traceparent=self.traceparent,
        )
        accepted = await self._engine.submit(
            caller, ExecutionRequest(KIND, parameters, context), idempotency_key=self.idempotency_key
        )
        asked = body.wait if body.wait is not None else self.prefer_wait_s
        wait_s = min(DEFAULT_WAIT_S if asked is None else asked, self._engine.settings.max_wait_s)
        info = await self._engine.wait(accepted.execution_id, tenant, wait_s)
        if not info.status.is_final:
            self._accepted(accepted.execution_id, info.status.value)
            return
        result = await self._engine.result(accepted.execution_id, tenant)
        if result.status is not ExecutionStatus.SUCCEEDED:
            raise_failure(result)
        self.reply(result.output.value)

    def _accepted(self, execution_id: str, status: str) -> None:
        headers = {"Location": f"/api/executions/{execution_id}", "Retry-After": "1"}
        self.reply({"execution_id": execution_id, "status": status}, status=202, headers=headers)


class InstallHandler(ChangingHandler):
    """Adds packages."""

    @operation(
        summary="Install packages",
        description="Wheels only: nothing of a package runs here. The environment changes at once or not at all. "
        "What takes longer than `wait` goes on as an execution (202): follow, log and cancel it there.",
        tag="packages",
        body=PackagesBody,
        replies={200: PackagesReply, 202: ChangeReply},
        errors=("environment_not_found", *PACKAGE_ERRORS),
        scope="packages",
    )
    async def post(self) -> None:
        body = self.parse_body(PackagesBody)
        self._toolkit.change.check([*body.packages, *requirement_lines(body.requirements or "")])
        if body.environment_id is not None:
            await self._toolkit.manage.get(self.caller.tenant, body.environment_id)
        await self.change("install", body)


class ListHandler(ApiHandler):
    """Says what is installed."""

    def initialize(self, toolkit: EnvironmentToolkit) -> None:
        self._toolkit = toolkit

    @operation(
        summary="List installed packages",
        tag="packages",
        query=ListQuery,
        replies={200: PackagesReply},
        errors=("environment_not_found",),
        scope="packages",
    )
    async def get(self) -> None:
        query = self.parse_query(ListQuery)
        self.reply(
            packages_member(await self._toolkit.manage.chosen(self.caller.tenant, query.environment_id))
        )


class UninstallHandler(ChangingHandler):
    """Removes packages."""

    @operation(
        summary="Uninstall packages",
        tag="packages",
        body=UninstallBody,
        replies={200: PackagesReply, 202: ChangeReply},
        errors=("environment_not_found", "package_not_installed", *PACKAGE_ERRORS),
        scope="packages",
    )
    async def delete(self) -> None:
        body = self.parse_body(UninstallBody)
        parse_requirements(body.packages)
        if body.environment_id is not None:
            await self._toolkit.manage.get(self.caller.tenant, body.environment_id)
        await self.change("uninstall", body)
