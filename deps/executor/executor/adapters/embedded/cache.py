"""Replies remembered in this process, least recently used first to go."""

import time
from collections import OrderedDict
from dataclasses import dataclass

from executor.ports.cache import CachedReply, ResultCache


@dataclass(frozen=True, slots=True)
class _Entry:
    body: bytes
    stored_at: float
    expires_at: float


class MemoryResultCache(ResultCache):
    """Bounded by the bytes of the replies; one larger than an eighth of that is not kept."""

    def __init__(self, *, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._bytes = 0
        self._entries: OrderedDict[str, _Entry] = OrderedDict()
        self._making: dict[str, float] = {}

    async def get(self, key: str) -> CachedReply | None:
        entry = self._entries.get(key)
        if entry is None:
            return None
        now = time.monotonic()
        if entry.expires_at <= now:
            self._drop(key)
            return None
        self._entries.move_to_end(key)
        return CachedReply(entry.body, now - entry.stored_at)

    async def put(self, key: str, body: bytes, ttl_s: float) -> None:
        self._drop(key)
        if len(body) > self._max_bytes // 8:
            return
        now = time.monotonic()
        self._entries[key] = _Entry(body, now, now + ttl_s)
        self._bytes += len(body)
        while self._bytes > self._max_bytes:
            self._drop(next(iter(self._entries)))

    async def delete(self, key: str) -> None:
        self._drop(key)

    async def begin(self, key: str, ttl_s: float) -> bool:
        now = time.monotonic()
        if self._making.get(key, 0.0) > now:
            return False
        self._making[key] = now + ttl_s
        return True

    async def end(self, key: str) -> None:
        self._making.pop(key, None)

    async def close(self) -> None:
        self._entries.clear()

    def _drop(self, key: str) -> None:
        entry = self._entries.pop(key, None)
        if entry is not None:
            self._bytes -= len(entry.body)
