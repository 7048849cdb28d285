"""Reading executions, queues and totals."""

from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, Integer, case, cast, func, select

from executor.adapters.sql.rows import X, info_query, owned, to_info, to_result
from executor.adapters.sql.schema import ATTEMPTS, EXECUTIONS
from executor.adapters.sql.tables import BLOCKED, HANDED_OUT, READY, WAITING
from executor.adapters.sql.transactions import Tx
from executor.common.codec import decode_request
from executor.common.executions import AttemptInfo, ExecutionInfo, ExecutionResult
from executor.common.journal import ExecutionMetrics, MetricFilter, MetricGroup
from executor.common.queues import ExecutionFilter, Page, QueueStatus
from executor.common.requests import ExecutionRequest
from executor.common.states import ExecutionStatus
from executor.errors import ExecutionNotFinished, ExecutionNotFound


def get(tx: Tx, execution_id: str, tenant_id: str | None) -> ExecutionInfo:
    row = tx.one(info_query().where(*owned(execution_id, tenant_id)))
    if row is None:
        raise ExecutionNotFound(execution_id)
    return to_info(row)


def request_of(tx: Tx, execution_id: str, tenant_id: str | None) -> ExecutionRequest:
    text = tx.scalar(select(X.request_data).where(*owned(execution_id, tenant_id)))
    if text is None:
        raise ExecutionNotFound(execution_id)
    return decode_request(text)


def result(tx: Tx, execution_id: str, tenant_id: str | None) -> ExecutionResult:
    row = tx.one(select(EXECUTIONS).where(*owned(execution_id, tenant_id)))
    if row is None:
        raise ExecutionNotFound(execution_id)
    if not ExecutionStatus(row["status"]).is_final:
        raise ExecutionNotFinished(execution_id, row["status"])
    return to_result(row)


def attempts(tx: Tx, execution_id: str) -> list[AttemptInfo]:
    wanted = select(ATTEMPTS).where(ATTEMPTS.c.execution_id == execution_id).order_by(ATTEMPTS.c.attempt)
    return [
        AttemptInfo(
            attempt=row["attempt"],
            status=row["status"],
            worker_id=row["worker_id"],
            started_at=row["started_at"],
            ended_at=row["ended_at"],
            duration_ms=row["duration_ms"],
            error_reason=row["error_reason"],
            error_message=row["error_message"],
        )
        for row in tx.all(wanted)
    ]


def page(tx: Tx, wanted: ExecutionFilter, limit: int, before: str | None) -> Page:
    conditions = _conditions(wanted)
    if before is not None:
        conditions.append(X.id < before)
    rows = tx.all(info_query().where(*conditions).order_by(X.id.desc()).limit(limit + 1))
    items = [to_info(row) for row in rows[:limit]]
    return Page(items, items[-1].execution_id if len(rows) > limit else None)


def _conditions(wanted: ExecutionFilter) -> list[ColumnElement[bool]]:
    equal: list[tuple[ColumnElement[Any], Any]] = [
        (X.tenant_id, wanted.tenant_id),
        (X.kind, wanted.kind),
        (X.user_id, wanted.user_id),
        (X.session_id, wanted.session_id),
        (X.parent_execution_id, wanted.parent_execution_id),
    ]
    conditions = [column == value for column, value in equal if value is not None]
    if wanted.without_kinds:
        conditions.append(X.kind.not_in(wanted.without_kinds))
    if wanted.statuses:
        conditions.append(X.status.in_(wanted.statuses))
    conditions += _between(wanted)
    if wanted.text:  # rows are lowered when they are written: SQLite knows ASCII letters only
        conditions.append(func.lower(X.search_text).contains(wanted.text.lower(), autoescape=True))
    return conditions


def _between(wanted: ExecutionFilter | MetricFilter) -> list[ColumnElement[bool]]:
    conditions = []
    if wanted.since is not None:
        conditions.append(X.created_at >= wanted.since)
    if wanted.until is not None:
        conditions.append(X.created_at < wanted.until)
    return conditions


def expired(tx: Tx, max_age_s: float, max_count: int, limit: int) -> list[str]:
    final = X.status.in_([status for status in ExecutionStatus if status.is_final])
    too_old = (
        final
        & (X.created_at < tx.now - timedelta(seconds=max_age_s))
        & (X.end_time < tx.now - timedelta(seconds=max_age_s))
    )
    ids = [row["id"] for row in tx.all(select(X.id).where(too_old).order_by(X.created_at).limit(limit))]
    if len(ids) < limit:
        edge = tx.scalar(select(X.id).where(final).order_by(X.id.desc()).offset(max_count).limit(1))
        if edge is not None:
            beyond = tx.all(select(X.id).where(final, X.id <= edge).order_by(X.id).limit(limit - len(ids)))
            ids += [row["id"] for row in beyond if row["id"] not in ids]
    return ids


def queue_status(tx: Tx, capacity: int) -> QueueStatus:
    waiting = tx.all(
        select(X.queue_state, X.priority, func.count().label("count"))
        .where(X.queue_state.is_not(None))
        .group_by(X.queue_state, X.priority)
    )
    states = dict.fromkeys((READY, WAITING, BLOCKED, HANDED_OUT), 0)
    priorities: dict[str, int] = {}
    for row in waiting:
        states[row["queue_state"]] += row["count"]
        priorities[row["priority"]] = priorities.get(row["priority"], 0) + row["count"]
    ready_at = case((X.not_before > X.created_at, X.not_before), else_=X.created_at)
    oldest = tx.scalar(select(func.min(ready_at)).where(X.queue_state == READY))
    return QueueStatus(
        ready=states[READY],
        scheduled=states[WAITING],
        blocked=states[BLOCKED],
        handed_out=states[HANDED_OUT],
        running=tx.scalar(select(func.count()).where(X.status == ExecutionStatus.RUNNING)),
        capacity=capacity,
        oldest_wait_s=0.0 if oldest is None else max(0.0, (tx.now - oldest).total_seconds()),
        by_priority=priorities,
    )


def waiting(tx: Tx, tenant_id: str | None, limit: int) -> int:
    conditions = [X.queue_state.is_not(None)] + ([] if tenant_id is None else [X.tenant_id == tenant_id])
    some = select(X.id).where(*conditions).limit(limit).subquery()
    return int(tx.scalar(select(func.count()).select_from(some)))


def active(tx: Tx) -> int:
    """Two look-ups by index, because one with OR may read the whole table."""
    running = tx.scalar(select(func.count()).where(X.status == ExecutionStatus.RUNNING))
    return int(running) + int(tx.scalar(select(func.count()).where(X.queue_state == HANDED_OUT)))


def totals(tx: Tx, wanted: MetricFilter) -> ExecutionMetrics:
    conditions = _between(wanted)
    conditions += [X.tenant_id == wanted.tenant_id] if wanted.tenant_id is not None else []
    conditions += [X.kind == wanted.kind] if wanted.kind is not None else []
    conditions += [X.kind.not_in(wanted.without_kinds)] if wanted.without_kinds else []
    rows = tx.all(
        select(
            X.kind,
            X.status,
            X.tenant_id,
            func.count().label("count"),
            func.avg(X.duration_ms).label("duration"),
            func.avg(X.queue_wait_ms).label("wait"),
            cast(func.count(X.queue_state), Integer).label("queued"),
        )
        .where(*conditions)
        .group_by(X.kind, X.status, X.tenant_id)
    )
    groups = [_group(row) for row in rows]
    return _sum_up(groups, sum(row["queued"] for row in rows))


def _group(row: Any) -> MetricGroup:
    return MetricGroup(
        kind=row["kind"],
        status=ExecutionStatus(row["status"]),
        tenant_id=row["tenant_id"],
        count=row["count"],
        average_execution_ms=float(row["duration"] or 0),
        average_queue_wait_ms=float(row["wait"] or 0),
    )


def _sum_up(groups: list[MetricGroup], queued: int) -> ExecutionMetrics:
    def count(*statuses: ExecutionStatus) -> int:
        return sum(group.count for group in groups if group.status in statuses)

    ended = [group for group in groups if group.status.is_final]
    finished = sum(group.count for group in ended)
    failed = count(ExecutionStatus.FAILED, ExecutionStatus.TIMED_OUT)

    def average(name: str) -> float:
        return sum(getattr(group, name) * group.count for group in ended) / finished if finished else 0.0

    return ExecutionMetrics(
        total_executions=sum(group.count for group in groups),
        successful_executions=count(ExecutionStatus.SUCCEEDED),
        failed_executions=failed,
        average_execution_ms=average("average_execution_ms"),
        average_queue_wait_ms=average("average_queue_wait_ms"),
        current_concurrent_executions=count(ExecutionStatus.RUNNING),
        queue_length=queued,
        error_rate=failed / finished if finished else 0.0,
        groups=groups,
    )
