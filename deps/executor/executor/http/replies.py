"""What callers get."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict

from executor.common.requests import LogLevel, Priority
from executor.common.states import ExecutionStatus


class Reply(BaseModel):
    """Read from the engine's values by attribute."""

    model_config = ConfigDict(from_attributes=True)


class SubmissionReply(Reply):
    execution_id: str
    status: ExecutionStatus


class BatchReply(Reply):
    executions: list[SubmissionReply]


class ExecutionReply(Reply):
    execution_id: str
    kind: str
    tool_id: str | None
    version: str | None
    status: ExecutionStatus
    priority: Priority
    tenant_id: str
    user_id: str
    session_id: str
    request_id: str
    parent_execution_id: str | None
    retry_of: str | None
    attempt: int
    max_attempts: int
    verdict: str | None
    error_reason: str | None
    error_message: str | None
    progress: float | None
    cancel_requested: bool
    created_at: datetime
    not_before: datetime | None
    deadline_at: datetime | None
    started_at: datetime | None
    ended_at: datetime | None
    queue_wait_ms: int | None
    duration_ms: int | None
    result_bytes: int | None
    result_type: str | None


class AttemptReply(Reply):
    attempt: int
    status: str
    started_at: datetime | None
    ended_at: datetime
    duration_ms: int | None
    error_reason: str | None
    error_message: str | None


class DetailReply(ExecutionReply):
    attempts: list[AttemptReply] = []
    request: dict[str, Any] = {}
    options: dict[str, Any] = {}
    environment: dict[str, str] = {}


class PageReply(Reply):
    items: list[ExecutionReply]
    next_cursor: str | None


class MetadataReply(Reply):
    kind: str
    version: str | None
    attempt: int
    verdict: str | None
    error_reason: str | None
    error_message: str | None


class TimingReply(Reply):
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    queue_wait_ms: int | None
    duration_ms: int | None


class ResultReply(Reply):
    execution_id: str
    status: ExecutionStatus
    output: Any = None
    metadata: MetadataReply
    timing: TimingReply


class LogReply(Reply):
    seq: int
    attempt: int
    level: LogLevel
    message: str
    timestamp: datetime
    metadata: dict[str, Any]


class LogsReply(Reply):
    items: list[LogReply]
    next_after: int


class MetricReply(Reply):
    name: str
    value: float
    unit: str
    timestamp: datetime
    execution_id: str


class MetricsReply(Reply):
    items: list[MetricReply]


class GroupReply(Reply):
    kind: str
    status: ExecutionStatus
    tenant_id: str
    count: int
    average_execution_ms: float
    average_queue_wait_ms: float


class TotalsReply(Reply):
    total_executions: int
    successful_executions: int
    failed_executions: int
    average_execution_ms: float
    average_queue_wait_ms: float
    current_concurrent_executions: int
    queue_length: int
    error_rate: float
    groups: list[GroupReply]
    measurements: list[MetricReply] = []


class QueueReply(Reply):
    length: int
    ready: int
    scheduled: int
    blocked: int
    handed_out: int
    running: int
    capacity: int
    oldest_wait_s: float
    by_priority: dict[str, int]


class WorkerReply(Reply):
    worker_id: str
    state: str
    slots: int
    busy: int
    healthy: bool
    started_at: datetime
    heartbeat_at: datetime
    finished: int
    execution_ids: list[str] = []


class PoolReply(Reply):
    backend: str
    min_workers: int
    max_workers: int
    busy: int
    idle: int
    draining: bool
    workers: list[WorkerReply]


class DeliveryReply(Reply):
    attempt: int
    delivered_at: datetime
    status_code: int | None
    duration_ms: int
    error: str | None


class CallbackReply(Reply):
    callback_id: str
    url: str
    state: str
    attempts: int
    next_attempt_at: datetime | None
    deliveries: list[DeliveryReply]


class CallbacksReply(Reply):
    items: Sequence[CallbackReply]


class SecretReply(Reply):
    secret: str
