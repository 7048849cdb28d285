"""Logs, events and measurements as rows; numbers within an execution follow each other without a gap."""

from collections.abc import Mapping, Sequence

from sqlalchemy import insert, select, update

from executor.adapters.sql.moves import event_row
from executor.adapters.sql.rows import X
from executor.adapters.sql.schema import EVENTS, EXECUTIONS, LOGS, METRICS
from executor.adapters.sql.settlements import measurement
from executor.adapters.sql.transactions import Tx
from executor.common.codec import decode_json, encode_json
from executor.common.journal import Event, LogLine, Metric, MetricFilter
from executor.common.requests import LogLevel
from executor.common.states import ExecutionStatus


def append(
    tx: Tx,
    execution_id: str,
    fence: int,
    *,
    lines: Sequence[LogLine],
    events: Sequence[tuple[str, Mapping[str, object]]],
    metrics: Sequence[Metric],
    progress: float | None,
) -> bool:
    changes = {"event_seq": X.event_seq + len(events), "log_seq": X.log_seq + len(lines)}
    if progress is not None:
        changes["progress"] = progress  # type: ignore[assignment]
    mine = (X.id == execution_id, X.fence == fence, X.status == ExecutionStatus.RUNNING)
    if not tx.run(update(EXECUTIONS).where(*mine).values(**changes)):
        return False
    after = tx.one(select(X.event_seq, X.log_seq).where(X.id == execution_id))
    first_event, first_line = after["event_seq"] - len(events) + 1, after["log_seq"] - len(lines) + 1
    tx.insert(
        insert(EVENTS),
        [
            event_row(execution_id, first_event + i, kind, data, tx.now)
            for i, (kind, data) in enumerate(events)
        ],
    )
    tx.insert(insert(LOGS), [_log_row(execution_id, first_line + i, line) for i, line in enumerate(lines)])
    tx.insert(
        insert(METRICS),
        [measurement(execution_id, one.name, one.value, one.timestamp, one.unit) for one in metrics],
    )
    return True


def _log_row(execution_id: str, seq: int, line: LogLine) -> dict[str, object]:
    return {
        "execution_id": execution_id,
        "seq": seq,
        "attempt": line.attempt,
        "level": line.level,
        "message": line.message,
        "timestamp": line.timestamp,
        "metadata": encode_json(line.metadata) if line.metadata else None,
    }


def lines(tx: Tx, execution_id: str, after: int, limit: int) -> list[LogLine]:
    wanted = select(LOGS).where(LOGS.c.execution_id == execution_id, LOGS.c.seq > after)
    return [
        LogLine(
            level=LogLevel(row["level"]),
            message=row["message"],
            timestamp=row["timestamp"],
            metadata=decode_json(row["metadata"]) or {},
            seq=row["seq"],
            attempt=row["attempt"],
        )
        for row in tx.all(wanted.order_by(LOGS.c.seq).limit(limit))
    ]


def events(tx: Tx, execution_id: str, after: int, limit: int) -> list[Event]:
    wanted = select(EVENTS).where(EVENTS.c.execution_id == execution_id, EVENTS.c.seq > after)
    return [
        Event(row["seq"], row["type"], decode_json(row["data"]), row["created_at"])
        for row in tx.all(wanted.order_by(EVENTS.c.seq).limit(limit))
    ]


def metrics_of(tx: Tx, execution_id: str) -> list[Metric]:
    return _metrics(tx, select(METRICS).where(METRICS.c.execution_id == execution_id).order_by(METRICS.c.id))


def measurements(tx: Tx, wanted: MetricFilter, limit: int) -> list[Metric]:
    conditions = []
    for column, value in (
        (X.tenant_id, wanted.tenant_id),
        (X.kind, wanted.kind),
        (METRICS.c.metric_name, wanted.name),
    ):
        conditions += [] if value is None else [column == value]
    conditions += [X.kind.not_in(wanted.without_kinds)] if wanted.without_kinds else []
    conditions += [] if wanted.since is None else [METRICS.c.timestamp >= wanted.since]
    conditions += [] if wanted.until is None else [METRICS.c.timestamp < wanted.until]
    query = select(METRICS).join(EXECUTIONS, X.id == METRICS.c.execution_id).where(*conditions)
    return _metrics(tx, query.order_by(METRICS.c.id.desc()).limit(limit))


def _metrics(tx: Tx, query: object) -> list[Metric]:
    return [
        Metric(
            row["metric_name"],
            row["metric_value"],
            row["metric_unit"] or "",
            row["timestamp"],
            row["execution_id"],
        )
        for row in tx.all(query)  # type: ignore[arg-type]
    ]
