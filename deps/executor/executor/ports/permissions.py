"""Who may run what."""

from abc import ABC, abstractmethod

from executor.common.requests import Caller, ExecutionRequest


class PermissionChecker(ABC):
    """Asked before a request is accepted, and before anybody looks at what came of it."""

    @abstractmethod
    async def check(self, caller: Caller, request: ExecutionRequest) -> None:
        """Raise PermissionDenied unless the caller may run this."""

    def refusal(self, _caller: Caller, _kind: str) -> str | None:
        """Why executions of this kind are not for the caller to see, cancel or delete; None when they are."""
        return None
