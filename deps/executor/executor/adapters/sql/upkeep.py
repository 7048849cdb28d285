"""What the clock changes: scheduled starts, deadlines, lapsed leases, ageing, and the register of workers."""

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from executor.adapters.sql.moves import end
from executor.adapters.sql.rows import X, to_lapsed
from executor.adapters.sql.schema import EXECUTIONS, IDEMPOTENCY, SHARES, WORKERS
from executor.adapters.sql.submissions import CLASS_CLOCK, class_time
from executor.adapters.sql.tables import ALL_WAITING, HANDED_OUT, READY, WAITING
from executor.adapters.sql.transactions import TryAgain, Tx
from executor.common.executions import REASON_DEADLINE, Claim, Settlement
from executor.common.queues import WorkerStatus
from executor.common.states import ExecutionStatus
from executor.ports.store import Promotion

BATCH = 500
WITH_DEADLINE = (X.queue_state.in_(ALL_WAITING), X.deadline_at.is_not(None))


def due(tx: Tx) -> tuple[bool, Promotion]:
    """Whether anything is due, by index look-ups alone, so that an idle clock writes nothing."""
    next_start = tx.scalar(select(func.min(X.not_before)).where(X.queue_state == WAITING))
    next_deadline = tx.scalar(select(func.min(X.deadline_at)).where(*WITH_DEADLINE))
    waits = [
        (moment - tx.now).total_seconds() for moment in (next_start, next_deadline) if moment is not None
    ]
    soonest = min(waits, default=None)
    return soonest is not None and soonest <= 0, Promotion(0, soonest)


def promote(tx: Tx) -> int:
    ready = (X.queue_state == WAITING, X.not_before <= tx.now)
    promoted = tx.run(update(EXECUTIONS).where(*ready).values(queue_state=READY, aged_at=tx.now))
    late = (*WITH_DEADLINE, X.deadline_at <= tx.now)
    for row in tx.all(
        select(X.id, X.attempt_started_at).where(*late).limit(BATCH).with_for_update(skip_locked=True)
    ):
        end(tx, row, _missed_deadline(), X.queue_state.is_not(None))
    return promoted


def _missed_deadline() -> Settlement:
    return Settlement(
        ExecutionStatus.TIMED_OUT,
        error_reason=REASON_DEADLINE,
        error_message="The deadline passed before the execution started.",
    )


def lapsed(tx: Tx, limit: int, dead: Sequence[str]) -> list[Claim]:
    rows = tx.all(
        select(EXECUTIONS)
        .where(X.status == ExecutionStatus.RUNNING, (X.lease_expires_at < tx.now) | X.lease_owner.in_(dead))
        .order_by(X.lease_expires_at)
        .limit(limit)
    )
    return [to_lapsed(row) for row in rows]


def recall(tx: Tx) -> int:
    unstarted = (X.queue_state == HANDED_OUT, X.lease_expires_at < tx.now)
    return tx.run(update(EXECUTIONS).where(*unstarted).values(queue_state=READY, lease_expires_at=None))


def age(tx: Tx, ageing_s: float) -> int:
    """Lift to the front of the next level, one level per period, and forget shares that no longer matter."""
    lifted = 0
    before = tx.now - timedelta(seconds=ageing_s)
    ranks = tx.all(select(X.rank).where(X.queue_state == READY, X.rank > 0, X.aged_at <= before).distinct())
    for rank in sorted(row["rank"] for row in ranks):
        waiting = (X.queue_state == READY, X.rank == rank, X.aged_at <= before)
        clock = class_time(tx, rank - 1)
        lifted += tx.run(
            update(EXECUTIONS).where(*waiting).values(rank=rank - 1, aged_at=tx.now, virtual_time=clock)
        )
    return lifted


def tidy(tx: Tx) -> None:
    """Forget idempotency keys and shares that can no longer matter."""
    tx.run(delete(IDEMPOTENCY).where(IDEMPOTENCY.c.expires_at <= tx.now))
    for row in tx.all(select(SHARES.c.rank, SHARES.c.virtual_time).where(SHARES.c.tenant_id == CLASS_CLOCK)):
        behind = (SHARES.c.rank == row["rank"], SHARES.c.virtual_time < row["virtual_time"])
        tx.run(delete(SHARES).where(*behind, SHARES.c.tenant_id != CLASS_CLOCK))


def beat(tx: Tx, worker: WorkerStatus) -> None:
    values = {
        "state": worker.state,
        "slots": worker.slots,
        "finished": worker.finished,
        "heartbeat_at": tx.now,
    }
    if tx.run(update(WORKERS).where(WORKERS.c.id == worker.worker_id).values(**values)):
        return
    try:
        tx.insert(insert(WORKERS), [{"id": worker.worker_id, "started_at": tx.now, **values}])
    except IntegrityError as error:
        raise TryAgain("registered twice at once") from error


def workers(tx: Tx, fresh_s: float) -> list[WorkerStatus]:
    owned: dict[str, list[str]] = {}
    for row in tx.all(select(X.id, X.lease_owner).where(X.status == ExecutionStatus.RUNNING)):
        owned.setdefault(row["lease_owner"], []).append(row["id"])
    fresh = tx.now - timedelta(seconds=fresh_s)
    return [
        WorkerStatus(
            worker_id=row["id"],
            state=row["state"],
            slots=row["slots"],
            busy=len(owned.get(row["id"], ())),
            healthy=row["heartbeat_at"] >= fresh,
            started_at=row["started_at"],
            heartbeat_at=row["heartbeat_at"],
            execution_ids=tuple(owned.get(row["id"], ())),
            finished=row["finished"],
        )
        for row in tx.all(select(WORKERS).order_by(WORKERS.c.started_at, WORKERS.c.id))
    ]
