"""The rows that are the truth, in the parts that the engine needs them."""

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from executor.common.callbacks import CallbackInfo, DueCallback
from executor.common.executions import (
    AttemptInfo,
    Claim,
    ExecutionInfo,
    ExecutionResult,
    FinishedRun,
    NewExecution,
    Settlement,
    Submission,
)
from executor.common.journal import Event, ExecutionMetrics, LogLine, Metric, MetricFilter
from executor.common.queues import ExecutionFilter, Limits, Page, QueueStatus, WorkerStatus
from executor.common.requests import ExecutionRequest


@dataclass(frozen=True, slots=True)
class IdempotencyKey:
    """A caller's key with the hash of the body it came with."""

    key: str
    body_hash: str
    ttl_s: float


@dataclass(frozen=True, slots=True)
class Renewal:
    """What became of leases: those no longer ours, and those whose execution is to be cancelled."""

    lost: frozenset[str]
    cancel: frozenset[str]


@dataclass(frozen=True, slots=True)
class Promotion:
    """What a look at the clock did: rows that became ready, and seconds until the next one will."""

    promoted: int
    next_due_s: float | None


class ExecutionStore(ABC):
    """Accepting, reading and ending executions; StoreUnavailable when the rows cannot be reached."""

    @abstractmethod
    async def submit(
        self, new: Sequence[NewExecution], idempotency: IdempotencyKey | None = None
    ) -> list[Submission]:
        """Make all rows at once, or replay; IdempotencyConflict, InvalidParameters for dependencies."""

    @abstractmethod
    async def replay(self, tenant_id: str, idempotency: IdempotencyKey) -> list[Submission]:
        """What an earlier request with this key made, if any; IdempotencyConflict for another body."""

    @abstractmethod
    async def record(self, finished: Sequence[FinishedRun]) -> None:
        """Add runs that were carried outside the queue."""

    @abstractmethod
    async def get(self, execution_id: str, tenant_id: str | None) -> ExecutionInfo:
        """One execution; ExecutionNotFound also for another tenant's."""

    @abstractmethod
    async def request_of(self, execution_id: str, tenant_id: str | None) -> ExecutionRequest:
        """The request as it was stored."""

    @abstractmethod
    async def result(self, execution_id: str, tenant_id: str | None) -> ExecutionResult:
        """The result; ExecutionNotFinished before the end."""

    @abstractmethod
    async def attempts(self, execution_id: str) -> list[AttemptInfo]:
        """The finished attempts in order."""

    @abstractmethod
    async def page(self, wanted: ExecutionFilter, limit: int, before: str | None) -> Page:
        """Newest first, from below the id `before`."""

    @abstractmethod
    async def cancel(self, execution_id: str, tenant_id: str | None) -> ExecutionInfo:
        """End a waiting execution at once, mark a running one; a finished one stays as it is."""

    @abstractmethod
    async def delete(self, execution_id: str, tenant_id: str | None) -> str | None:
        """Remove a finished execution and return its blob's name; ExecutionStillActive before its end."""

    @abstractmethod
    async def expired(self, max_age_s: float, max_count: int, limit: int) -> Sequence[str]:
        """Finished executions beyond the retention, oldest first."""

    @abstractmethod
    async def queue_status(self) -> QueueStatus:
        """What waits and runs."""

    @abstractmethod
    async def waiting(self, tenant_id: str | None, limit: int) -> int:
        """How many wait, counted up to `limit`."""

    @abstractmethod
    async def active(self) -> int:
        """How many run or are on their way to a worker."""

    @abstractmethod
    async def ping(self) -> None:
        """Raise StoreUnavailable unless the rows can be reached."""

    @abstractmethod
    async def close(self) -> None:
        """Give back connections and threads."""


class LeaseStore(ABC):
    """Who runs what. Each change is a compare-and-set on status and fence."""

    @abstractmethod
    async def promote(self) -> Promotion:
        """Make scheduled executions ready whose time has come, and end those whose deadline has passed."""

    @abstractmethod
    async def claim(
        self, limit: int, *, worker_id: str | None, lease_s: float, kinds: Sequence[str], limits: Limits
    ) -> list[Claim]:
        """Take the next ready executions in order; with a worker they run, without they are handed out."""

    @abstractmethod
    async def start(self, execution_id: str, fence: int, *, worker_id: str, lease_s: float) -> Claim | None:
        """Start a handed-out execution; None when somebody else has it or it has ended."""

    @abstractmethod
    async def renew(self, worker_id: str, held: Mapping[str, int], lease_s: float) -> Renewal:
        """Prolong the leases of `held` (id to fence) on the database's clock."""

    @abstractmethod
    async def cancels(self, worker_id: str, held: Mapping[str, int]) -> Renewal:
        """What became of leases, without prolonging them."""

    @abstractmethod
    async def settle(self, claim: Claim, settlement: Settlement, *, only_lapsed: bool = False) -> bool:
        """End an attempt; False when the fence is not the newest any more or the lease was renewed."""

    @abstractmethod
    async def lapsed(self, limit: int, dead: Sequence[str] = ()) -> list[Claim]:
        """Running attempts whose lease is over, or whose worker is one of the `dead`."""

    @abstractmethod
    async def recall(self) -> int:
        """Make handed-out executions ready again that nobody started in time."""

    @abstractmethod
    async def age(self, ageing_s: float) -> int:
        """Lift executions by one level that have waited so long."""

    @abstractmethod
    async def tidy(self) -> None:
        """Forget idempotency keys and shares that can no longer matter."""

    @abstractmethod
    async def beat(self, worker: WorkerStatus) -> None:
        """Tell that a worker lives."""

    @abstractmethod
    async def forget(self, worker_ids: Sequence[str]) -> None:
        """Remove workers that have ended."""

    @abstractmethod
    async def workers(self, fresh_s: float) -> list[WorkerStatus]:
        """Workers with their last heartbeat; those without one for `fresh_s` are unhealthy."""


class JournalStore(ABC):
    """What executions tell while they run."""

    @abstractmethod
    async def append(
        self,
        execution_id: str,
        fence: int,
        *,
        lines: Sequence[LogLine] = (),
        events: Sequence[tuple[str, Mapping[str, object]]] = (),
        metrics: Sequence[Metric] = (),
        progress: float | None = None,
    ) -> bool:
        """Add in order; False when the fence is not the newest any more."""

    @abstractmethod
    async def lines(self, execution_id: str, after: int, limit: int) -> list[LogLine]:
        """Log lines after a sequence number."""

    @abstractmethod
    async def events(self, execution_id: str, after: int, limit: int) -> list[Event]:
        """Events after a sequence number."""

    @abstractmethod
    async def metrics_of(self, execution_id: str) -> list[Metric]:
        """Measurements of one execution."""

    @abstractmethod
    async def measurements(self, wanted: MetricFilter, limit: int) -> list[Metric]:
        """Measurements of many executions, newest first."""

    @abstractmethod
    async def totals(self, wanted: MetricFilter) -> ExecutionMetrics:
        """Counts and averages over executions."""


class CallbackStore(ABC):
    """Callbacks waiting for delivery."""

    @abstractmethod
    async def due(
        self, limit: int, lease_s: float, *, without_tenants: Sequence[str] = ()
    ) -> list[DueCallback]:
        """Lease callbacks whose time has come."""

    @abstractmethod
    async def delivered(
        self, callback: DueCallback, *, status_code: int | None, duration_ms: int, error: str | None
    ) -> None:
        """Log a delivery; without an error the callback is done."""

    @abstractmethod
    async def postpone(self, callback: DueCallback, retry_at: datetime | None) -> None:
        """Try again later, or never with None."""

    @abstractmethod
    async def callbacks_of(self, execution_id: str) -> list[CallbackInfo]:
        """The callbacks of one execution with their delivery logs."""


class Store(ExecutionStore, LeaseStore, JournalStore, CallbackStore, ABC):
    """All of them on one database."""

    @abstractmethod
    def tell_ends(self, tell: Callable[[Sequence[str]], Awaitable[None]]) -> None:
        """Call this with what a change has ended, once it is committed."""
