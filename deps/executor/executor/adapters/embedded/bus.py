"""Wake-up calls within one process; other processes are noticed by polling the rows."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from executor.core.loops import is_set_within
from executor.ports.bus import EventBus, Subscription


class LocalSubscription(Subscription):
    """Remembers one call, so that none is lost between two waits."""

    def __init__(self, poll_s: float) -> None:
        self._poll_s = poll_s
        self._woken = asyncio.Event()

    def wake(self) -> None:
        self._woken.set()

    async def wait(self, timeout_s: float) -> None:
        if await is_set_within(self._woken, min(timeout_s, self._poll_s)):
            self._woken.clear()


class LocalBus(EventBus):
    """Sets of listeners by topic."""

    def __init__(self, *, poll_s: float) -> None:
        self._poll_s = poll_s
        self._listeners: dict[str, set[LocalSubscription]] = defaultdict(set)

    async def open(self) -> None:
        """Nothing to open."""

    async def close(self) -> None:
        self._listeners.clear()

    async def publish(self, topic: str) -> None:
        self.wake(topic)

    def wake(self, topic: str) -> None:
        for listener in self._listeners.get(topic, ()):
            listener.wake()

    def wake_all(self) -> None:
        """After a gap in what was heard, everybody looks."""
        for topic in list(self._listeners):
            self.wake(topic)

    @asynccontextmanager
    async def subscribe(self, topic: str) -> AsyncIterator[Subscription]:
        listener = LocalSubscription(self._poll_s)
        self._listeners[topic].add(listener)
        try:
            yield listener
        finally:
            self._listeners[topic].discard(listener)
            if not self._listeners[topic]:
                del self._listeners[topic]
