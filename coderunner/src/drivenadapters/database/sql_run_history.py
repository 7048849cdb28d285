"""Runs in rows, written in batches at most 200 ms after their replies."""

import asyncio
import json
import logging
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import Connection, case, func, insert, select

from coderunner.src.common.program import Program, RunOutcome
from coderunner.src.drivenadapters.database.models import (
    DependencyRow,
    EnvironmentRow,
    ExecutionRow,
    ModuleRow,
)
from coderunner.src.drivenadapters.database.sql_database import SqlDatabase
from coderunner.src.drivenadapters.database.sql_environment_catalogue import to_moment, to_number
from coderunner.src.errors import DatabaseUnavailable, StorageFull
from coderunner.src.logics.code.ports.run_history import HistoryPage, RunHistory, RunTotals

_LOG = logging.getLogger(__name__)
_FLUSH_S = 0.2
_BATCH = 200
_MOST_WAITING = 10_000
_KEPT_CHARACTERS = 64 * 1024  # of each text: the history says what happened, it does not store results
_JSON = ("parameters", "result", "exceptions", "functions", "classes", "imports", "dependencies")


class SqlRunHistory(RunHistory):
    """Rows of python_executions and python_modules."""

    def __init__(self, database: SqlDatabase, now: Callable[[], datetime]) -> None:
        self._database = database
        self._now = now
        self._waiting: deque[dict[str, Any]] = deque()
        self._lost = 0
        self._wake = asyncio.Event()

    @asynccontextmanager
    async def writing(self) -> AsyncIterator["asyncio.Task[None]"]:
        """Write in the background; what waits at the end is written before this returns."""
        task = asyncio.get_running_loop().create_task(self._write())
        try:
            yield task
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            await self._flush()

    def record(self, tenant: str, execution_id: str, program: Program, outcome: RunOutcome) -> None:
        """Line it up; when the database is away for long, the oldest are dropped and counted in the log."""
        if len(self._waiting) >= _MOST_WAITING:
            self._waiting.popleft()
            self._lost += 1
        self._waiting.append(
            {
                "execution_id": execution_id,
                "tenant": tenant,
                "environment_id": program.environment_id,
                "module_name": (program.entrypoint or "main")[:255],
                "function_name": program.function_name and program.function_name[:255],
                "status": outcome.verdict.value,
                "parameters": _json(dict(program.parameters)),
                "result": _json(outcome.value),
                "stdout": _text(outcome.stdout),
                "stderr": _text(outcome.stderr),
                "execution_time_ms": round(outcome.execution_time_ms),
                "memory_usage_kb": outcome.memory_usage_kb,
                "return_code": outcome.return_code,
                "exceptions": _json(list(outcome.exceptions)),
                "created_at": to_number(self._now()),
            }
        )
        self._wake.set()

    async def _write(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            await asyncio.sleep(_FLUSH_S)
            await self._flush()

    async def _flush(self) -> None:
        while self._waiting:
            batch = [self._waiting.popleft() for _ in range(min(_BATCH, len(self._waiting)))]
            try:
                await self._database.write(partial(_insert, batch))
            except (DatabaseUnavailable, StorageFull) as away:
                self._waiting.extendleft(reversed(batch))
                _LOG.warning(
                    "%d runs wait to be recorded, %d were lost: %s", len(self._waiting), self._lost, away
                )
                return

    async def keep_module(self, tenant: str, tool_id: str, module: Mapping[str, Any]) -> None:
        """One row."""
        lists = {
            name: json.dumps(module[name]) for name in ("functions", "classes", "imports", "dependencies")
        }
        row = {
            "tenant": tenant,
            "tool_id": tool_id,
            "module_name": module["name"],
            "source_code": module["source_code"],
            "created_at": to_number(self._now()),
            **lists,
        }
        await self._database.write(lambda connection: connection.execute(insert(ModuleRow), [row]))

    async def executions(self, tenant: str, *, limit: int, before: int | None) -> HistoryPage:
        """By number, newest first."""
        return await self._page(ExecutionRow, ExecutionRow.tenant == tenant, limit, before)

    async def totals(self, tenant: str, since: datetime) -> RunTotals:
        """Counted by the database."""
        moment = to_number(since)
        runs = select(
            func.count(),
            func.coalesce(func.sum(case((ExecutionRow.status == "success", 1), else_=0)), 0),
            func.coalesce(func.avg(ExecutionRow.execution_time_ms), 0),
            func.coalesce(func.max(ExecutionRow.memory_usage_kb), 0),
        ).where(ExecutionRow.tenant == tenant, ExecutionRow.created_at >= moment)
        environments = select(
            func.count(), func.coalesce(func.sum(case((EnvironmentRow.last_used >= moment, 1), else_=0)), 0)
        ).where(EnvironmentRow.tenant == tenant)
        own = select(EnvironmentRow.id).where(EnvironmentRow.tenant == tenant)
        packages = select(func.count()).where(DependencyRow.environment_id.in_(own))

        def read(connection: Connection) -> RunTotals:
            total, good, average_ms, memory_kb = connection.execute(runs).one()
            count, active = connection.execute(environments).one()
            return RunTotals(
                total_executions=total,
                successful_executions=int(good),
                failed_executions=total - int(good),
                average_execution_time_ms=round(float(average_ms), 3),
                memory_usage_kb=int(memory_kb),
                total_environments=count,
                active_environments=int(active),
                total_dependencies=connection.execute(packages).scalar_one(),
            )

        return await self._database.read(read)

    async def modules(self, tenant: str, *, limit: int, before: int | None) -> HistoryPage:
        """By number, newest first."""
        return await self._page(ModuleRow, ModuleRow.tenant == tenant, limit, before)

    async def dependencies(self, tenant: str, *, limit: int, before: int | None) -> HistoryPage:
        """By number, newest first."""
        own = select(EnvironmentRow.id).where(EnvironmentRow.tenant == tenant)
        return await self._page(DependencyRow, DependencyRow.environment_id.in_(own), limit, before)

    async def _page(self, row: Any, mine: Any, limit: int, before: int | None) -> HistoryPage:
        query = select(row.__table__).where(mine).order_by(row.id.desc()).limit(limit + 1)
        if before is not None:
            query = query.where(row.id < before)

        def read(connection: Connection) -> list[dict[str, Any]]:
            return [dict(found) for found in connection.execute(query).mappings()]

        rows = await self._database.read(read)
        more = len(rows) > limit
        return HistoryPage([_shown(found) for found in rows[:limit]], rows[limit - 1]["id"] if more else None)


def _insert(rows: list[dict[str, Any]], connection: Connection) -> None:
    """An environment that was deleted in the meantime is left out."""
    named = {row["environment_id"] for row in rows if row["environment_id"]}
    if named:
        there = set(connection.scalars(select(EnvironmentRow.id).where(EnvironmentRow.id.in_(named))))
        rows = [
            {**row, "environment_id": row["environment_id"] if row["environment_id"] in there else None}
            for row in rows
        ]
    connection.execute(insert(ExecutionRow), rows)


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    shown = {
        name: json.loads(value) if name in _JSON else value for name, value in row.items() if name != "tenant"
    }
    for name in ("created_at", "installed_at"):
        if name in shown:
            shown[name] = to_moment(shown[name]).isoformat()
    return shown


def _text(text: str) -> str:
    return text[:_KEPT_CHARACTERS].encode("utf-8", "replace").decode()


def _json(value: Any) -> str:
    written = json.dumps(value)
    if len(written) <= _KEPT_CHARACTERS:
        return written
    return json.dumps({"truncated": True, "characters": len(written)})
