"""What every cache of results does, in this process and in a real Redis."""

import secrets

import pytest
import redis.exceptions
from redis.asyncio import Redis

from dataflowtools.src.drivenadapters.documents.result_caches import MemoryResultCache, RedisResultCache
from dataflowtools.tests.real_servers import missing


@pytest.fixture(params=["memory", "redis"])
async def cache(request):
    if request.param == "memory":
        yield MemoryResultCache(max_bytes=1000, ttl_s=60)
        return
    client = Redis(host="127.0.0.1", port=6379, socket_connect_timeout=2)
    try:
        await client.ping()
    except (redis.exceptions.RedisError, OSError):
        await client.aclose()
        missing("Redis on 127.0.0.1:6379")
    async with client:
        yield RedisResultCache(client, ttl_s=60, max_bytes=250)


@pytest.fixture
def key():
    return f"test-{secrets.token_hex(8)}"


async def test_what_was_put_is_given_and_replaced(cache, key):
    assert await cache.get(key) is None
    await cache.put(key, b"one")
    await cache.put(key, "二\0".encode())
    assert await cache.get(key) == "二\0".encode()
    assert await cache.get(key + "x") is None


async def test_a_value_that_is_too_large_is_not_kept(cache, key):
    await cache.put(key, b"x" * 251)
    assert await cache.get(key) is None


async def test_time_ends_what_is_kept_in_memory():
    now = [0.0]
    cache = MemoryResultCache(max_bytes=1000, ttl_s=10, clock=lambda: now[0])
    await cache.put("a", b"1")
    now[0] = 9.0
    assert await cache.get("a") == b"1"
    now[0] = 11.0
    assert await cache.get("a") is None


async def test_the_least_used_makes_room():
    cache = MemoryResultCache(max_bytes=400, ttl_s=10)
    for name in "abcd":
        await cache.put(name, b"x" * 100)
    await cache.get("a")
    await cache.put("e", b"x" * 100)
    assert [name for name in "abcde" if await cache.get(name)] == ["a", "c", "d", "e"]


async def test_a_redis_that_is_away_is_left_alone_for_a_while():
    now = [0.0]
    async with Redis(host="127.0.0.1", port=1, socket_connect_timeout=1) as client:
        cache = RedisResultCache(client, ttl_s=10, pause_s=5, clock=lambda: now[0])
        await cache.put("a", b"1")
        assert await cache.get("a") is None
