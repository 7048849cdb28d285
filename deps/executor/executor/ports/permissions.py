"""Who may run what."""

from abc import ABC, abstractmethod

from executor.common.requests import Caller, ExecutionRequest


class PermissionChecker(ABC):
    """Asked before a request is accepted."""

    @abstractmethod
    async def check(self, caller: Caller, request: ExecutionRequest) -> None:
        """Raise PermissionDenied unless the caller may run this."""
