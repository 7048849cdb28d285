"""Results kept in this process, or in Redis for all replicas."""

import logging
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import TYPE_CHECKING

import redis.exceptions

from dataflowtools.src.logics.file.documents.ports.result_cache import ResultCache

if TYPE_CHECKING:
    from redis.asyncio import Redis


_LOG = logging.getLogger(__name__)


class MemoryResultCache(ResultCache):
    """Keeps the results that were used last, up to a number of bytes."""

    def __init__(self, *, max_bytes: int, ttl_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._max_bytes = max_bytes
        self._ttl_s = ttl_s
        self._clock = clock
        self._held: OrderedDict[str, tuple[float, bytes]] = OrderedDict()
        self._bytes = 0

    async def get(self, key: str) -> bytes | None:
        """Return what was put, or None."""
        entry = self._held.get(key)
        if entry is None:
            return None
        if entry[0] < self._clock():
            self._drop(key)
            return None
        self._held.move_to_end(key)
        return entry[1]

    async def put(self, key: str, value: bytes) -> None:
        """Keep the value; the ones used least recently make room."""
        if key in self._held:
            self._drop(key)
        if len(value) > self._max_bytes // 4:
            return
        self._held[key] = (self._clock() + self._ttl_s, value)
        self._bytes += len(value)
        while self._bytes > self._max_bytes:
            self._drop(next(iter(self._held)))

    def _drop(self, key: str) -> None:
        self._bytes -= len(self._held.pop(key)[1])


class RedisResultCache(ResultCache):
    """Keeps results in Redis; a Redis that is away keeps nothing and hurts nobody."""

    def __init__(
        self,
        client: "Redis",
        *,
        ttl_s: float,
        max_bytes: int = 32 << 20,
        pause_s: float = 5.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client = client
        self._pause_s = pause_s
        self._clock = clock
        self._away_until = 0.0
        self._ttl_ms = int(ttl_s * 1000)
        self._max_bytes = max_bytes

    async def get(self, key: str) -> bytes | None:
        """Return what was put, or None."""
        if self._clock() < self._away_until:
            return None
        try:
            value = await self._client.get(f"dataflow:parse:{key}")
        except (redis.exceptions.RedisError, OSError) as trouble:
            self._rest(trouble)
            return None
        return value if isinstance(value, bytes) else None

    async def put(self, key: str, value: bytes) -> None:
        """Keep the value for its time."""
        if len(value) > self._max_bytes or self._clock() < self._away_until:
            return
        try:
            await self._client.set(f"dataflow:parse:{key}", value, px=self._ttl_ms)
        except (redis.exceptions.RedisError, OSError) as trouble:
            self._rest(trouble)

    def _rest(self, trouble: Exception) -> None:
        """Leave a Redis that does not answer alone for a while: waiting for it would slow every call."""
        _LOG.info("The cache in Redis is away: %s", type(trouble).__name__)
        self._away_until = self._clock() + self._pause_s
