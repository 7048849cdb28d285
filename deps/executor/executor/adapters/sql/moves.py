"""The state changes of rows: every one a compare-and-set, with the event that tells of it."""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, insert, select, update

from executor.adapters.sql.rows import X, milliseconds
from executor.adapters.sql.schema import CALLBACKS, DEPENDENCIES, EVENTS, EXECUTIONS
from executor.adapters.sql.tables import BLOCKED, READY, WAITING
from executor.adapters.sql.transactions import Tx
from executor.common.callbacks import CallbackState
from executor.common.codec import encode_json
from executor.common.executions import REASON_DEPENDENCY, Settlement
from executor.common.states import ExecutionStatus, sources_of

_TOLD = (X.event_seq, X.has_dependents, X.has_callback)


def add_event(tx: Tx, execution_id: str, seq: int, kind: str, data: Mapping[str, Any]) -> None:
    tx.insert(insert(EVENTS), [event_row(execution_id, seq, kind, data, tx.now)])


def event_row(
    execution_id: str, seq: int, kind: str, data: Mapping[str, Any], at: datetime
) -> dict[str, Any]:
    return {
        "execution_id": execution_id,
        "seq": seq,
        "type": kind,
        "data": encode_json(data),
        "created_at": at,
    }


def end(
    tx: Tx,
    row: Mapping[str, Any],
    settlement: Settlement,
    *conditions: ColumnElement[bool],
) -> bool:
    """Move one execution to a final state, or do nothing when the conditions no longer hold.

    `row` is the execution as it was read: `id`, `start_time`, `attempt_started_at`. What depended on it follows.
    """
    has_dependents = _end_one(tx, row, settlement, *conditions)
    # Step by step and not by calling itself: a chain may be longer than the stack is deep.
    ended = [(row["id"], settlement)] if has_dependents else []
    while ended:
        execution_id, how = ended.pop()
        ended += _tell_dependents(tx, execution_id, how)
    return has_dependents is not None


def _end_one(
    tx: Tx, row: Mapping[str, Any], settlement: Settlement, *conditions: ColumnElement[bool]
) -> bool | None:
    """Whether others depend on what has ended; None when it has not."""
    now = tx.now
    target = settlement.status
    output = settlement.output
    done = tx.run(
        update(EXECUTIONS)
        .where(X.id == row["id"], X.status.in_(sources_of(target)), *conditions)
        .values(
            status=target,
            queue_state=None,
            lease_owner=None,
            lease_expires_at=None,
            end_time=now,
            duration_ms=milliseconds(row["attempt_started_at"], now),
            verdict=settlement.verdict,
            error_reason=settlement.error_reason,
            error_message=settlement.error_message,
            event_seq=X.event_seq + 1,
            **_first_wait(row),
            result_data=None if output is None or output.ref else encode_json(output.value),
            result_ref=output.ref if output else None,
            result_type=output.content_type if output else None,
            result_bytes=output.size_bytes if output else None,
        )
    )
    return _tell(tx, row["id"], settlement) if done else None


def _first_wait(row: Mapping[str, Any]) -> dict[str, Any]:
    """How long the execution waited, known at the end of its first attempt."""
    return {"queue_wait_ms": row["queue_wait_ms"]} if "queue_wait_ms" in row else {}


def _tell(tx: Tx, execution_id: str, settlement: Settlement) -> bool:
    """The followers by an event, the callback by making it due; whether there are dependents to tell."""
    tx.ended.append(execution_id)
    after = tx.one(select(*_TOLD).where(X.id == execution_id))
    data = {"status": settlement.status, "verdict": settlement.verdict, "reason": settlement.error_reason}
    add_event(tx, execution_id, after["event_seq"], "state", _without_none(data))
    if after["has_callback"]:
        tx.run(
            update(CALLBACKS)
            .where(CALLBACKS.c.execution_id == execution_id, CALLBACKS.c.state == CallbackState.WAITING)
            .values(state=CallbackState.DUE, next_attempt_at=tx.now)
        )
    return bool(after["has_dependents"])


def _tell_dependents(tx: Tx, execution_id: str, settlement: Settlement) -> list[tuple[str, Settlement]]:
    """Let go what waited for a success, end what waited in vain; returns what has dependents of its own."""
    ids = [
        row["execution_id"]
        for row in tx.all(
            select(DEPENDENCIES.c.execution_id).where(DEPENDENCIES.c.depends_on_id == execution_id)
        )
    ]
    if settlement.status is ExecutionStatus.SUCCEEDED:
        unblock(tx, ids)
        return []
    vain = dependency_failed(execution_id)
    rows = [
        tx.one(select(X.id, X.attempt_started_at).where(X.id == dependent).with_for_update())
        for dependent in ids
    ]
    return [(row["id"], vain) for row in rows if row and _end_one(tx, row, vain, X.queue_state == BLOCKED)]


def unblock(tx: Tx, ids: Collection[str]) -> None:
    """One dependency fewer; those without any wait for the clock, which may let them go at once."""
    if not ids:
        return
    # The counter first, the state by a second look: MySQL assigns from left to right, SQLite does not.
    tx.run(
        update(EXECUTIONS)
        .where(X.id.in_(ids), X.queue_state == BLOCKED)
        .values(pending_dependencies=X.pending_dependencies - 1)
    )
    free = (X.id.in_(ids), X.queue_state == BLOCKED, X.pending_dependencies <= 0)
    ready = {"queue_state": READY, "aged_at": tx.now}
    tx.run(update(EXECUTIONS).where(*free, X.not_before.is_(None)).values(ready))
    tx.run(update(EXECUTIONS).where(*free, X.not_before.is_not(None)).values(queue_state=WAITING))


def dependency_failed(depends_on_id: str) -> Settlement:
    return Settlement(
        ExecutionStatus.FAILED,
        error_reason=REASON_DEPENDENCY,
        error_message=f"Execution {depends_on_id}, which this one depends on, did not succeed.",
    )


def again(tx: Tx, row: Mapping[str, Any], settlement: Settlement, *conditions: ColumnElement[bool]) -> bool:
    """Move a running execution to `retrying`, to be ready after the delay."""
    now = tx.now
    done = tx.run(
        update(EXECUTIONS)
        .where(X.id == row["id"], X.status == ExecutionStatus.RUNNING, *conditions)
        .values(
            status=ExecutionStatus.RETRYING,
            queue_state=WAITING,
            not_before=now + timedelta(seconds=settlement.retry_delay_s),
            lease_owner=None,
            lease_expires_at=None,
            error_reason=settlement.error_reason,
            error_message=settlement.error_message,
            losses=X.losses + int(settlement.counts_as_loss),
            event_seq=X.event_seq + 1,
            **_first_wait(row),
        )
    )
    if done:
        seq = tx.scalar(select(X.event_seq).where(X.id == row["id"]))
        data = {
            "status": settlement.status,
            "reason": settlement.error_reason,
            "message": settlement.error_message,
            "retry_in_s": settlement.retry_delay_s,
        }
        add_event(tx, row["id"], seq, "state", _without_none(data))
    return bool(done)


def _without_none(data: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in data.items() if value is not None}
