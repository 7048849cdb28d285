"""Permission by key scope: each kind asks for one scope."""

from collections.abc import Mapping

from executor.common.requests import Caller, ExecutionRequest
from executor.errors import PermissionDenied
from executor.ports.permissions import PermissionChecker


class ScopePermissions(PermissionChecker):
    """The caller needs the kind's scope, and acts for its own tenant and user only."""

    def __init__(self, scopes: Mapping[str, str], *, default: str | None = None) -> None:
        self._scopes = dict(scopes)
        self._default = default

    async def check(self, caller: Caller, request: ExecutionRequest) -> None:
        if request.context.tenant_id != caller.tenant_id:
            raise PermissionDenied("An execution belongs to the tenant of the key that asks for it.")
        refusal = self.refusal(caller, request.kind)
        if refusal is not None:
            raise PermissionDenied(refusal)

    def refusal(self, caller: Caller, kind: str) -> str | None:
        scope = self._scopes.get(kind, self._default)
        if scope is None or scope in caller.scopes:
            return None
        return f"Executions of kind {kind!r} need the scope {scope!r}."
