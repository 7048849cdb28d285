"""Rows as values."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, select

from executor.adapters.sql.schema import EXECUTIONS
from executor.common.codec import decode_json, decode_request
from executor.common.executions import (
    Claim,
    ExecutionInfo,
    ExecutionMetadata,
    ExecutionOutput,
    ExecutionResult,
    ExecutionTiming,
)
from executor.common.requests import Priority
from executor.common.states import ExecutionStatus

_HEAVY = {"request_data", "result_data", "search_text"}
INFO_COLUMNS = [column for column in EXECUTIONS.c if column.name not in _HEAVY]
X = EXECUTIONS.c


def info_query() -> Select[Any]:
    """Everything but the big texts."""
    return select(*INFO_COLUMNS)


def owned(execution_id: str, tenant_id: str | None) -> list[ColumnElement[bool]]:
    """The conditions of one tenant's execution; None is any tenant."""
    mine = [X.id == execution_id]
    return mine if tenant_id is None else [*mine, X.tenant_id == tenant_id]


def to_info(row: Any) -> ExecutionInfo:
    return ExecutionInfo(
        execution_id=row["id"],
        kind=row["kind"],
        tool_id=row["tool_id"],
        version=row["version"],
        status=ExecutionStatus(row["status"]),
        priority=Priority(row["priority"]),
        tenant_id=row["tenant_id"],
        user_id=row["user_id"],
        session_id=row["session_id"],
        request_id=row["request_id"],
        parent_execution_id=row["parent_execution_id"],
        retry_of=row["retry_of"],
        attempt=row["attempt"],
        max_attempts=row["max_attempts"],
        verdict=row["verdict"],
        error_reason=row["error_reason"],
        error_message=row["error_message"],
        progress=row["progress"],
        cancel_requested=bool(row["cancel_requested"]),
        worker_id=row["worker_id"],
        created_at=row["created_at"],
        not_before=row["not_before"],
        deadline_at=row["deadline_at"],
        started_at=row["start_time"],
        ended_at=row["end_time"],
        queue_wait_ms=_wait_ms(row),
        duration_ms=row["duration_ms"],
        result_bytes=row["result_bytes"],
        result_type=row["result_type"],
    )


def _wait_ms(row: Any) -> int | None:
    """Written when the first attempt ends; before that it follows from its start."""
    written: int | None = row["queue_wait_ms"]
    if written is None and row["start_time"] is not None:
        return milliseconds(_ready_at(row), row["start_time"])
    return written


def _ready_at(row: Any) -> datetime:
    """When it could start at the earliest: what is planned for later does not wait before."""
    created_at: datetime = row["created_at"]
    return max(created_at, row["not_before"] or created_at)


def to_result(row: Any) -> ExecutionResult:
    output = ExecutionOutput(
        value=decode_json(row["result_data"]),
        content_type=row["result_type"] or "application/json",
        size_bytes=row["result_bytes"] or 0,
        ref=row["result_ref"],
    )
    metadata = ExecutionMetadata(
        kind=row["kind"],
        version=row["version"],
        attempt=row["attempt"],
        worker_id=row["worker_id"],
        verdict=row["verdict"],
        error_reason=row["error_reason"],
        error_message=row["error_message"],
    )
    timing = ExecutionTiming(
        created_at=row["created_at"],
        started_at=row["start_time"],
        ended_at=row["end_time"],
        queue_wait_ms=row["queue_wait_ms"],
        duration_ms=row["duration_ms"],
    )
    return ExecutionResult(row["id"], ExecutionStatus(row["status"]), output, metadata, timing)


def to_lapsed(row: Any) -> Claim:
    """A running row whose lease is over, as the claim that its lost worker held."""
    claim = to_claim(
        row,
        fence=row["fence"],
        attempt=row["attempt"],
        claimed_at=row["attempt_started_at"],
        worker_id=row["lease_owner"],
    )
    return replace(claim, cancel_requested=bool(row["cancel_requested"]), lapsed_at=row["lease_expires_at"])


def to_claim(row: Any, *, fence: int, attempt: int, claimed_at: datetime, worker_id: str) -> Claim:
    return Claim(
        execution_id=row["id"],
        fence=fence,
        attempt=attempt,
        losses=row["losses"],
        request=decode_request(row["request_data"]),
        timeout_s=row["timeout_s"],
        ready_at=_ready_at(row),
        claimed_at=claimed_at,
        worker_id=worker_id,
    )


def milliseconds(start: datetime | None, end: datetime) -> int | None:
    return None if start is None else max(0, round((end - start).total_seconds() * 1000))
