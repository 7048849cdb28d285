"""Accepting executions: idempotency, dependencies and virtual time in one transaction."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import delete, insert, select, text, update
from sqlalchemy.exc import IntegrityError

from executor.adapters.sql.moves import dependency_failed, end, event_row
from executor.adapters.sql.rows import X
from executor.adapters.sql.schema import CALLBACKS, DEPENDENCIES, EVENTS, EXECUTIONS, IDEMPOTENCY, SHARES
from executor.adapters.sql.tables import BLOCKED, READY, WAITING
from executor.adapters.sql.transactions import TryAgain, Tx
from executor.common.callbacks import CallbackState
from executor.common.codec import encode_request
from executor.common.executions import NewExecution, Submission
from executor.common.ids import new_id
from executor.common.states import ExecutionStatus
from executor.errors import IdempotencyConflict, InvalidParameters, RequestTooLarge
from executor.ports.store import IdempotencyKey

CLASS_CLOCK = ""
SURELY_FINE_BYTES = 500_000
OTHER_COLUMNS_BYTES = 100_000


def submit(tx: Tx, new: Sequence[NewExecution], idempotency: IdempotencyKey | None) -> list[Submission]:
    if idempotency is not None:
        replay = _remembered(tx, new, idempotency)
        if replay:
            return replay
    states = _dependency_states(tx, new)
    times = _virtual_times(tx, new)
    needed = {dep for one in new for dep in one.request.options.depends_on}
    rows = [_row(tx, one, times[one.execution_id], _pending(one, states)) for one in new]
    _require_size(tx, rows)
    _insert(tx, [{**row, "has_dependents": row["id"] in needed} for row in rows])
    tx.insert(insert(DEPENDENCIES), _dependency_rows(new))
    tx.insert(insert(CALLBACKS), [_callback_row(one) for one in new if one.request.options.callback])
    tx.insert(
        insert(EVENTS),
        [event_row(one.execution_id, 1, "state", {"status": "queued"}, tx.now) for one in new],
    )
    return [_accepted(tx, one, states) for one in new]


def _require_size(tx: Tx, rows: Sequence[Mapping[str, Any]]) -> None:
    """MySQL cuts the connection at a statement above its bound, which looks as if it had gone away."""
    sizes = [_size_in_statement(row["request_data"]) for row in rows]
    if tx.is_sqlite or max(sizes) < SURELY_FINE_BYTES:
        return
    most = int(tx.scalar(text("SELECT @@max_allowed_packet"))) - OTHER_COLUMNS_BYTES
    for place, size in enumerate(sizes):
        if size > most:
            refused = RequestTooLarge(
                f"The request takes {size} bytes in the database, which takes {most} at most."
            )
            refused.position = place
            raise refused


def _size_in_statement(data: str) -> int:
    escaped = sum(data.count(char) for char in "\"'\\")
    return len(data.encode()) + escaped


def _insert(tx: Tx, rows: list[dict[str, Any]]) -> None:
    try:
        tx.insert(insert(EXECUTIONS), rows)
    except IntegrityError as error:
        raise TryAgain("the parent was deleted in between") from error


def _accepted(tx: Tx, one: NewExecution, states: Mapping[str, str]) -> Submission:
    for depends_on in one.request.options.depends_on:
        status = ExecutionStatus(states.get(depends_on, "queued"))
        if status.is_final and status is not ExecutionStatus.SUCCEEDED:
            end(tx, {"id": one.execution_id, "attempt_started_at": None}, dependency_failed(depends_on))
            return Submission(one.execution_id, ExecutionStatus.FAILED)
    return Submission(one.execution_id, ExecutionStatus.QUEUED)


# --- idempotency ---------------------------------------------------------------------------------------
def _remembered(tx: Tx, new: Sequence[NewExecution], key: IdempotencyKey) -> list[Submission]:
    tenant = new[0].request.context.tenant_id
    mine = (IDEMPOTENCY.c.tenant_id == tenant, IDEMPOTENCY.c.idempotency_key == key.key)
    tx.run(delete(IDEMPOTENCY).where(*mine, IDEMPOTENCY.c.expires_at <= tx.now))
    found = replay(tx, tenant, key)
    if found:
        return found
    try:
        tx.insert(
            insert(IDEMPOTENCY), [_key_row(tx, key, tenant, place, one) for place, one in enumerate(new)]
        )
    except IntegrityError as error:
        raise TryAgain("another request with this key was faster") from error
    return []


def replay(tx: Tx, tenant: str, key: IdempotencyKey) -> list[Submission]:
    """What an earlier request with this key made; nothing when there was none."""
    mine = (IDEMPOTENCY.c.tenant_id == tenant, IDEMPOTENCY.c.idempotency_key == key.key)
    rows = tx.all(
        select(IDEMPOTENCY.c.body_hash, IDEMPOTENCY.c.execution_id, X.status)
        .join_from(IDEMPOTENCY, EXECUTIONS, X.id == IDEMPOTENCY.c.execution_id, isouter=True)
        .where(*mine, IDEMPOTENCY.c.expires_at > tx.now)
        .order_by(IDEMPOTENCY.c.position)
    )
    if any(row["body_hash"] != key.body_hash for row in rows):
        raise IdempotencyConflict
    return [_replay(row) for row in rows]


def _replay(row: Mapping[str, Any]) -> Submission:
    status = ExecutionStatus(row["status"]) if row["status"] else ExecutionStatus.SUCCEEDED
    return Submission(row["execution_id"], status, replayed=True)


def _key_row(tx: Tx, key: IdempotencyKey, tenant: str, position: int, one: NewExecution) -> dict[str, Any]:
    return {
        "tenant_id": tenant,
        "idempotency_key": key.key,
        "position": position,
        "body_hash": key.body_hash,
        "execution_id": one.execution_id,
        "expires_at": tx.now + timedelta(seconds=key.ttl_s),
    }


# --- dependencies --------------------------------------------------------------------------------------
def _dependency_states(tx: Tx, new: Sequence[NewExecution]) -> dict[str, str]:
    """Lock what is depended on, so that it cannot end between the look and the commit."""
    own = {one.execution_id for one in new}
    wanted = {dep for one in new for dep in one.request.options.depends_on} - own
    states: dict[str, str] = dict.fromkeys(own, ExecutionStatus.QUEUED)
    if wanted:
        tenant = new[0].request.context.tenant_id
        rows = tx.all(
            select(X.id, X.status)
            .where(X.id.in_(wanted), X.tenant_id == tenant)
            .order_by(X.id)
            .with_for_update()
        )
        states |= {row["id"]: row["status"] for row in rows}
        tx.run(update(EXECUTIONS).where(X.id.in_([row["id"] for row in rows])).values(has_dependents=True))
    for place, one in enumerate(new):
        for missing in sorted(set(one.request.options.depends_on) - states.keys()):
            raise _unknown(missing, place, "/options/depends_on")
    _check_parents(tx, new, own)
    return states


def _unknown(execution_id: str, place: int, pointer: str) -> InvalidParameters:
    refused = InvalidParameters(f"There is no execution {execution_id}.", pointer=pointer)
    refused.position = place
    return refused


def _check_parents(tx: Tx, new: Sequence[NewExecution], own: set[str]) -> None:
    parents = {one.request.context.parent_execution_id for one in new} - own - {None}
    if not parents:
        return
    tenant = new[0].request.context.tenant_id
    found = {row["id"] for row in tx.all(select(X.id).where(X.id.in_(parents), X.tenant_id == tenant))}
    for place, one in enumerate(new):
        parent = one.request.context.parent_execution_id
        if parent in parents - found:
            raise _unknown(str(parent), place, "/context/parent_execution_id")


def _pending(one: NewExecution, states: Mapping[str, str]) -> int:
    return sum(not ExecutionStatus(states[dep]).is_final for dep in set(one.request.options.depends_on))


def _dependency_rows(new: Sequence[NewExecution]) -> list[dict[str, Any]]:
    return [
        {"execution_id": one.execution_id, "depends_on_id": dep}
        for one in new
        for dep in sorted(set(one.request.options.depends_on))
    ]


# --- virtual time --------------------------------------------------------------------------------------
def _virtual_times(tx: Tx, new: Sequence[NewExecution]) -> dict[str, float]:
    """Start-time fair queueing: each starts where its tenant's last one ended, or at the class's now."""
    groups: dict[tuple[int, str], list[NewExecution]] = defaultdict(list)
    for one in new:
        groups[one.rank, one.request.context.tenant_id].append(one)
    times: dict[str, float] = {}
    for (rank, tenant), members in sorted(groups.items()):
        reached = _tenant_time(tx, rank, tenant)
        for one in members:
            times[one.execution_id] = reached
            reached += one.cost
        mine = (SHARES.c.rank == rank, SHARES.c.tenant_id == tenant)
        tx.run(update(SHARES).where(*mine).values(virtual_time=reached))
    return times


def _tenant_time(tx: Tx, rank: int, tenant: str) -> float:
    clock = class_time(tx, rank)
    mine = (SHARES.c.rank == rank, SHARES.c.tenant_id == tenant)
    last = tx.scalar(select(SHARES.c.virtual_time).where(*mine).with_for_update())
    if last is not None:
        return max(float(last), clock)
    try:
        tx.insert(insert(SHARES), [{"rank": rank, "tenant_id": tenant, "virtual_time": clock}])
    except IntegrityError as error:
        raise TryAgain("the tenant's first two executions came at once") from error
    return clock


def class_time(tx: Tx, rank: int) -> float:
    """The virtual time of the execution that started last in this class."""
    found = tx.scalar(
        select(SHARES.c.virtual_time).where(SHARES.c.rank == rank, SHARES.c.tenant_id == CLASS_CLOCK)
    )
    return float(found or 0.0)


# --- rows ----------------------------------------------------------------------------------------------
def _row(tx: Tx, one: NewExecution, virtual_time: float, pending: int) -> dict[str, Any]:
    options, context = one.request.options, one.request.context
    return {
        "id": one.execution_id,
        "kind": one.request.kind,
        "tool_id": one.request.tool_id,
        "version": one.request.version,
        "status": ExecutionStatus.QUEUED,
        "request_data": encode_request(one.request),
        "search_text": one.search_text.lower(),
        "tenant_id": context.tenant_id,
        "user_id": context.user_id,
        "session_id": context.session_id,
        "request_id": context.request_id,
        "parent_execution_id": context.parent_execution_id,
        "retry_of": one.retry_of,
        "created_at": tx.now,
        "priority": options.priority,
        "queue_state": _queue_state(tx, one, pending),
        "rank": one.rank,
        "virtual_time": virtual_time,
        "aged_at": tx.now,
        "not_before": options.not_before,
        "deadline_at": options.deadline_at,
        "timeout_s": one.timeout_s,
        "max_attempts": options.retry_count + 1,
        "pending_dependencies": pending,
        "has_callback": options.callback is not None,
        **FRESH,
    }


FRESH: Mapping[str, Any] = {
    "attempt": 0,
    "losses": 0,
    "fence": 0,
    "cancel_requested": False,
    "event_seq": 1,
    "log_seq": 0,
}


def _queue_state(tx: Tx, one: NewExecution, pending: int) -> int:
    not_before = one.request.options.not_before
    if pending:
        return BLOCKED
    return WAITING if not_before is not None and not_before > tx.now else READY


def _callback_row(one: NewExecution) -> dict[str, Any]:
    callback = one.request.options.callback
    return {
        "id": new_id("cb"),
        "execution_id": one.execution_id,
        "tenant_id": one.request.context.tenant_id,
        "url": callback.url if callback else "",
        "traceparent": one.request.context.traceparent,
        "state": CallbackState.WAITING,
        "attempts": 0,
        "next_attempt_at": None,
    }
