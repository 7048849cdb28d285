"""Logs, events and measurements of executions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from executor.common.requests import LogLevel
from executor.common.states import ExecutionStatus


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line that a handler wrote."""

    level: LogLevel
    message: str
    timestamp: datetime
    metadata: Mapping[str, Any] = field(default_factory=dict)
    seq: int = 0
    attempt: int = 0


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened; `seq` counts from 1 within an execution without a gap."""

    seq: int
    type: str
    data: Mapping[str, Any]
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Metric:
    """One measurement of one execution."""

    name: str
    value: float
    unit: str
    timestamp: datetime
    execution_id: str = ""


@dataclass(frozen=True, slots=True)
class MetricFilter:
    """Which executions are counted; None does not restrict."""

    tenant_id: str | None = None
    kind: str | None = None
    without_kinds: Sequence[str] = ()
    name: str | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class MetricGroup:
    """Counts and times of the executions that share a kind, a status and a tenant."""

    kind: str
    status: ExecutionStatus
    tenant_id: str
    count: int
    average_execution_ms: float
    average_queue_wait_ms: float


@dataclass(frozen=True, slots=True)
class ExecutionMetrics:
    """The engine's counters over a range of time."""

    total_executions: int
    successful_executions: int
    failed_executions: int
    average_execution_ms: float
    average_queue_wait_ms: float
    current_concurrent_executions: int
    queue_length: int
    error_rate: float
    groups: Sequence[MetricGroup] = ()
