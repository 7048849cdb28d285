"""Who runs what: claims in the scheduler's order, under caps, with leases and fences."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, func, insert, literal, select, update
from sqlalchemy.exc import IntegrityError

from executor.adapters.sql.moves import event_row
from executor.adapters.sql.rows import X, to_claim
from executor.adapters.sql.schema import EVENTS, EXECUTIONS, SHARES
from executor.adapters.sql.submissions import CLASS_CLOCK
from executor.adapters.sql.tables import HANDED_OUT, READY, UtcDateTime
from executor.adapters.sql.transactions import TryAgain, Tx
from executor.common.executions import Claim
from executor.common.queues import Limits
from executor.common.states import ExecutionStatus
from executor.ports.store import Renewal

CAPS_CLOCK = -1
_COLUMNS = (
    X.id,
    X.kind,
    X.tenant_id,
    X.rank,
    X.virtual_time,
    X.fence,
    X.attempt,
    X.losses,
    X.event_seq,
    X.timeout_s,
    X.request_data,
    X.created_at,
    X.not_before,
)


def claim(
    tx: Tx, limit: int, *, worker_id: str | None, lease_s: float, kinds: Sequence[str], limits: Limits
) -> list[Claim]:
    rows = _next_rows(tx, limit, kinds, limits)
    if not rows:
        return []
    ids = [row["id"] for row in rows]
    expires = tx.now + timedelta(seconds=lease_s)
    change = update(EXECUTIONS).where(X.id.in_(ids))
    if worker_id is None:
        tx.run(change.values(queue_state=HANDED_OUT, fence=X.fence + 1, lease_expires_at=expires))
    else:
        _run(tx, rows, worker_id, expires)
    _advance_clocks(tx, rows)
    started = worker_id is not None
    return [
        to_claim(
            row,
            fence=row["fence"] + 1,
            attempt=row["attempt"] + int(started),
            claimed_at=tx.now,
            worker_id=worker_id or "",
        )
        for row in rows
    ]


def _run(tx: Tx, rows: Sequence[Mapping[str, Any]], worker_id: str, expires: Any) -> None:
    ids = [row["id"] for row in rows]
    tx.run(
        update(EXECUTIONS)
        .where(X.id.in_(ids))
        .values(fence=X.fence + 1, **_running(worker_id, expires, tx.now))
    )
    tx.insert(
        insert(EVENTS),
        [
            event_row(
                row["id"],
                row["event_seq"] + 1,
                "state",
                {"status": "running", "attempt": row["attempt"] + 1},
                tx.now,
            )
            for row in rows
        ],
    )


def _running(worker_id: str, expires: Any, now: Any) -> dict[str, Any]:
    return {
        "status": ExecutionStatus.RUNNING,
        "queue_state": None,
        "attempt": X.attempt + 1,
        "lease_owner": worker_id,
        "worker_id": worker_id,
        "lease_expires_at": expires,
        "attempt_started_at": now,
        "start_time": func.coalesce(X.start_time, literal(now, UtcDateTime())),
        "event_seq": X.event_seq + 1,
    }


def start(tx: Tx, execution_id: str, fence: int, worker_id: str, lease_s: float) -> Claim | None:
    """Turn a hand-out into a run; of two deliveries of one message only the first finds the row waiting."""
    row = tx.one(
        select(*_COLUMNS)
        .where(X.id == execution_id, X.fence == fence, X.queue_state == HANDED_OUT, _in_time(tx))
        .with_for_update()
    )
    if row is None:
        return None
    _run(tx, [row], worker_id, tx.now + timedelta(seconds=lease_s))
    return to_claim(row, fence=fence + 1, attempt=row["attempt"] + 1, claimed_at=tx.now, worker_id=worker_id)


def renew(tx: Tx, worker_id: str, held: Mapping[str, int], lease_s: float) -> Renewal:
    tx.run(
        update(EXECUTIONS)
        .where(*_mine(worker_id, held))
        .values(lease_expires_at=tx.now + timedelta(seconds=lease_s))
    )
    return look(tx, worker_id, held)


def _mine(worker_id: str, held: Mapping[str, int]) -> tuple[ColumnElement[bool], ...]:
    return X.id.in_(held), X.lease_owner == worker_id, X.status == ExecutionStatus.RUNNING


def look(tx: Tx, worker_id: str, held: Mapping[str, int]) -> Renewal:
    """Which leases are still ours, and which of them are to be cancelled."""
    rows = tx.all(select(X.id, X.fence, X.cancel_requested).where(*_mine(worker_id, held)))
    kept = {row["id"] for row in rows if row["fence"] == held[row["id"]]}
    return Renewal(
        lost=frozenset(held.keys() - kept),
        cancel=frozenset(row["id"] for row in rows if row["cancel_requested"] and row["id"] in kept),
    )


# --- order and caps ------------------------------------------------------------------------------------
def _next_rows(tx: Tx, limit: int, kinds: Sequence[str], limits: Limits) -> list[Mapping[str, Any]]:
    if limits.running_per_tenant is None and not limits.running_per_kind:
        return _candidates(tx, limit, kinds)
    _lock(tx, CAPS_CLOCK)
    return _within_caps(tx, limit, kinds, limits)


def _candidates(
    tx: Tx, limit: int, kinds: Sequence[str], *extra: ColumnElement[bool]
) -> list[Mapping[str, Any]]:
    return tx.all(
        select(*_COLUMNS)
        .where(X.queue_state == READY, X.kind.in_(kinds), _in_time(tx), *extra)
        .order_by(X.rank, X.virtual_time, X.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )


def _in_time(tx: Tx) -> ColumnElement[bool]:
    """A deadline may pass between the look at the clock's changes and the claim."""
    return X.deadline_at.is_(None) | (X.deadline_at > tx.now)


def _within_caps(tx: Tx, limit: int, kinds: Sequence[str], limits: Limits) -> list[Mapping[str, Any]]:
    """Claims are serialised by a lock while caps hold, so that two processes cannot overrun one together."""
    columns = (X.tenant_id, X.kind)
    active = tx.all(select(*columns).where(X.status == ExecutionStatus.RUNNING))
    active += tx.all(select(*columns).where(X.queue_state == HANDED_OUT))
    tenants = Counter(row["tenant_id"] for row in active)
    of_kind = Counter(row["kind"] for row in active)
    chosen: dict[str, Mapping[str, Any]] = {}
    while len(chosen) < limit:
        rooms = _rooms(limit - len(chosen), kinds, of_kind, limits.running_per_kind or {})
        full = [
            tenant for tenant, count in tenants.items() if count >= (limits.running_per_tenant or 1_000_000)
        ]
        found = _first_of_each(tx, rooms, X.tenant_id.not_in(full), X.id.not_in(chosen))
        if not found:
            break
        for row in found:
            if _fits(row, tenants, of_kind, limits) and len(chosen) < limit:
                chosen[row["id"]] = row
                tenants[row["tenant_id"]] += 1
                of_kind[row["kind"]] += 1
    return list(chosen.values())


def _rooms(
    limit: int, kinds: Sequence[str], of_kind: Counter[str], caps: Mapping[str, int]
) -> dict[str, int]:
    """How many more of each kind may start; kinds at their cap are left out."""
    rooms = {kind: min(limit, caps.get(kind, limit + of_kind[kind]) - of_kind[kind]) for kind in kinds}
    return {kind: room for kind, room in rooms.items() if room > 0}


def _first_of_each(tx: Tx, rooms: Mapping[str, int], *extra: ColumnElement[bool]) -> list[Mapping[str, Any]]:
    """In the queue's order. One look a kind: of one that is at its cap thousands may wait in front of all others."""
    found = [row for kind, room in rooms.items() for row in _candidates(tx, room, [kind], *extra)]
    return sorted(found, key=lambda row: (row["rank"], row["virtual_time"], row["id"]))


def _fits(row: Mapping[str, Any], tenants: Counter[str], of_kind: Counter[str], limits: Limits) -> bool:
    if limits.running_per_tenant is not None and tenants[row["tenant_id"]] >= limits.running_per_tenant:
        return False
    cap = (limits.running_per_kind or {}).get(row["kind"])
    return cap is None or of_kind[row["kind"]] < cap


def _lock(tx: Tx, rank: int) -> None:
    mine = (SHARES.c.rank == rank, SHARES.c.tenant_id == CLASS_CLOCK)
    if tx.scalar(select(SHARES.c.virtual_time).where(*mine).with_for_update()) is None:
        _insert_clock(tx, rank, 0.0)


def _insert_clock(tx: Tx, rank: int, reached: float) -> None:
    try:
        tx.insert(insert(SHARES), [{"rank": rank, "tenant_id": CLASS_CLOCK, "virtual_time": reached}])
    except IntegrityError as error:
        raise TryAgain("another process made this clock first") from error


def _advance_clocks(tx: Tx, rows: Sequence[Mapping[str, Any]]) -> None:
    reached: dict[int, float] = {}
    for row in rows:
        reached[row["rank"]] = max(reached.get(row["rank"], 0.0), row["virtual_time"])
    for rank, time in sorted(reached.items()):
        mine = (SHARES.c.rank == rank, SHARES.c.tenant_id == CLASS_CLOCK)
        now = tx.scalar(select(SHARES.c.virtual_time).where(*mine))
        if now is None:
            _insert_clock(tx, rank, time)
        elif now < time:
            tx.run(update(SHARES).where(*mine, SHARES.c.virtual_time < time).values(virtual_time=time))
