"""Following an execution: events and log lines as they come, and waiting for the end."""

import asyncio
import time
from collections.abc import AsyncGenerator

from executor.common.executions import ExecutionInfo
from executor.common.journal import Event, LogLine
from executor.ports.bus import EventBus, topic_of
from executor.ports.store import Store

PAGE = 200
LONGEST_WAIT_S = 30.0


class Followers:
    """Reads the rows whenever the bus says that they have changed."""

    def __init__(self, *, store: Store, bus: EventBus) -> None:
        self._store = store
        self._bus = bus

    async def until_end(self, execution_id: str, tenant_id: str | None, wait_s: float) -> ExecutionInfo:
        """The execution when it has ended or the time is over, whichever is first."""
        give_up = time.monotonic() + wait_s
        async with self._bus.subscribe(topic_of(execution_id)) as woken:
            while True:
                info = await self._store.get(execution_id, tenant_id)
                left_s = give_up - time.monotonic()
                if info.status.is_final or left_s <= 0:
                    return info
                await woken.wait(left_s)

    async def events(
        self, execution_id: str, tenant_id: str | None, after: int
    ) -> AsyncGenerator[Event, None]:
        """Every event after a number, in order, until the execution has ended and all of them were told."""
        async with self._bus.subscribe(topic_of(execution_id)) as woken:
            while True:
                info = await self._store.get(execution_id, tenant_id)
                events = await self._store.events(execution_id, after, PAGE)
                for event in events:
                    after = event.seq
                    yield event
                if len(events) == PAGE:
                    continue
                if info.status.is_final:
                    return
                await woken.wait(LONGEST_WAIT_S)

    async def lines(
        self, execution_id: str, tenant_id: str | None, after: int
    ) -> AsyncGenerator[LogLine, None]:
        """Every log line after a number, in order, until the execution has ended."""
        async with self._bus.subscribe(topic_of(execution_id)) as woken:
            while True:
                info = await self._store.get(execution_id, tenant_id)
                lines = await self._store.lines(execution_id, after, PAGE)
                for line in lines:
                    after = line.seq
                    yield line
                if len(lines) == PAGE:
                    await asyncio.sleep(0)
                elif info.status.is_final:
                    return
                else:
                    await woken.wait(LONGEST_WAIT_S)
