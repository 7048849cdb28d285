"""Finished runs on their way into python_executions: in batches, soon, and as often as it takes."""

import asyncio
import logging
from collections import deque
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

from sqlalchemy import Connection, delete, insert, select
from sqlalchemy.exc import IntegrityError

from coderunner.src.drivenadapters.database.models import EnvironmentRow, ExecutionRow
from coderunner.src.errors import DatabaseUnavailable, StorageFull
from rowkit.database import SqlDatabase

_LOG = logging.getLogger(__name__)
_FLUSH_S = 0.2
_RETRY_S = 1.0
_BATCH = 200
_MOST_WAITING = 10_000

Row = Mapping[str, Any]


@dataclass(slots=True)
class _Waiting:
    row: Row
    written: "asyncio.Future[None] | None" = None


class RunWriter:
    """Writes what it is given at most 200 ms later, at once when somebody waits for it."""

    def __init__(self, database: SqlDatabase) -> None:
        self._database = database
        self._waiting: deque[_Waiting] = deque()
        self._lost = 0
        self._wake = asyncio.Event()
        self._hurry = asyncio.Event()
        self._flushing = asyncio.Lock()

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

    def add(self, row: Row) -> None:
        """Line it up; when the database is away for long, the oldest are dropped and counted in the log."""
        self._line_up(_Waiting(row))

    async def add_and_wait(self, row: Row) -> None:
        """Return when it is committed; where that fails it stays lined up, and the failure is told."""
        waiting = _Waiting(row, asyncio.get_running_loop().create_future())
        self._line_up(waiting)
        self._hurry.set()
        assert waiting.written is not None  # noqa: S101 - set two lines above
        await waiting.written

    def _line_up(self, waiting: _Waiting) -> None:
        if len(self._waiting) >= _MOST_WAITING:
            _tell([self._waiting.popleft()], DatabaseUnavailable("Too many runs wait to be recorded."))
            self._lost += 1
        self._waiting.append(waiting)
        self._wake.set()

    async def _write(self) -> None:
        while True:
            await self._wake.wait()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._hurry.wait(), _FLUSH_S)
            self._wake.clear()
            self._hurry.clear()
            if not await asyncio.shield(self._flush()):  # a batch that has begun is finished at the end too
                await asyncio.sleep(_RETRY_S)
                self._wake.set()

    async def _flush(self) -> bool:
        """Write all that waits; False when the database cannot take it now."""
        async with self._flushing:
            while self._waiting:
                batch = [self._waiting.popleft() for _ in range(min(_BATCH, len(self._waiting)))]
                try:
                    await self._insert(batch)
                except (DatabaseUnavailable, StorageFull) as away:
                    _tell(batch, away)
                    self._waiting.extendleft(reversed(batch))
                    _LOG.warning(
                        "%d runs wait to be recorded, %d were lost: %s", len(self._waiting), self._lost, away
                    )
                    return False
                _tell(batch, None)
            return True

    async def _insert(self, batch: Sequence[_Waiting]) -> None:
        """All at once; where one of them cannot be written, each on its own, so that it takes no other along."""
        try:
            await self._database.write(partial(_replace, [waiting.row for waiting in batch]))
        except (DatabaseUnavailable, StorageFull):
            raise
        except Exception:  # noqa: BLE001 - the loop has to outlive a row that no driver takes
            for waiting in batch:
                await self._insert_one(waiting)

    async def _insert_one(self, waiting: _Waiting) -> None:
        row = waiting.row
        try:
            await self._database.write(partial(_replace, [row]))
        except (DatabaseUnavailable, StorageFull):
            raise
        except IntegrityError:  # its environment was deleted between the look and the insert
            await self._database.write(partial(_replace, [{**row, "environment_id": None}]))
        except Exception as fault:  # noqa: BLE001 - the same
            self._lost += 1
            _LOG.exception(
                "a run could not be recorded", extra={"fields": {"execution": row["execution_id"]}}
            )
            _tell([waiting], fault)


def _tell(batch: Sequence[_Waiting], failure: Exception | None) -> None:
    for waiting in batch:
        if waiting.written is not None and not waiting.written.done():
            if failure is None:
                waiting.written.set_result(None)
            else:
                waiting.written.set_exception(failure)
        waiting.written = None


def _replace(rows: Sequence[Row], connection: Connection) -> None:
    """Each execution once, its newest attempt; an environment that was deleted in the meantime is left out."""
    newest = {row["execution_id"]: row for row in rows}
    named = {row["environment_id"] for row in newest.values() if row["environment_id"]}
    there = (
        set(connection.scalars(select(EnvironmentRow.id).where(EnvironmentRow.id.in_(named))))
        if named
        else set()
    )
    connection.execute(delete(ExecutionRow).where(ExecutionRow.execution_id.in_(newest)))
    connection.execute(
        insert(ExecutionRow),
        [
            {**row, "environment_id": row["environment_id"] if row["environment_id"] in there else None}
            for row in newest.values()
        ],
    )
