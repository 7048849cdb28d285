"""What a caller asks for."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any


class Priority(StrEnum):
    """Named classes; the scheduler maps them onto its number of levels."""

    LOW = "low"
    NORMAL = "normal"
    HIGH = "high"
    CRITICAL = "critical"


class LogLevel(StrEnum):
    """The least severe line that an execution's log keeps."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"

    def keeps(self, line: "LogLevel") -> bool:
        order = list(LogLevel)
        return order.index(line) >= order.index(self)


@dataclass(frozen=True, slots=True)
class ResourceLimits:
    """Upper bounds of one attempt; None leaves the handler's own default."""

    memory_bytes: int | None = None
    cpu_time_s: float | None = None
    output_bytes: int | None = None
    processes: int | None = None


@dataclass(frozen=True, slots=True)
class ResourceIsolation:
    """How far an attempt is walled off; True means that the wall stands."""

    memory_limit_bytes: int | None = None
    cpu_limit: float | None = None
    network_limit: bool = True
    file_system_limit: bool = True


@dataclass(frozen=True, slots=True)
class CallbackTarget:
    """Where to tell that an execution ended."""

    url: str


@dataclass(frozen=True, slots=True)
class ExecutionOptions:
    """How an execution is carried; None leaves the operator's default."""

    timeout_s: float | None = None
    retry_count: int = 0
    retry_delay_s: float | None = None
    retry_backoff: float = 2.0
    retry_max_delay_s: float = 300.0
    retry_on: tuple[str, ...] = ()
    priority: Priority = Priority.NORMAL
    resource_limits: ResourceLimits = field(default_factory=ResourceLimits)
    isolation: ResourceIsolation = field(default_factory=ResourceIsolation)
    logging_level: LogLevel = LogLevel.INFO
    idempotent: bool = False
    not_before: datetime | None = None
    deadline_at: datetime | None = None
    depends_on: tuple[str, ...] = ()
    callback: CallbackTarget | None = None


@dataclass(frozen=True, slots=True)
class ExecutionContext:
    """On whose behalf, and as part of what, an execution happens."""

    tenant_id: str
    user_id: str = ""
    session_id: str = ""
    request_id: str = ""
    parent_execution_id: str | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    traceparent: str | None = None
    policy: Mapping[str, Any] = field(default_factory=dict)
    """What the caller's key is held to; the handler knows the fields."""


@dataclass(frozen=True, slots=True)
class ExecutionRequest:
    """One unit of work for the handler of `kind`."""

    kind: str
    parameters: Mapping[str, Any]
    context: ExecutionContext
    options: ExecutionOptions = field(default_factory=ExecutionOptions)
    tool_id: str | None = None
    version: str | None = None


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks; tenant and user come from the key, never from a body."""

    tenant_id: str
    user_id: str = ""
    scopes: frozenset[str] = frozenset()
