"""What the engine's handlers share."""

from executor.common.executions import ExecutionInfo
from executor.common.requests import Caller, ExecutionContext
from executor.core.engine import ExecutionEngine
from executor.errors import PermissionDenied
from executor.http.requests import ContextBody
from servicekit.http import ApiHandler, Problem

ADMIN = "admin"
EVERY_TENANT = "*"


class EngineHandler(ApiHandler):
    """A handler with the engine; callers act for their own tenant."""

    def initialize(self, engine: ExecutionEngine, base: str) -> None:
        self._engine = engine
        self._base = base

    @property
    def who(self) -> Caller:
        """The key's tenant, user and scopes."""
        return Caller(self.caller.tenant, self.caller.user or "", frozenset(self.caller.scopes))

    @property
    def tenant(self) -> str:
        return self.caller.tenant

    def tenant_asked(self, asked: str | None) -> str | None:
        """The tenant of a filter; None is every tenant."""
        if asked is None or asked == self.tenant:
            return self.tenant
        if not self.caller.may(ADMIN):
            raise Problem(403, "forbidden", "Other tenants' executions need the scope admin.")
        return None if asked == EVERY_TENANT else asked

    @property
    def hidden_kinds(self) -> tuple[str, ...]:
        """Kinds that need a scope which the key has not."""
        return () if self.caller.may(ADMIN) else tuple(self._engine.refused_kinds(self.who))

    async def find(self, execution_id: str) -> ExecutionInfo:
        """One of the tenant's executions, if its kind is for this key."""
        return self.shown(await self._engine.get(execution_id, self.tenant))

    def shown(self, info: ExecutionInfo) -> ExecutionInfo:
        """The same, or PermissionDenied."""
        refusal = None if self.caller.may(ADMIN) else self._engine.refusal(self.who, info.kind)
        if refusal is not None:
            raise PermissionDenied(refusal)
        return info

    def context_of(self, context: ContextBody) -> ExecutionContext:
        return ExecutionContext(
            tenant_id=self.tenant,
            user_id=self.caller.user or "",
            session_id=context.session_id,
            request_id=self.request_id,
            parent_execution_id=context.parent_execution_id,
            environment=dict(context.environment),
            traceparent=self.traceparent,
            policy=dict(self.caller.policy),
        )

    def place_of(self, execution_id: str) -> dict[str, str]:
        """The headers of an answer that is not finished."""
        return {"Location": f"{self._base}/executions/{execution_id}", "Retry-After": "1"}

    def wait_s(self, asked: float) -> float:
        """The wait of the body, or of `Prefer: wait`, within the operator's bound."""
        return min(float(asked or self.prefer_wait_s or 0), self._engine.settings.max_wait_s)

    def resume_after(self) -> int:
        """Where a client that lost an event stream goes on."""
        last = self.request.headers.get("Last-Event-ID", "")
        if not last:
            return 0
        if not (last.isdecimal() and len(last) <= 18):  # noqa: PLR2004 - what fits into a row's number
            raise Problem(400, "bad_request", "Last-Event-ID is not a number that this stream gave out.")
        return int(last)
