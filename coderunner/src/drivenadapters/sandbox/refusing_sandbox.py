"""The sandbox of a host where no code can run: the service stands, says why, and runs nothing."""

from coderunner.src.common.limits import Limits
from coderunner.src.common.program import Program, RunOutcome
from coderunner.src.errors import SandboxRefused
from coderunner.src.logics.runner.ports.sandbox import RunListener, Sandbox, SandboxState


class RefusingSandbox(Sandbox):
    """Answers every run with the reason."""

    def __init__(self, reason: str) -> None:
        self._reason = reason

    async def run(self, program: Program, limits: Limits, listener: RunListener | None = None) -> RunOutcome:
        """Raise SandboxRefused."""
        del program, limits, listener
        raise SandboxRefused(self._reason)

    def state(self) -> SandboxState:
        """Never ready."""
        return SandboxState(ready=False, refusal=self._reason, layers=(), pools={})
