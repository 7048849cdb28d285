"""Replies remembered in Redis, shared by all processes."""

import logging
import secrets
import time

from redis.asyncio import Redis
from redis.exceptions import RedisError

from executor.ports.cache import CachedReply, ResultCache

log = logging.getLogger(__name__)
TIMEOUT_S = 2.0
_STAMP_BYTES = 8
_RELEASE = "if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) end return 0"


class RedisResultCache(ResultCache):
    """Each value starts with the moment it was stored, in milliseconds."""

    def __init__(self, *, url: str, prefix: str) -> None:
        self._redis: Redis = Redis.from_url(url, socket_timeout=TIMEOUT_S, socket_connect_timeout=TIMEOUT_S)
        self._prefix = f"{prefix}.cache."
        self._tokens: dict[str, str] = {}

    async def get(self, key: str) -> CachedReply | None:
        try:
            value = await self._redis.get(self._prefix + key)
        except RedisError as error:
            log.warning("the result cache is away: %s", error)
            return None
        if not isinstance(value, bytes) or len(value) < _STAMP_BYTES:
            return None
        stored_ms = int.from_bytes(value[:_STAMP_BYTES])
        return CachedReply(value[_STAMP_BYTES:], max(0.0, time.time() - stored_ms / 1000))

    async def put(self, key: str, body: bytes, ttl_s: float) -> None:
        stamp = round(time.time() * 1000).to_bytes(_STAMP_BYTES)
        try:
            await self._redis.set(self._prefix + key, stamp + body, px=max(1, round(ttl_s * 1000)))
        except RedisError as error:
            log.warning("the result cache is away: %s", error)

    async def delete(self, key: str) -> None:
        try:
            await self._redis.delete(self._prefix + key)
        except RedisError as error:
            log.warning("the result cache is away: %s", error)

    async def begin(self, key: str, ttl_s: float) -> bool:
        token = secrets.token_hex(8)
        try:
            won = await self._redis.set(self._lock(key), token, nx=True, px=max(1, round(ttl_s * 1000)))
        except RedisError as error:
            log.warning("the result cache is away: %s", error)
            return True
        if won:
            self._tokens[key] = token
        return bool(won)

    async def end(self, key: str) -> None:
        token = self._tokens.pop(key, None)
        if token is None:
            return
        try:
            await self._redis.eval(_RELEASE, 1, self._lock(key), token)
        except RedisError as error:
            log.warning("the result cache is away: %s", error)

    async def close(self) -> None:
        await self._redis.aclose()

    def _lock(self, key: str) -> str:
        return f"{self._prefix}{key}.making"
