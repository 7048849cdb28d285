"""The end of attempts and of executions: settle, cancel, delete, record."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, delete, insert, select, update

from executor.adapters.sql.moves import add_event, again, end
from executor.adapters.sql.rows import X, info_query, milliseconds, owned, to_info
from executor.adapters.sql.schema import ATTEMPTS, EXECUTIONS, METRICS
from executor.adapters.sql.submissions import FRESH
from executor.adapters.sql.transactions import Tx
from executor.common.codec import encode_json, encode_request
from executor.common.executions import REASON_CANCELLED, Claim, ExecutionInfo, FinishedRun, Settlement
from executor.common.states import ExecutionStatus
from executor.errors import ExecutionNotFound, ExecutionStillActive


def settle(tx: Tx, claim: Claim, settlement: Settlement, *, only_lapsed: bool, with_metrics: bool) -> bool:
    conditions: list[ColumnElement[bool]] = [X.fence == claim.fence, X.status == ExecutionStatus.RUNNING]
    if only_lapsed:
        conditions.append(X.lease_expires_at < tx.now)
    row: dict[str, Any] = {"id": claim.execution_id, "attempt_started_at": claim.claimed_at}
    if claim.attempt == 1:
        row["queue_wait_ms"] = milliseconds(claim.ready_at, claim.claimed_at)
    move = again if settlement.status is ExecutionStatus.RETRYING else end
    if not move(tx, row, settlement, *conditions):
        return False
    _log_attempt(tx, claim, settlement)
    if with_metrics and settlement.status.is_final:
        _measure(tx, claim, row.get("queue_wait_ms"))
    return True


def _log_attempt(tx: Tx, claim: Claim, settlement: Settlement) -> None:
    failed = settlement.status is ExecutionStatus.RETRYING
    tx.insert(
        insert(ATTEMPTS),
        [
            {
                "execution_id": claim.execution_id,
                "attempt": claim.attempt,
                "fence": claim.fence,
                "worker_id": claim.worker_id,
                "status": ExecutionStatus.FAILED if failed else settlement.status,
                "error_reason": settlement.error_reason,
                "error_message": settlement.error_message,
                "started_at": claim.claimed_at,
                "ended_at": tx.now,
                "duration_ms": milliseconds(claim.claimed_at, tx.now),
            }
        ],
    )


def _measure(tx: Tx, claim: Claim, wait_ms: int | None) -> None:
    if wait_ms is None:
        wait_ms = tx.scalar(select(X.queue_wait_ms).where(X.id == claim.execution_id)) or 0
    ran = (tx.now - claim.claimed_at).total_seconds()
    tx.insert(
        insert(METRICS),
        [
            measurement(claim.execution_id, "queue_wait", wait_ms / 1000, tx.now),
            measurement(claim.execution_id, "run_time", max(0.0, ran), tx.now),
        ],
    )


def measurement(execution_id: str, name: str, value: float, at: datetime, unit: str = "s") -> dict[str, Any]:
    return {
        "execution_id": execution_id,
        "metric_name": name,
        "metric_value": value,
        "metric_unit": unit,
        "timestamp": at,
    }


def cancel(tx: Tx, execution_id: str, tenant_id: str | None) -> ExecutionInfo:
    row = tx.one(info_query().where(*owned(execution_id, tenant_id)).with_for_update())
    if row is None:
        raise ExecutionNotFound(execution_id)
    status = ExecutionStatus(row["status"])
    if status is ExecutionStatus.RUNNING:
        _ask_to_stop(tx, row)
    elif not status.is_final:
        end(tx, row, cancelled())
    return to_info(tx.one(info_query().where(X.id == execution_id)))


def cancelled() -> Settlement:
    return Settlement(
        ExecutionStatus.CANCELLED,
        verdict="cancelled",
        error_reason=REASON_CANCELLED,
        error_message="The execution was cancelled.",
    )


def _ask_to_stop(tx: Tx, row: Mapping[str, Any]) -> None:
    if row["cancel_requested"]:
        return
    tx.run(
        update(EXECUTIONS)
        .where(X.id == row["id"])
        .values(cancel_requested=True, event_seq=row["event_seq"] + 1)
    )
    add_event(tx, row["id"], row["event_seq"] + 1, "cancel_requested", {})


def remove(tx: Tx, execution_id: str, tenant_id: str | None) -> str | None:
    row = tx.one(select(X.status, X.result_ref).where(*owned(execution_id, tenant_id)).with_for_update())
    if row is None:
        raise ExecutionNotFound(execution_id)
    if not ExecutionStatus(row["status"]).is_final:
        raise ExecutionStillActive(execution_id, row["status"])
    tx.run(delete(EXECUTIONS).where(X.id == execution_id))
    ref: str | None = row["result_ref"]
    return ref


# --- runs outside the queue ----------------------------------------------------------------------------
def record(tx: Tx, finished: Sequence[FinishedRun]) -> None:
    tx.insert(insert(EXECUTIONS), [_finished_row(run) for run in finished])
    tx.insert(
        insert(METRICS),
        [
            measurement(run.execution_id, name, value, run.ended_at)
            for run in finished
            for name, value in run.metrics.items()
        ],
    )


def _finished_row(run: FinishedRun) -> dict[str, Any]:
    request, settlement = run.request, run.settlement
    context, options, output = request.context, request.options, settlement.output
    return {
        "id": run.execution_id,
        "kind": request.kind,
        "tool_id": request.tool_id,
        "version": request.version,
        "status": settlement.status,
        "request_data": encode_request(request),
        "search_text": run.search_text.lower(),
        "tenant_id": context.tenant_id,
        "user_id": context.user_id,
        "session_id": context.session_id,
        "request_id": context.request_id,
        "parent_execution_id": context.parent_execution_id,
        "created_at": run.started_at,
        "priority": options.priority,
        "rank": 0,
        "virtual_time": 0.0,
        "aged_at": run.started_at,
        "timeout_s": options.timeout_s or 0.0,
        "max_attempts": 1,
        "pending_dependencies": 0,
        "has_dependents": False,
        "has_callback": False,
        **FRESH,
        "attempt": 1,
        "event_seq": 0,
        "start_time": run.started_at,
        "end_time": run.ended_at,
        "queue_wait_ms": 0,
        "duration_ms": milliseconds(run.started_at, run.ended_at),
        "verdict": settlement.verdict,
        "error_reason": settlement.error_reason,
        "error_message": settlement.error_message,
        "result_data": None if output is None or output.ref else encode_json(output.value),
        "result_ref": output.ref if output else None,
        "result_type": output.content_type if output else None,
        "result_bytes": output.size_bytes if output else None,
    }
