"""The engine's tables, for SQLite, MySQL 8 and MariaDB 10.6+."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Dialect,
    Double,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    SmallInteger,
    String,
    Table,
    Text,
    TypeDecorator,
)
from sqlalchemy.dialects import mysql

ID = String(64)
NAME = String(128)
SHORT = String(64)
LONG_TEXT = Text().with_variant(mysql.LONGTEXT(), "mysql", "mariadb")
SERIAL = BigInteger().with_variant(Integer(), "sqlite")

WAITING, READY, HANDED_OUT, BLOCKED = 0, 1, 2, 3
"""`queue_state` of rows that wait: for the clock, a slot, a worker to start it, other executions."""


ALL_WAITING = (WAITING, READY, HANDED_OUT, BLOCKED)


class UtcDateTime(TypeDecorator[datetime]):
    """Moments are aware in the program, naive UTC with microseconds in the rows."""

    impl = DateTime().with_variant(mysql.DATETIME(fsp=6), "mysql", "mariadb")
    cache_ok = True

    def process_bind_param(self, value: datetime | None, _dialect: Dialect) -> datetime | None:
        return None if value is None else value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: Any | None, _dialect: Dialect) -> datetime | None:
        return None if value is None else value.replace(tzinfo=UTC)


def executor_tables(metadata: MetaData) -> dict[str, Table]:
    """Add the engine's tables to a service's metadata and return them by name."""
    for make in (_executions, _execution_logs, _execution_metrics, _execution_events, _execution_attempts):
        make(metadata)
    for make in (_dependencies, _idempotency, _callbacks, _deliveries, _workers, _shares):
        make(metadata)
    return {name: metadata.tables[name] for name in TABLE_NAMES}


TABLE_NAMES = (
    "executions",
    "execution_logs",
    "execution_metrics",
    "execution_events",
    "execution_attempts",
    "execution_dependencies",
    "execution_idempotency",
    "execution_callbacks",
    "execution_deliveries",
    "execution_workers",
    "execution_shares",
)


def _table(name: str, metadata: MetaData, *items: Any) -> Table:
    return Table(
        name, metadata, *items, mysql_charset="utf8mb4", mysql_collate="utf8mb4_bin", mysql_engine="InnoDB"
    )


def _owner(*, primary_key: bool = False) -> Column[str]:
    return Column(
        "execution_id",
        ID,
        ForeignKey("executions.id", ondelete="CASCADE"),
        primary_key=primary_key,
        nullable=False,
    )


def _executions(metadata: MetaData) -> Table:
    return _table(
        "executions",
        metadata,
        *_asked_columns(),
        *_placed_columns(),
        *_carried_columns(),
        *_ended_columns(),
        Index("ix_executions_next", "queue_state", "rank", "virtual_time", "id"),
        Index("ix_executions_next_of_kind", "queue_state", "kind", "rank", "virtual_time", "id"),
        Index("ix_executions_due", "queue_state", "not_before"),
        Index("ix_executions_deadline", "queue_state", "deadline_at"),
        Index("ix_executions_lease", "status", "lease_expires_at"),
        Index("ix_executions_tenant", "tenant_id", "id"),
        Index("ix_executions_created", "created_at"),
    )


def _asked_columns() -> list[Column[Any]]:
    return [
        Column("id", ID, primary_key=True),
        Column("kind", SHORT, nullable=False),
        Column("tool_id", NAME),
        Column("version", SHORT),
        Column("status", String(16), nullable=False),
        Column("request_data", LONG_TEXT, nullable=False),
        Column("search_text", Text, nullable=False),
        Column("tenant_id", NAME, nullable=False),
        Column("user_id", NAME, nullable=False),
        Column("session_id", NAME, nullable=False),
        Column("request_id", NAME, nullable=False),
        Column("parent_execution_id", ID, ForeignKey("executions.id", ondelete="SET NULL"), index=True),
        Column("retry_of", ID),
        Column("created_at", UtcDateTime, nullable=False),
    ]


def _placed_columns() -> list[Column[Any]]:
    return [
        Column("priority", String(16), nullable=False),
        Column("queue_state", SmallInteger),
        Column("rank", Integer, nullable=False),
        Column("virtual_time", Double, nullable=False),
        Column("aged_at", UtcDateTime, nullable=False),
        Column("not_before", UtcDateTime),
        Column("deadline_at", UtcDateTime),
        Column("timeout_s", Double, nullable=False),
        Column("max_attempts", Integer, nullable=False),
        Column("pending_dependencies", Integer, nullable=False),
        Column("has_dependents", Boolean, nullable=False),
        Column("has_callback", Boolean, nullable=False),
    ]


def _carried_columns() -> list[Column[Any]]:
    return [
        Column("attempt", Integer, nullable=False),
        Column("losses", Integer, nullable=False),
        Column("fence", BigInteger, nullable=False),
        Column("lease_owner", NAME),
        Column("lease_expires_at", UtcDateTime),
        Column("attempt_started_at", UtcDateTime),
        Column("cancel_requested", Boolean, nullable=False),
        Column("progress", Double),
        Column("event_seq", BigInteger, nullable=False),
        Column("log_seq", BigInteger, nullable=False),
    ]


def _ended_columns() -> list[Column[Any]]:
    return [
        Column("start_time", UtcDateTime),
        Column("end_time", UtcDateTime),
        Column("queue_wait_ms", BigInteger),
        Column("duration_ms", BigInteger),
        Column("verdict", SHORT),
        Column("error_reason", SHORT),
        Column("error_message", Text),
        Column("worker_id", NAME),
        Column("result_data", LONG_TEXT),
        Column("result_ref", NAME),
        Column("result_type", NAME),
        Column("result_bytes", BigInteger),
    ]


def _execution_logs(metadata: MetaData) -> Table:
    return _table(
        "execution_logs",
        metadata,
        Column("id", SERIAL, primary_key=True, autoincrement=True),
        _owner(),
        Column("seq", BigInteger, nullable=False),
        Column("attempt", Integer, nullable=False),
        Column("level", String(16), nullable=False),
        Column("message", LONG_TEXT, nullable=False),
        Column("timestamp", UtcDateTime, nullable=False),
        Column("metadata", LONG_TEXT),
        Index("ix_execution_logs_seq", "execution_id", "seq", unique=True),
    )


def _execution_metrics(metadata: MetaData) -> Table:
    return _table(
        "execution_metrics",
        metadata,
        Column("id", SERIAL, primary_key=True, autoincrement=True),
        _owner(),
        Column("metric_name", NAME, nullable=False),
        Column("metric_value", Double, nullable=False),
        Column("metric_unit", String(32)),
        Column("timestamp", UtcDateTime, nullable=False),
        Index("ix_execution_metrics_execution", "execution_id"),
        Index("ix_execution_metrics_name", "metric_name", "timestamp"),
    )


def _execution_events(metadata: MetaData) -> Table:
    return _table(
        "execution_events",
        metadata,
        _owner(primary_key=True),
        Column("seq", BigInteger, primary_key=True, autoincrement=False),
        Column("type", SHORT, nullable=False),
        Column("data", LONG_TEXT, nullable=False),
        Column("created_at", UtcDateTime, nullable=False),
    )


def _execution_attempts(metadata: MetaData) -> Table:
    return _table(
        "execution_attempts",
        metadata,
        _owner(primary_key=True),
        Column("attempt", Integer, primary_key=True, autoincrement=False),
        Column("fence", BigInteger, nullable=False),
        Column("worker_id", NAME),
        Column("status", SHORT, nullable=False),
        Column("error_reason", SHORT),
        Column("error_message", Text),
        Column("started_at", UtcDateTime),
        Column("ended_at", UtcDateTime, nullable=False),
        Column("duration_ms", BigInteger),
    )


def _dependencies(metadata: MetaData) -> Table:
    return _table(
        "execution_dependencies",
        metadata,
        _owner(primary_key=True),
        Column("depends_on_id", ID, primary_key=True),
        Index("ix_execution_dependencies_on", "depends_on_id"),
    )


def _idempotency(metadata: MetaData) -> Table:
    return _table(
        "execution_idempotency",
        metadata,
        Column("tenant_id", NAME, primary_key=True),
        Column("idempotency_key", String(255), primary_key=True),
        Column("position", Integer, primary_key=True, autoincrement=False),
        Column("body_hash", SHORT, nullable=False),
        Column("execution_id", ID, nullable=False),
        Column("expires_at", UtcDateTime, nullable=False, index=True),
    )


def _callbacks(metadata: MetaData) -> Table:
    return _table(
        "execution_callbacks",
        metadata,
        Column("id", ID, primary_key=True),
        _owner(),
        Column("tenant_id", NAME, nullable=False),
        Column("url", Text, nullable=False),
        Column("traceparent", NAME),
        Column("state", String(16), nullable=False),
        Column("attempts", Integer, nullable=False),
        Column("next_attempt_at", UtcDateTime),
        Index("ix_execution_callbacks_due", "state", "next_attempt_at"),
        Index("ix_execution_callbacks_execution", "execution_id"),
    )


def _deliveries(metadata: MetaData) -> Table:
    return _table(
        "execution_deliveries",
        metadata,
        Column("callback_id", ID, ForeignKey("execution_callbacks.id", ondelete="CASCADE"), primary_key=True),
        Column("attempt", Integer, primary_key=True, autoincrement=False),
        Column("delivered_at", UtcDateTime, nullable=False),
        Column("status_code", Integer),
        Column("duration_ms", BigInteger, nullable=False),
        Column("error", Text),
    )


def _workers(metadata: MetaData) -> Table:
    return _table(
        "execution_workers",
        metadata,
        Column("id", NAME, primary_key=True),
        Column("state", String(16), nullable=False),
        Column("slots", Integer, nullable=False),
        Column("finished", BigInteger, nullable=False),
        Column("started_at", UtcDateTime, nullable=False),
        Column("heartbeat_at", UtcDateTime, nullable=False),
    )


def _shares(metadata: MetaData) -> Table:
    return _table(
        "execution_shares",
        metadata,
        Column("rank", Integer, primary_key=True, autoincrement=False),
        Column("tenant_id", NAME, primary_key=True),
        Column("virtual_time", Double, nullable=False),
    )
