"""What the scheduler and the workers look like from outside, and how the history is searched."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from executor.common.executions import ExecutionInfo
from executor.common.states import ExecutionStatus


@dataclass(frozen=True, slots=True)
class QueueStatus:
    """How much waits, and how long already."""

    ready: int
    scheduled: int
    blocked: int
    handed_out: int
    running: int
    capacity: int
    oldest_wait_s: float
    by_priority: Mapping[str, int]

    @property
    def length(self) -> int:
        return self.ready + self.scheduled + self.blocked + self.handed_out


@dataclass(frozen=True, slots=True)
class WorkerStatus:
    """One worker: an asyncio task in the embedded pool, a process with slots in the distributed one."""

    worker_id: str
    state: str
    slots: int
    busy: int
    healthy: bool
    started_at: datetime
    heartbeat_at: datetime
    execution_ids: Sequence[str] = ()
    finished: int = 0


@dataclass(frozen=True, slots=True)
class PoolStatus:
    """The worker pool as a whole."""

    backend: str
    min_workers: int
    max_workers: int
    busy: int
    idle: int
    draining: bool
    workers: Sequence[WorkerStatus]


@dataclass(frozen=True, slots=True)
class ExecutionFilter:
    """Which executions to list; empty restricts nothing but the tenant."""

    tenant_id: str | None = None
    statuses: Sequence[ExecutionStatus] = ()
    kind: str | None = None
    without_kinds: Sequence[str] = ()
    user_id: str | None = None
    session_id: str | None = None
    parent_execution_id: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    text: str | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """One page of the history, newest first; `next_before` continues it."""

    items: Sequence[ExecutionInfo]
    next_before: str | None


@dataclass(frozen=True, slots=True)
class Limits:
    """Caps on what runs at the same time; None does not cap."""

    running_per_tenant: int | None = None
    running_per_kind: Mapping[str, int] | None = None
