"""Where programs run."""

import abc
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from coderunner.src.common.limits import Limits
from coderunner.src.common.program import Program, RunOutcome


class RunListener(Protocol):
    """Hears what a run says while it runs: text of a stream, or a rich output."""

    def __call__(self, kind: str, content: str | Mapping[str, Any]) -> None: ...


@dataclass(frozen=True, slots=True)
class Layer:
    """One wall: whether it stands, why not, and what to do about it."""

    name: str
    on: bool
    required: bool
    why: str = ""
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class SandboxState:
    """What the sandbox can do right now."""

    ready: bool
    refusal: str
    layers: tuple[Layer, ...]
    pools: Mapping[str, Mapping[str, int]]
    keeps_cpu_share: bool = False
    warm: frozenset[str] = frozenset()
    """Modules that runs may find imported already."""


class Sandbox(abc.ABC):
    """Runs one program in a fresh, isolated process and lets nothing of it stay."""

    @abc.abstractmethod
    async def run(self, program: Program, limits: Limits, listener: RunListener | None = None) -> RunOutcome:
        """Run to the end or to a limit.

        Cancellation kills the run and waits until its processes are gone. Raises SandboxRefused where a
        required layer is missing, SandboxUnavailable when the sandbox itself fails (after one new try if
        the listener has heard nothing), CapacityExceeded when no place comes free.
        """

    @abc.abstractmethod
    def state(self) -> SandboxState:
        """What stands and what does not, without waiting."""


class CustomPythonExecutor(Sandbox):
    """Another executor, which a setting names as `module:Class`; `own` is the service's sandbox.

    What it runs without `own` is walled by nothing but its own care: `state` says to operators what stands.
    """

    def __init__(self, own: Sandbox) -> None:
        self.own = own

    @abc.abstractmethod
    def executor_name(self) -> str:
        """What callers are told."""

    @abc.abstractmethod
    def supported_versions(self) -> Sequence[str]:
        """The Pythons that it runs, as 3.12."""

    def state(self) -> SandboxState:
        """The service's own sandbox's, unless it knows better."""
        return self.own.state()
