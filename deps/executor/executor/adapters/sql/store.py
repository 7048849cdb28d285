"""The ports of the rows on SQLAlchemy: SQLite, MySQL 8, MariaDB 10.6+."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime

from sqlalchemy import delete
from sqlalchemy.engine import URL

from executor.adapters.sql import (
    callback_rows,
    claims,
    journals,
    queries,
    settlements,
    submissions,
    upkeep,
)
from executor.adapters.sql.database import Database
from executor.adapters.sql.schema import METADATA, WORKERS
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
from executor.ports.store import (
    CallbackStore,
    ExecutionStore,
    IdempotencyKey,
    JournalStore,
    LeaseStore,
    Promotion,
    Renewal,
    Store,
)


class _Executions(ExecutionStore):
    _database: Database
    _capacity: int

    async def submit(
        self, new: Sequence[NewExecution], idempotency: IdempotencyKey | None = None
    ) -> list[Submission]:
        return await self._database.write(lambda tx: submissions.submit(tx, new, idempotency))

    async def replay(self, tenant_id: str, idempotency: IdempotencyKey) -> list[Submission]:
        return await self._database.read(lambda tx: submissions.replay(tx, tenant_id, idempotency))

    async def record(self, finished: Sequence[FinishedRun]) -> None:
        await self._database.write(lambda tx: settlements.record(tx, finished))

    async def get(self, execution_id: str, tenant_id: str | None) -> ExecutionInfo:
        return await self._database.read(lambda tx: queries.get(tx, execution_id, tenant_id))

    async def request_of(self, execution_id: str, tenant_id: str | None) -> ExecutionRequest:
        return await self._database.read(lambda tx: queries.request_of(tx, execution_id, tenant_id))

    async def result(self, execution_id: str, tenant_id: str | None) -> ExecutionResult:
        return await self._database.read(lambda tx: queries.result(tx, execution_id, tenant_id))

    async def attempts(self, execution_id: str) -> list[AttemptInfo]:
        return await self._database.read(lambda tx: queries.attempts(tx, execution_id))

    async def page(self, wanted: ExecutionFilter, limit: int, before: str | None) -> Page:
        return await self._database.read(lambda tx: queries.page(tx, wanted, limit, before))

    async def cancel(self, execution_id: str, tenant_id: str | None) -> ExecutionInfo:
        return await self._database.write(lambda tx: settlements.cancel(tx, execution_id, tenant_id))

    async def delete(self, execution_id: str, tenant_id: str | None) -> str | None:
        return await self._database.write(lambda tx: settlements.remove(tx, execution_id, tenant_id))

    async def expired(self, max_age_s: float, max_count: int, limit: int) -> Sequence[str]:
        return await self._database.read(lambda tx: queries.expired(tx, max_age_s, max_count, limit))

    async def queue_status(self) -> QueueStatus:
        return await self._database.read(lambda tx: queries.queue_status(tx, self._capacity))

    async def waiting(self, tenant_id: str | None, limit: int) -> int:
        return await self._database.read(lambda tx: queries.waiting(tx, tenant_id, limit))

    async def active(self) -> int:
        return await self._database.read(queries.active)

    async def ping(self) -> None:
        await self._database.read(lambda tx: tx.now)

    async def close(self) -> None:
        await self._database.close()


class _Leases(LeaseStore):
    _database: Database
    _with_metrics: bool

    async def promote(self) -> Promotion:
        something, look = await self._database.read(upkeep.due)
        if not something:
            return look
        return Promotion(await self._database.write(upkeep.promote), 0.0)

    async def claim(
        self, limit: int, *, worker_id: str | None, lease_s: float, kinds: Sequence[str], limits: Limits
    ) -> list[Claim]:
        return await self._database.write(
            lambda tx: claims.claim(
                tx, limit, worker_id=worker_id, lease_s=lease_s, kinds=kinds, limits=limits
            )
        )

    async def start(self, execution_id: str, fence: int, *, worker_id: str, lease_s: float) -> Claim | None:
        return await self._database.write(
            lambda tx: claims.start(tx, execution_id, fence, worker_id, lease_s)
        )

    async def renew(self, worker_id: str, held: Mapping[str, int], lease_s: float) -> Renewal:
        return await self._database.write(lambda tx: claims.renew(tx, worker_id, held, lease_s))

    async def cancels(self, worker_id: str, held: Mapping[str, int]) -> Renewal:
        return await self._database.read(lambda tx: claims.look(tx, worker_id, held))

    async def settle(self, claim: Claim, settlement: Settlement, *, only_lapsed: bool = False) -> bool:
        return await self._database.write(
            lambda tx: settlements.settle(
                tx, claim, settlement, only_lapsed=only_lapsed, with_metrics=self._with_metrics
            )
        )

    async def lapsed(self, limit: int, dead: Sequence[str] = ()) -> list[Claim]:
        return await self._database.read(lambda tx: upkeep.lapsed(tx, limit, dead))

    async def recall(self) -> int:
        return await self._database.write(upkeep.recall)

    async def age(self, ageing_s: float) -> int:
        return await self._database.write(lambda tx: upkeep.age(tx, ageing_s))

    async def tidy(self) -> None:
        await self._database.write(upkeep.tidy)

    async def beat(self, worker: WorkerStatus) -> None:
        await self._database.write(lambda tx: upkeep.beat(tx, worker))

    async def forget(self, worker_ids: Sequence[str]) -> None:
        await self._database.write(lambda tx: tx.run(delete(WORKERS).where(WORKERS.c.id.in_(worker_ids))))

    async def workers(self, fresh_s: float) -> list[WorkerStatus]:
        return await self._database.read(lambda tx: upkeep.workers(tx, fresh_s))


class _Journal(JournalStore):
    _database: Database

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
        return await self._database.write(
            lambda tx: journals.append(
                tx, execution_id, fence, lines=lines, events=events, metrics=metrics, progress=progress
            )
        )

    async def lines(self, execution_id: str, after: int, limit: int) -> list[LogLine]:
        return await self._database.read(lambda tx: journals.lines(tx, execution_id, after, limit))

    async def events(self, execution_id: str, after: int, limit: int) -> list[Event]:
        return await self._database.read(lambda tx: journals.events(tx, execution_id, after, limit))

    async def metrics_of(self, execution_id: str) -> list[Metric]:
        return await self._database.read(lambda tx: journals.metrics_of(tx, execution_id))

    async def measurements(self, wanted: MetricFilter, limit: int) -> list[Metric]:
        return await self._database.read(lambda tx: journals.measurements(tx, wanted, limit))

    async def totals(self, wanted: MetricFilter) -> ExecutionMetrics:
        return await self._database.read(lambda tx: queries.totals(tx, wanted))


class _Callbacks(CallbackStore):
    _database: Database

    async def due(
        self, limit: int, lease_s: float, *, without_tenants: Sequence[str] = ()
    ) -> list[DueCallback]:
        if not await self._database.read(callback_rows.any_due):
            return []
        return await self._database.write(lambda tx: callback_rows.due(tx, limit, lease_s, without_tenants))

    async def delivered(
        self, callback: DueCallback, *, status_code: int | None, duration_ms: int, error: str | None
    ) -> None:
        await self._database.write(
            lambda tx: callback_rows.delivered(
                tx, callback, status_code=status_code, duration_ms=duration_ms, error=error
            )
        )

    async def postpone(self, callback: DueCallback, retry_at: datetime | None) -> None:
        await self._database.write(lambda tx: callback_rows.postpone(tx, callback, retry_at))

    async def callbacks_of(self, execution_id: str) -> list[CallbackInfo]:
        return await self._database.read(lambda tx: callback_rows.callbacks_of(tx, execution_id))


class SqlStore(_Executions, _Leases, _Journal, _Callbacks, Store):
    """All row ports on one database."""

    def __init__(
        self, url: str | URL, *, threads: int = 10, capacity: int = 1000, with_metrics: bool = True
    ) -> None:
        self._database = Database(url, threads=threads)
        self._capacity = capacity
        self._with_metrics = with_metrics

    def tell_ends(self, tell: Callable[[Sequence[str]], Awaitable[None]]) -> None:
        self._database.tell_ends = tell

    def create_tables(self) -> None:
        """Make the tables without Alembic, for tests and benchmarks."""
        METADATA.create_all(self._database.engine)
