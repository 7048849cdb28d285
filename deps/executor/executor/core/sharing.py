"""One piece of work that several wait for."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Shared(Generic[T]):
    """Runs at the first wait; goes on while anybody waits; is cancelled when the last one leaves."""

    def __init__(self, work: Callable[[], Awaitable[T]]) -> None:
        self._work = work
        self._task: asyncio.Task[T] | None = None
        self._waiting = 0

    @property
    def over(self) -> bool:
        """Whether it has ended or is about to, so that who comes now needs another one."""
        return self._task is not None and (self._task.done() or self._waiting == 0)

    async def result(self) -> T:
        if self._task is None:
            self._task = asyncio.create_task(self._run())
        self._waiting += 1
        try:
            return await asyncio.shield(self._task)
        finally:
            self._waiting -= 1
            if not self._waiting and not self._task.done():
                self._task.cancel()

    async def _run(self) -> T:
        return await self._work()
