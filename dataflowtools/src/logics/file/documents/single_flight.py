"""One run for all who ask for the same thing at the same time."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

Result = TypeVar("Result")


class SingleFlight(Generic[Result]):
    """Shares a run under a key; it is cancelled when the last of those who wait for it has gone."""

    def __init__(self) -> None:
        self._flights: dict[str, tuple[asyncio.Task[Result], list[None]]] = {}

    async def run(self, key: str, make: Callable[[], Awaitable[Result]]) -> Result:
        """Join the run under this key, or start it."""
        if key not in self._flights:
            task = asyncio.create_task(self._fly(key, make))
            self._flights[key] = (task, [])
        task, waiting = self._flights[key]
        waiting.append(None)
        try:
            return await asyncio.shield(task)
        finally:
            waiting.pop()
            if not waiting and not task.done():
                self._flights.pop(key, None)
                task.cancel()
                await asyncio.wait([task])

    async def _fly(self, key: str, make: Callable[[], Awaitable[Result]]) -> Result:
        own = asyncio.current_task()
        try:
            return await make()
        finally:
            if key in self._flights and self._flights[key][0] is own:
                del self._flights[key]
