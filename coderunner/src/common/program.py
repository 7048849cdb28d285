"""A program as the caller sent it, and what became of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from coderunner.src.common.limits import LimitHit


class SecurityLevel(StrEnum):
    """How the language is narrowed; the operating system's walls are the same for both."""

    RESTRICTED = "restricted"
    ISOLATED = "isolated"


class Verdict(StrEnum):
    """How a run ended."""

    SUCCESS = "success"
    ERROR = "error"
    TIMEOUT = "timeout"
    MEMORY_EXCEEDED = "memory_exceeded"
    OUTPUT_EXCEEDED = "output_exceeded"
    KILLED = "killed"
    POLICY_VIOLATION = "policy_violation"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class FigureWishes:
    """How open figures are drawn into the outputs."""

    formats: tuple[str, ...] = ("png",)
    dpi: int = 100
    size_inches: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class Walls:
    """What the operating system lets a run do, at either level; every combination is one set of walls."""

    network: bool = False  # connect to what the operator's allowlist names
    files: bool = True  # write in its folders
    system_calls: bool = True  # start processes of its own


@dataclass(frozen=True, slots=True)
class Program:
    """What runs: text or files, its inputs and the level of the language."""

    code: str
    security_level: SecurityLevel
    function_name: str | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)
    arguments: tuple[Any, ...] = ()  # of the function, by place
    stdin: str = ""
    env: Mapping[str, str] = field(default_factory=dict)
    args: tuple[str, ...] = ()
    files: Mapping[str, str] = field(default_factory=dict)
    entrypoint: str | None = None
    as_module: bool = False  # the entry point runs as python -m runs it, so it may import relatively
    security: Mapping[str, Any] = field(default_factory=dict)  # what the request narrows
    key_policy: Mapping[str, Any] = field(default_factory=dict)  # what the caller's key is held to
    policy: Mapping[str, Any] = field(default_factory=dict)  # what all of them come to, for the guest
    walls: Walls = field(default_factory=Walls)  # and for the operating system
    environment_id: str | None = None
    auto_install: bool = False
    installs: bool = False  # whether who asks may install packages
    layer: str = ""  # the folder of packages that the environment stands for
    figure: FigureWishes = field(default_factory=FigureWishes)

    def sources(self) -> tuple[str, ...]:
        """Every text in which an import may stand."""
        return (self.code, *(text for path, text in self.files.items() if path.endswith(".py")))


@dataclass(frozen=True, slots=True)
class Timing:
    """Where the milliseconds went."""

    install_ms: float = 0.0
    queue_ms: float = 0.0
    pool_ms: float = 0.0
    compile_ms: float = 0.0
    import_ms: float = 0.0
    run_ms: float = 0.0


@dataclass(frozen=True, slots=True)
class RunOutcome:
    """The answer of the sandbox: a failing program is an outcome, a failing sandbox is an error."""

    verdict: Verdict
    return_code: int
    stdout: str = ""
    stderr: str = ""
    stdout_truncated: bool = False
    stderr_truncated: bool = False
    value: Any = None
    value_is_tuple: bool = False  # JSON has one kind of array for lists and tuples
    value_truncated: bool = False
    outputs: tuple[Mapping[str, Any], ...] = ()
    exceptions: tuple[Mapping[str, Any], ...] = ()
    violations: tuple[Mapping[str, Any], ...] = ()
    limit: LimitHit | None = None
    execution_time_ms: float = 0.0
    cpu_time_ms: float = 0.0
    memory_usage_kb: int = 0
    timing: Timing = field(default_factory=Timing)
