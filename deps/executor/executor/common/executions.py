"""What the engine knows about an execution."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from executor.common.requests import ExecutionRequest, Priority
from executor.common.states import VERDICT_SUCCESS, ExecutionStatus

REASON_WORKER_LOST = "worker_lost"
REASON_DEADLINE = "deadline_exceeded"
REASON_TIMEOUT = "timeout"
REASON_DEPENDENCY = "dependency_failed"
REASON_CANCELLED = "cancelled"
REASON_HANDLER_ERROR = "handler_error"
REASON_RETRIES_EXHAUSTED = "retryable_error"


@dataclass(frozen=True, slots=True)
class ExecutionInfo:
    """One row of the history, without its request and result."""

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
    worker_id: str | None
    created_at: datetime
    not_before: datetime | None
    deadline_at: datetime | None
    started_at: datetime | None
    ended_at: datetime | None
    queue_wait_ms: int | None
    duration_ms: int | None
    result_bytes: int | None
    result_type: str | None


@dataclass(frozen=True, slots=True)
class AttemptInfo:
    """One finished attempt."""

    attempt: int
    status: str
    worker_id: str | None
    started_at: datetime | None
    ended_at: datetime
    duration_ms: int | None
    error_reason: str | None
    error_message: str | None


@dataclass(frozen=True, slots=True)
class ExecutionOutput:
    """The handler's answer: a JSON value, or bytes in the result store under `ref`."""

    value: Any = None
    content_type: str = "application/json"
    size_bytes: int = 0
    ref: str | None = None


@dataclass(frozen=True, slots=True)
class ExecutionMetadata:
    """How the result came about."""

    kind: str
    version: str | None
    attempt: int
    worker_id: str | None
    verdict: str | None
    error_reason: str | None
    error_message: str | None


@dataclass(frozen=True, slots=True)
class ExecutionTiming:
    """When things happened."""

    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    queue_wait_ms: int | None
    duration_ms: int | None


@dataclass(frozen=True, slots=True)
class ExecutionResult:
    """A finished execution as its caller reads it."""

    execution_id: str
    status: ExecutionStatus
    output: ExecutionOutput
    metadata: ExecutionMetadata
    timing: ExecutionTiming


@dataclass(frozen=True, slots=True)
class NewExecution:
    """A request that was accepted and placed, ready to become a row."""

    execution_id: str
    request: ExecutionRequest
    rank: int
    cost: float
    timeout_s: float
    retry_of: str | None = None
    search_text: str = ""


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to run one attempt; only the holder of the newest fence may settle it."""

    execution_id: str
    fence: int
    attempt: int
    losses: int
    request: ExecutionRequest
    timeout_s: float
    ready_at: datetime
    claimed_at: datetime
    worker_id: str
    cancel_requested: bool = False
    lapsed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Blob:
    """A result as a stream of bytes."""

    chunks: AsyncIterator[bytes]
    content_type: str = "application/octet-stream"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a handler returns: its verdict, and a JSON value or a stream of bytes."""

    value: Any = None
    verdict: str = VERDICT_SUCCESS
    message: str | None = None
    blob: Blob | None = None


@dataclass(frozen=True, slots=True)
class Settlement:
    """How one attempt ended, and what becomes of the execution."""

    status: ExecutionStatus
    verdict: str | None = None
    error_reason: str | None = None
    error_message: str | None = None
    output: ExecutionOutput | None = None
    retry_delay_s: float = 0.0
    counts_as_loss: bool = False


@dataclass(frozen=True, slots=True)
class Submission:
    """What submitting answers; `replayed` when an idempotency key found an earlier one."""

    execution_id: str
    status: ExecutionStatus
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class FinishedRun:
    """A run that was carried outside the queue and is recorded afterwards."""

    execution_id: str
    request: ExecutionRequest
    settlement: Settlement
    started_at: datetime
    ended_at: datetime
    search_text: str = ""
    metrics: Mapping[str, float] = field(default_factory=dict)
