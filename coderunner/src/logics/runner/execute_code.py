"""The main job: code in, result out."""

import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from coderunner.src.common.limits import Limits
from coderunner.src.common.program import Program, RunOutcome, SecurityLevel
from coderunner.src.common.security import key_policy
from coderunner.src.errors import CpuShareUnavailable, LevelNotAllowed
from coderunner.src.logics.code.policy_rules import PolicyRules
from coderunner.src.logics.code.ports.run_history import RunHistory
from coderunner.src.logics.environment.provide_environment import ProvideEnvironment
from coderunner.src.logics.environment.run_environments import RunEnvironments
from coderunner.src.logics.environment.script_header import script_header
from coderunner.src.logics.runner.admission import Admission
from coderunner.src.logics.runner.limits import LimitRules
from coderunner.src.logics.runner.ports.sandbox import RunListener, Sandbox
from coderunner.src.logics.runner.run_board import RunBoard, RunUnderWay


@dataclass(frozen=True, slots=True)
class Execution:
    """One finished run and its name."""

    execution_id: str
    outcome: RunOutcome
    environment_id: str | None = None


def new_execution_id() -> str:
    """An unguessable name for one execution."""
    return f"exec_{secrets.token_hex(12)}"


def _told(listener: RunListener | None) -> Callable[[str], None]:
    """How who listens to a run hears of the installation before it."""
    return lambda message: listener("progress", message) if listener else None


class ExecuteCode:
    """Admits a program, holds it to its limits, and runs it."""

    def __init__(
        self,
        *,
        sandbox: Sandbox,
        admission: Admission,
        rules: LimitRules,
        levels: frozenset[SecurityLevel],
        policy: PolicyRules | None = None,
        environments: RunEnvironments | None = None,
        provide: ProvideEnvironment | None = None,
        history: RunHistory | None = None,
        durable: bool = False,
        board: RunBoard | None = None,
    ) -> None:
        self._sandbox = sandbox
        self._admission = admission
        self._rules = rules
        self._levels = levels
        self._policy = policy or PolicyRules()
        self._environments = environments
        self._provide = provide
        self._history = history
        self._durable = durable
        self._board = board or RunBoard()

    async def __call__(
        self,
        tenant: str,
        program: Program,
        wishes: Mapping[str, Any],
        *,
        execution_id: str | None = None,
        listener: RunListener | None = None,
    ) -> Execution:
        """Run `program`; `wishes` are the limits that the caller asked for.

        With durable history it raises DatabaseUnavailable when the run is over and cannot be recorded now.
        """
        limits = self.check(program, wishes)
        run = RunUnderWay(execution_id or new_execution_id(), tenant, program, limits)
        with self._board.shown(run):
            if self._provide is not None:
                program = run.program = await self._provide(tenant, program, _told(listener))
            asked = time.monotonic()
            async with self._admission.place(tenant, limits.memory_bytes):
                queue_ms = (time.monotonic() - asked) * 1000
                run.running = True
                outcome = await self._run(run, listener)
            timing = replace(outcome.timing, queue_ms=queue_ms, install_ms=(asked - run.began_s) * 1000)
            run.outcome = replace(outcome, timing=timing)
        execution = Execution(run.execution_id, run.outcome, program.environment_id)
        await self._remember(tenant, program, execution)
        return execution

    async def _remember(self, tenant: str, program: Program, execution: Execution) -> None:
        if self._history is None:
            return
        if self._durable:
            await self._history.keep_run(tenant, execution.execution_id, program, execution.outcome)
        else:
            self._history.record(tenant, execution.execution_id, program, execution.outcome)

    async def _run(self, run: RunUnderWay, listener: RunListener | None) -> RunOutcome:
        if self._environments is None:
            return await self._sandbox.run(run.program, run.limits, listener)
        async with self._environments.prepared(run.tenant, run.program) as equipped:
            run.program = equipped
            return await self._sandbox.run(equipped, run.limits, listener)

    def check(self, program: Program, wishes: Mapping[str, Any]) -> Limits:
        """Hold a request to the rules of the operator and of the caller's key before anything runs."""
        held = key_policy(program.key_policy)
        levels = self._levels & (held.levels() or self._levels)
        if program.security_level not in levels:
            offered = ", ".join(sorted(level.value for level in levels)) or "none"
            whose = "here" if program.security_level not in self._levels else "to this API key"
            message = (
                f"security_level {program.security_level.value} is not offered {whose}; offered: {offered}"
            )
            raise LevelNotAllowed(message, pointer="/security_level")
        self._policy.check(program.security_level, program.security, program.key_policy)
        script_header(program)
        rules = self._rules.for_key(held.max_execution_time, held.max_memory_usage)
        limits = rules.limits_for(wishes)
        if limits.cpu_share and not self._sandbox.state().keeps_cpu_share:
            message = "cpu_limit cannot be kept on this host: no control group may be written"
            raise CpuShareUnavailable(message, pointer="/cpu_limit")
        return limits
