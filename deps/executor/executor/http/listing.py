"""The history as pages."""

from collections.abc import Sequence

from executor.common.queues import ExecutionFilter
from executor.core.engine import ExecutionEngine
from executor.http.replies import ExecutionReply, PageReply
from executor.http.requests import ListQuery
from servicekit.http import Problem, decode_cursor, encode_cursor


async def list_executions(
    engine: ExecutionEngine, query: ListQuery, tenant_id: str | None, without_kinds: Sequence[str]
) -> PageReply:
    wanted = ExecutionFilter(
        tenant_id=tenant_id,
        statuses=tuple(query.status),
        kind=query.kind,
        without_kinds=without_kinds,
        user_id=query.user_id,
        session_id=query.session_id,
        parent_execution_id=query.parent_execution_id,
        since=query.since,
        until=query.until,
        text=query.text,
    )
    page = await engine.page(wanted, limit=query.limit, before=_before(query.cursor))
    items = [ExecutionReply.model_validate(item) for item in page.items]
    return PageReply(
        items=items, next_cursor=encode_cursor({"before": page.next_before}) if page.next_before else None
    )


def _before(cursor: str | None) -> str | None:
    if cursor is None:
        return None
    before = decode_cursor(cursor).get("before")
    if not isinstance(before, str):
        raise Problem(400, "invalid_cursor", "The cursor is not one that this list gave out.")
    return before
