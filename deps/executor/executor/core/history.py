"""Runs that did not need the queue, written to the history in batches."""

import asyncio
import logging
from collections.abc import Sequence

from executor.common.executions import FinishedRun
from executor.errors import RowRefused
from executor.ports.store import ExecutionStore

log = logging.getLogger(__name__)

EVERY_S = 0.1
MAX_BATCH = 500
MAX_WAITING = 20_000


class HistoryRecorder:
    """Gathers for at most 200 ms; a caller who wants it durable waits for the same write."""

    def __init__(self, *, store: ExecutionStore) -> None:
        self._store = store
        self._waiting: list[FinishedRun] = []
        self._writing = asyncio.Lock()
        self._more = asyncio.Event()

    async def add(self, run: FinishedRun, *, durable: bool = False) -> None:
        """Write soon; now if `durable`, and now if the database is so far behind that memory would fill."""
        self._waiting.append(run)
        self._more.set()
        if durable or len(self._waiting) > MAX_WAITING:
            await self.flush()

    async def step(self) -> float:
        await self._more.wait()
        await self.flush()
        return EVERY_S

    def close(self) -> None:
        """Let a waiting step end."""
        self._more.set()

    async def flush(self) -> None:
        """Return when everything that was added before has been written."""
        async with self._writing:
            while self._waiting:
                batch = self._waiting[:MAX_BATCH]
                await self._write(batch)
                del self._waiting[: len(batch)]
            self._more.clear()

    async def _write(self, batch: Sequence[FinishedRun]) -> None:
        """One run that the database refuses must not hold up the others."""
        try:
            await self._store.record(batch)
        except RowRefused as error:
            if len(batch) == 1:
                log.error("run %s is not in the history: %s", batch[0].execution_id, error)  # noqa: TRY400
                return
            for run in batch:
                await self._write([run])
