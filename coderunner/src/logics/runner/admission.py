"""Who may run next: a bounded number of runs at once, a bounded line, fair among tenants, and only into free memory."""

import asyncio
from collections import OrderedDict, deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from coderunner.src.errors import CapacityExceeded

_MEMORY_RETRY_S = 0.05


@dataclass(slots=True)
class _Waiting:
    memory_bytes: int
    turn: asyncio.Future[None]


class Admission:
    """Places for runs; one waiting tenant after the other gets the next, whatever the length of their lines."""

    def __init__(
        self, *, places: int, line: int, free_memory_bytes: Callable[[], int], reserve_bytes: int = 0
    ) -> None:
        self._places = places
        self._line = line
        self._free_memory_bytes = free_memory_bytes
        self._reserve_bytes = reserve_bytes
        self._running = 0
        self._promised_bytes = 0
        self._lines: OrderedDict[str, deque[_Waiting]] = OrderedDict()
        self._retry: asyncio.TimerHandle | None = None

    @property
    def running(self) -> int:
        return self._running

    @property
    def waiting(self) -> int:
        return sum(len(line) for line in self._lines.values())

    @asynccontextmanager
    async def place(self, tenant: str, memory_bytes: int) -> AsyncIterator[None]:
        """Hold one place; raises CapacityExceeded when the line is full."""
        if self._lines or not self._fits(memory_bytes):
            await self._wait(tenant, memory_bytes)
        else:
            self._take(memory_bytes)
        try:
            yield
        finally:
            self._running -= 1
            self._promised_bytes -= memory_bytes
            self._admit()

    async def _wait(self, tenant: str, memory_bytes: int) -> None:
        if self.waiting >= self._line:
            message = f"all {self._places} places are taken and {self._line} runs wait already"
            raise CapacityExceeded(message)
        waiting = _Waiting(memory_bytes, asyncio.get_running_loop().create_future())
        self._lines.setdefault(tenant, deque()).append(waiting)
        self._admit()
        try:
            await waiting.turn
        except asyncio.CancelledError:
            self._leave(tenant, waiting)
            raise

    def _leave(self, tenant: str, waiting: _Waiting) -> None:
        if waiting.turn.done() and not waiting.turn.cancelled():
            self._running -= 1
            self._promised_bytes -= waiting.memory_bytes
        else:
            line = self._lines.get(tenant, deque())
            if waiting in line:
                line.remove(waiting)
            if not line:
                self._lines.pop(tenant, None)
        self._admit()

    def _admit(self) -> None:
        while self._lines and self._running < self._places:
            tenant, line = next(iter(self._lines.items()))
            if not self._fits(line[0].memory_bytes):
                self._look_again()
                return
            waiting = line.popleft()
            self._lines.move_to_end(tenant)
            if not line:
                del self._lines[tenant]
            if not waiting.turn.done():
                self._take(waiting.memory_bytes)
                waiting.turn.set_result(None)

    def _take(self, memory_bytes: int) -> None:
        self._running += 1
        self._promised_bytes += memory_bytes

    def _fits(self, memory_bytes: int) -> bool:
        """Alone a run always fits; beside others only where the host still has what it may use."""
        if self._running == 0:
            return True
        free = self._free_memory_bytes() - self._reserve_bytes
        return self._running < self._places and memory_bytes <= free

    def _look_again(self) -> None:
        """Memory comes free without anybody telling us."""
        if self._retry is None:
            self._retry = asyncio.get_running_loop().call_later(_MEMORY_RETRY_S, self._looked)

    def _looked(self) -> None:
        self._retry = None
        self._admit()
