"""Wake-up calls between processes over Redis pub/sub."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from redis.asyncio import Redis
from redis.exceptions import RedisError

from executor.adapters.embedded.bus import LocalBus
from executor.core.loops import until_stopped
from executor.ports.bus import EventBus, Subscription

log = logging.getLogger(__name__)
LISTEN_S = 1.0
CONNECT_S = 5.0


class RedisBus(EventBus):
    """One channel per service; listeners also look by themselves now and then, so Redis may be away."""

    def __init__(self, *, url: str, prefix: str, poll_s: float) -> None:
        self._redis: Redis = Redis.from_url(url, socket_connect_timeout=CONNECT_S, socket_timeout=CONNECT_S)
        self._channel = f"{prefix}.executions"
        self._local = LocalBus(poll_s=poll_s)
        self._stop = asyncio.Event()
        self._subscribed = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def open(self) -> None:
        self._task = asyncio.create_task(
            until_stopped("event bus", self._listen, self._stop), name="event bus"
        )
        waiting = asyncio.create_task(self._subscribed.wait())
        await asyncio.wait({waiting}, timeout=CONNECT_S)
        waiting.cancel()

    async def close(self) -> None:
        self._stop.set()
        if self._task is not None:
            await self._task
        await self._redis.aclose()

    async def publish(self, topic: str) -> None:
        self._local.wake(topic)
        try:
            await self._redis.publish(self._channel, topic)
        except RedisError as error:
            log.warning("a wake-up call was lost, listeners will poll: %s", error)

    @asynccontextmanager
    async def subscribe(self, topic: str) -> AsyncIterator[Subscription]:
        async with self._local.subscribe(topic) as subscription:
            yield subscription

    async def _listen(self) -> float:
        """Until the connection breaks; then everybody looks, because calls may have been missed."""
        try:
            async with self._redis.pubsub() as pubsub:
                await pubsub.subscribe(self._channel)
                self._subscribed.set()
                self._local.wake_all()
                while not self._stop.is_set():
                    message = await pubsub.get_message(ignore_subscribe_messages=True, timeout=LISTEN_S)
                    if message is not None:
                        self._local.wake(message["data"].decode())
        except RedisError as error:
            log.warning("the event bus is away: %s", error)
            self._local.wake_all()
            return LISTEN_S
        return 0.0
