"""GET /api/code/modules, /api/code/executions and /api/code/installed."""

from collections.abc import Awaitable, Callable
from dataclasses import asdict
from datetime import UTC, datetime, timedelta

from pydantic import BaseModel, Field

from coderunner.src.driveradapters.environment.wire import HistoryQuery, HistoryReply
from coderunner.src.logics.code.ports.run_history import HistoryPage, RunHistory
from servicekit.http import ApiHandler, Body, decode_cursor, encode_cursor, operation


class MetricsQuery(Body):
    """Which runs are counted."""

    since_hours: float = Field(default=24, gt=0, le=24 * 366, description="Runs of the last so many hours.")


class MetricsReply(BaseModel):
    """The fields of PythonMetrics; memory is the largest of one run."""

    total_executions: int
    successful_executions: int
    failed_executions: int
    average_execution_time_ms: float
    memory_usage_kb: int
    total_environments: int
    active_environments: int
    total_dependencies: int


class MetricsHandler(ApiHandler):
    """Figures of the caller's tenant."""

    def initialize(self, history: RunHistory) -> None:
        self._history = history

    @operation(
        summary="Count runs, environments and packages",
        tag="code",
        query=MetricsQuery,
        replies={200: MetricsReply},
        scope="run",
    )
    async def get(self) -> None:
        query = self.parse_query(MetricsQuery)
        since = datetime.now(UTC) - timedelta(hours=query.since_hours)
        self.reply(asdict(await self._history.totals(self.caller.tenant, since)))


class HistoryHandler(ApiHandler):
    """One kind of rows, newest first."""

    def initialize(self, read: Callable[..., Awaitable[HistoryPage]]) -> None:
        self._read = read

    @operation(
        summary="Read the history, newest first",
        tag="code",
        query=HistoryQuery,
        replies={200: HistoryReply},
        scope="run",
    )
    async def get(self) -> None:
        query = self.parse_query(HistoryQuery)
        before = int(decode_cursor(query.cursor)["before"]) if query.cursor else None
        page = await self._read(self.caller.tenant, limit=query.limit, before=before)
        cursor = encode_cursor({"before": page.next_before}) if page.next_before is not None else None
        self.reply({"items": list(page.items), "next_cursor": cursor})
