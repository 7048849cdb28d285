"""What runs and modules left in their rows, and what the rows say together."""

import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, Connection, Select, case, delete, func, insert, select

from coderunner.src.common.program import Program, RunOutcome
from coderunner.src.drivenadapters.database.models import (
    DependencyRow,
    EnvironmentRow,
    ExecutionRow,
    ModuleRow,
)
from coderunner.src.drivenadapters.database.run_writer import RunWriter
from coderunner.src.drivenadapters.database.sql_environment_catalogue import to_moment, to_number
from coderunner.src.logics.code.ports.run_history import (
    EVERYTHING,
    HistoryFilter,
    HistoryPage,
    Inventory,
    RunHistory,
    RunTotals,
)
from rowkit.database import SqlDatabase

if TYPE_CHECKING:
    import asyncio

_KEPT_CHARACTERS = 64 * 1024  # of each text: the history says what happened, it does not store results
_JSON = ("parameters", "result", "exceptions", "functions", "classes", "imports", "dependencies")
_PAGE_CHARACTERS = 4 * 1024 * 1024  # a page ends early where its rows are large
_TRIMMED_AT_ONCE = 500
_LISTED_OF_A_MODULE = ("id", "tool_id", "module_name", "dependencies", "created_at")


class SqlRunHistory(RunHistory):
    """Rows of python_executions and python_modules."""

    def __init__(self, database: SqlDatabase, now: Callable[[], datetime]) -> None:
        self._database = database
        self._now = now
        self._writer = RunWriter(database)

    @asynccontextmanager
    async def writing(self) -> AsyncIterator["asyncio.Task[None]"]:
        """Write in the background; what waits at the end is written before this returns."""
        async with self._writer.writing() as task:
            yield task

    def record(self, tenant: str, execution_id: str, program: Program, outcome: RunOutcome) -> None:
        """At most 200 ms later."""
        self._writer.add(self._row(tenant, execution_id, program, outcome))

    async def keep_run(self, tenant: str, execution_id: str, program: Program, outcome: RunOutcome) -> None:
        """Together with all others that wait for theirs."""
        await self._writer.add_and_wait(self._row(tenant, execution_id, program, outcome))

    def _row(
        self, tenant: str, execution_id: str, program: Program, outcome: RunOutcome
    ) -> Mapping[str, Any]:
        return {
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
            "exceptions": _json([*outcome.exceptions, *_refusals(outcome)]),
            "created_at": to_number(self._now()),
        }

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

    async def executions(
        self, tenant: str, *, limit: int, before: int | None, wanted: HistoryFilter = EVERYTHING
    ) -> HistoryPage:
        """By number, newest first."""
        query = select(ExecutionRow.__table__).where(ExecutionRow.tenant == tenant)
        return await self._page(query.where(*_conditions(ExecutionRow, wanted)), ExecutionRow, limit, before)

    async def execution(self, tenant: str, execution_id: str) -> Mapping[str, Any] | None:
        """By its name and its tenant."""
        query = select(ExecutionRow.__table__).where(
            ExecutionRow.execution_id == execution_id, ExecutionRow.tenant == tenant
        )
        return await self._one(query)

    async def modules(
        self, tenant: str, *, limit: int, before: int | None, wanted: HistoryFilter = EVERYTHING
    ) -> HistoryPage:
        """By number, newest first; two hundred whole sources would be a reply of many megabytes."""
        listed = [getattr(ModuleRow, name) for name in _LISTED_OF_A_MODULE]
        query = select(*listed).where(ModuleRow.tenant == tenant, *_conditions(ModuleRow, wanted))
        return await self._page(query, ModuleRow, limit, before)

    async def module(self, tenant: str, number: int) -> Mapping[str, Any] | None:
        """By its number and its tenant."""
        query = select(ModuleRow.__table__).where(ModuleRow.id == number, ModuleRow.tenant == tenant)
        return await self._one(query)

    async def dependencies(
        self, tenant: str, *, limit: int, before: int | None, wanted: HistoryFilter = EVERYTHING
    ) -> HistoryPage:
        """By number, newest first."""
        own = select(EnvironmentRow.id).where(EnvironmentRow.tenant == tenant)
        query = select(DependencyRow.__table__).where(
            DependencyRow.environment_id.in_(own),
            *_conditions(DependencyRow, wanted, made=DependencyRow.installed_at),
        )
        return await self._page(query, DependencyRow, limit, before)

    async def totals(self, tenant: str, wanted: HistoryFilter = EVERYTHING) -> RunTotals:
        """Counted by the database."""
        runs = (
            select(
                ExecutionRow.status,
                func.count(),
                func.sum(ExecutionRow.execution_time_ms),
                func.max(ExecutionRow.memory_usage_kb),
            )
            .where(ExecutionRow.tenant == tenant, *_conditions(ExecutionRow, wanted))
            .group_by(ExecutionRow.status)
        )
        since = to_number(wanted.since) if wanted.since else 0
        environments = select(
            func.count(), func.coalesce(func.sum(case((EnvironmentRow.last_used >= since, 1), else_=0)), 0)
        ).where(EnvironmentRow.tenant == tenant)
        own = select(EnvironmentRow.id).where(EnvironmentRow.tenant == tenant)
        packages = select(func.count()).where(DependencyRow.environment_id.in_(own))

        def read(connection: Connection) -> RunTotals:
            by_status = list(connection.execute(runs))
            count, active = connection.execute(environments).one()
            counts = {str(status): int(number) for status, number, _, _ in by_status}
            total = sum(counts.values())
            good = counts.get("success", 0)
            return RunTotals(
                total_executions=total,
                successful_executions=good,
                failed_executions=total - good,
                executions_by_status=counts,
                average_execution_time_ms=_mean(sum(int(spent) for _, _, spent, _ in by_status), total),
                memory_usage_kb=max((int(most) for _, _, _, most in by_status), default=0),
                total_environments=count,
                active_environments=int(active),
                total_dependencies=connection.execute(packages).scalar_one(),
            )

        return await self._database.read(read)

    async def trim(self, older_than: datetime, most: int) -> int:
        """In short transactions, oldest first: numbers grow with time, so the first young row ends it."""
        moment, deleted = to_number(older_than), 0
        excess = select(ExecutionRow.id).order_by(ExecutionRow.id.desc()).offset(most).limit(1)
        last = await self._database.read(lambda connection: connection.execute(excess).scalar()) or 0
        oldest = (
            select(ExecutionRow.id, ExecutionRow.created_at).order_by(ExecutionRow.id).limit(_TRIMMED_AT_ONCE)
        )

        def work(connection: Connection) -> int:
            rows = list(connection.execute(oldest))
            old = [number for number, made in rows if number <= last or made < moment]
            connection.execute(delete(ExecutionRow).where(ExecutionRow.id.in_(old)))
            return len(old)

        while count := await self._database.write(work):
            deleted += count
        return deleted

    async def inventory(self, active_since: datetime) -> Inventory:
        """Counted by the database."""
        used = case((EnvironmentRow.last_used >= to_number(active_since), 1), else_=0)
        environments = select(func.count(), func.coalesce(func.sum(used), 0)).select_from(EnvironmentRow)

        def read(connection: Connection) -> Inventory:
            count, active = connection.execute(environments).one()
            packages = connection.execute(select(func.count()).select_from(DependencyRow)).scalar_one()
            return Inventory(count, int(active), packages)

        return await self._database.read(read)

    async def _page(self, query: Select[Any], row: Any, limit: int, before: int | None) -> HistoryPage:
        query = query.order_by(row.id.desc()).limit(limit + 1)
        if before is not None:
            query = query.where(row.id < before)
        rows, full = await self._database.read(partial(_some, query, limit))
        return HistoryPage([_shown(found) for found in rows], rows[-1]["id"] if full else None)

    async def _one(self, query: Select[Any]) -> Mapping[str, Any] | None:
        rows, _ = await self._database.read(partial(_some, query, 1))
        return _shown(rows[0]) if rows else None


def _some(query: Select[Any], limit: int, connection: Connection) -> tuple[list[dict[str, Any]], bool]:
    """Rows up to a number and a size, and whether there may be more."""
    rows: list[dict[str, Any]] = []
    characters = 0
    for row in connection.execute(query).mappings():
        if len(rows) == limit or characters > _PAGE_CHARACTERS:
            return rows, True
        rows.append(dict(row))
        characters += sum(len(value) for value in row.values() if isinstance(value, str))
    return rows, False


def _conditions(row: Any, wanted: HistoryFilter, *, made: Any = None) -> list[ColumnElement[bool]]:
    moment = row.created_at if made is None else made
    found = [getattr(row, name) == value for name, value in wanted.equal.items()]
    if wanted.since is not None:
        found.append(moment >= to_number(wanted.since))
    if wanted.until is not None:
        found.append(moment < to_number(wanted.until))
    return found


def _refusals(outcome: RunOutcome) -> list[Mapping[str, Any]]:
    """What was refused before anything ran, which is no exception of the program."""
    if outcome.exceptions:
        return []
    return [
        {
            "type": "PolicyViolation",
            "message": f"{found.get('what')} is refused: {found.get('why')}",
            "line": found.get("line"),
        }
        for found in outcome.violations
    ]


def _mean(total: int, count: int) -> float:
    return round(total / count, 3) if count else 0.0


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
