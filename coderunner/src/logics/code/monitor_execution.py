"""The security status of a run, while it runs and afterwards."""

import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from coderunner.src.errors import ExecutionNotFound
from coderunner.src.logics.code.ports.run_history import RunHistory
from coderunner.src.logics.runner.ports.sandbox import Sandbox
from coderunner.src.logics.runner.run_board import RunBoard, RunUnderWay


@dataclass(frozen=True, slots=True)
class SecurityStatus:
    """What holds a run, and what it was refused.

    `state` is waiting, running or finished; `isolation` is complete when every required layer stands, else reduced.
    Level, policy and limits are known while the run is under way, `status` and `violations` when it is over.
    """

    execution_id: str
    state: str
    isolation: str
    environment_id: str | None
    elapsed_ms: float
    security_level: str | None = None
    policy: Mapping[str, Any] | None = None
    limits: Mapping[str, float] | None = None
    status: str | None = None
    violations: tuple[Mapping[str, Any], ...] = ()


class MonitorExecution:
    """Looks at the board of this process first, then at the history."""

    def __init__(self, *, board: RunBoard, history: RunHistory, sandbox: Sandbox) -> None:
        self._board = board
        self._history = history
        self._sandbox = sandbox

    async def __call__(self, tenant: str, execution_id: str) -> SecurityStatus:
        """ExecutionNotFound where none of the tenant's runs has this name."""
        run = self._board.find(tenant, execution_id)
        if run is not None:
            return self._of_run(run)
        row = await self._history.execution(tenant, execution_id)
        if row is None:
            raise ExecutionNotFound("there is no run of this name under way here, and none in the history")
        return SecurityStatus(
            execution_id=execution_id,
            state="finished",
            isolation=self._isolation(),
            environment_id=row["environment_id"],
            elapsed_ms=row["execution_time_ms"],
            status=row["status"],
            violations=tuple(error for error in row["exceptions"] if _is_refusal(error)),
        )

    def _of_run(self, run: RunUnderWay) -> SecurityStatus:
        return SecurityStatus(
            execution_id=run.execution_id,
            state="running" if run.running else "waiting",
            isolation=self._isolation(),
            environment_id=run.program.environment_id,
            elapsed_ms=round((time.monotonic() - run.began_s) * 1000, 3),
            security_level=run.program.security_level.value,
            policy=run.program.policy,
            limits=asdict(run.limits),
        )

    def _isolation(self) -> str:
        layers = self._sandbox.state().layers
        return "complete" if all(layer.on for layer in layers if layer.required) else "reduced"


def _is_refusal(error: Mapping[str, Any]) -> bool:
    kind = str(error.get("type", ""))
    return kind == "PolicyViolation" or kind.endswith("Refused")
