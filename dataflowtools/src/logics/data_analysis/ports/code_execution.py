"""Who runs free code, in a place where it can do no harm."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from dataflowtools.src.common.on_behalf import OnBehalf


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeRequest:
    """A program with the variables that it finds; what is None is left to the other side."""

    code: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    timeout_s: float | None = None
    memory_limit_mb: int | None = None
    security_level: str | None = None


class CodeExecution(ABC):
    """Runs programs; one that fails is an answer, not an error."""

    @abstractmethod
    async def execute(self, caller: OnBehalf, request: CodeRequest) -> dict[str, Any]:
        """Run and return the verdict: status, result, value, outputs, exceptions and more.

        Raises CoderunnerRefused, CoderunnerForbade or CoderunnerUnavailable. Cancelling ends the run.
        """
