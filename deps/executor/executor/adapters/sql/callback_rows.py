"""Callbacks as an outbox: due rows are leased, delivered, logged, and tried again."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import func, insert, select, update

from executor.adapters.sql.schema import CALLBACKS, DELIVERIES
from executor.adapters.sql.transactions import Tx
from executor.common.callbacks import CallbackInfo, CallbackState, Delivery, DueCallback

C = CALLBACKS.c


def any_due(tx: Tx) -> bool:
    """An index look-up, so that an idle outbox writes nothing."""
    first = tx.scalar(select(func.min(C.next_attempt_at)).where(C.state == CallbackState.DUE))
    return first is not None and first <= tx.now


def due(tx: Tx, limit: int, lease_s: float, without_tenants: Sequence[str]) -> list[DueCallback]:
    rows = tx.all(
        select(CALLBACKS)
        .where(C.state == CallbackState.DUE, C.next_attempt_at <= tx.now, C.tenant_id.not_in(without_tenants))
        .order_by(C.next_attempt_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    ids = [row["id"] for row in rows]
    again_at = tx.now + timedelta(seconds=lease_s)
    if ids:
        tx.run(
            update(CALLBACKS).where(C.id.in_(ids)).values(attempts=C.attempts + 1, next_attempt_at=again_at)
        )
    return [
        DueCallback(
            callback_id=row["id"],
            execution_id=row["execution_id"],
            tenant_id=row["tenant_id"],
            url=row["url"],
            attempt=row["attempts"] + 1,
            traceparent=row["traceparent"],
        )
        for row in rows
    ]


def delivered(
    tx: Tx, callback: DueCallback, *, status_code: int | None, duration_ms: int, error: str | None
) -> None:
    if tx.scalar(select(C.id).where(C.id == callback.callback_id)) is None:
        return
    tx.insert(
        insert(DELIVERIES),
        [
            {
                "callback_id": callback.callback_id,
                "attempt": callback.attempt,
                "delivered_at": tx.now,
                "status_code": status_code,
                "duration_ms": duration_ms,
                "error": error,
            }
        ],
    )
    if error is None:
        _set(tx, callback, CallbackState.DELIVERED, None)


def postpone(tx: Tx, callback: DueCallback, retry_at: datetime | None) -> None:
    _set(tx, callback, CallbackState.DUE if retry_at else CallbackState.FAILED, retry_at)


def _set(tx: Tx, callback: DueCallback, state: CallbackState, next_attempt_at: datetime | None) -> None:
    mine = (C.id == callback.callback_id, C.attempts == callback.attempt, C.state == CallbackState.DUE)
    tx.run(update(CALLBACKS).where(*mine).values(state=state, next_attempt_at=next_attempt_at))


def callbacks_of(tx: Tx, execution_id: str) -> list[CallbackInfo]:
    rows = tx.all(select(CALLBACKS).where(C.execution_id == execution_id).order_by(C.id))
    return [
        CallbackInfo(
            callback_id=row["id"],
            url=row["url"],
            state=CallbackState(row["state"]),
            attempts=row["attempts"],
            next_attempt_at=row["next_attempt_at"],
            deliveries=_deliveries(tx, row["id"]),
        )
        for row in rows
    ]


def _deliveries(tx: Tx, callback_id: str) -> tuple[Delivery, ...]:
    wanted = select(DELIVERIES).where(DELIVERIES.c.callback_id == callback_id).order_by(DELIVERIES.c.attempt)
    return tuple(
        Delivery(row["attempt"], row["delivered_at"], row["status_code"], row["duration_ms"], row["error"])
        for row in tx.all(wanted)
    )
