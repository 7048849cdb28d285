"""The result cache: one suite for memory and Redis, and what requests want of it."""

import asyncio
import random

import pytest
import redis

from deps.executor.tests.conftest import REDIS_URL, missing
from deps.executor.tests.toys import HANG_S
from executor.adapters.embedded.cache import MemoryResultCache
from executor.adapters.redis.cache import RedisResultCache
from executor.core.caching import CachePlan, Produced, ReplyCache, cache_key, plan_cache


@pytest.fixture(params=["memory", "redis"])
async def cache(request, prefix):
    if request.param == "memory":
        yield MemoryResultCache(max_bytes=8000)
        return
    try:
        redis.Redis.from_url(REDIS_URL).ping()
    except redis.RedisError as error:
        missing("Redis", error)
    opened = RedisResultCache(url=REDIS_URL, prefix=prefix)
    yield opened
    await opened.close()
    with redis.Redis.from_url(REDIS_URL) as client:
        for key in client.scan_iter(f"{prefix}*"):
            client.delete(key)


async def test_a_reply_is_there_until_its_time_is_over(cache):
    assert await cache.get("k") is None
    await cache.put("k", b"\x00body", 600)
    found = await cache.get("k")
    assert found.body == b"\x00body"
    assert 0 <= found.age_s < 600
    await cache.put("short", b"x", 0.2)
    async with asyncio.timeout(HANG_S):
        while await cache.get("short") is not None:
            await asyncio.sleep(0.02)
    await cache.put("k", b"again", 60)
    await cache.delete("k")
    assert await cache.get("k") is None


async def test_one_makes_the_reply_at_a_time(cache):
    assert await cache.begin("k", 600)
    assert not await cache.begin("k", 600)
    assert await cache.begin("other", 600)
    await cache.end("k")
    assert await cache.begin("k", 0.2)
    async with asyncio.timeout(HANG_S):
        while not await cache.begin("k", 600):
            await asyncio.sleep(0.02)


async def test_memory_is_bounded_and_forgets_the_least_used():
    cache = MemoryResultCache(max_bytes=8000)
    for n in range(20):
        await cache.put(str(n), bytes(900), 60)
        await cache.get("0")
    assert await cache.get("0") is not None
    assert await cache.get("1") is None
    assert await cache.get("19") is not None
    await cache.put("huge", bytes(2000), 60)
    assert await cache.get("huge") is None


@pytest.mark.parametrize(
    ("header", "enabled", "plan"),
    [
        (None, False, (False, False, 0)),
        (None, True, (True, True, 300)),
        ("", True, (True, True, 300)),
        ("no-store", True, (False, False, 0)),
        ("max-age=60, no-store", True, (False, False, 0)),
        ("no-cache", False, (False, True, 0)),
        ("No-Cache, max-age=60", True, (False, True, 0)),
        ("max-age=0", False, (False, True, 0)),
        ("max-age=60", False, (True, True, 60)),
        ('max-age="60"', False, (True, True, 60)),
        ("max-age=9999", True, (True, True, 300)),
        ("max-age=-1", True, (True, True, 300)),
        ("max-age=x, max-stale", False, (False, False, 0)),
    ],
)
def test_cache_control_of_a_request(header, enabled, plan):
    assert plan_cache(header, enabled=enabled, ttl_s=300) == CachePlan(*plan)


def test_everything_that_matters_is_in_the_key():
    base = {
        "tenant": "a",
        "code": "x",
        "parameters": {"n": 1},
        "files": ["f1"],
        "environment": "e",
        "level": "l",
    }
    same = dict(reversed(base.items()))
    keys = {cache_key(**base), cache_key(**same)}
    assert len(keys) == 1
    keys.update(cache_key(**{**base, "code": half}) for half in ("\ud800", "\ud801", "?"))
    for name in base:
        keys.add(cache_key(**{**base, name: "other"}))
    assert len(keys) == 4 + len(base)


USE = CachePlan(read=True, write=True, max_age_s=60)


class Kitchen:
    def __init__(self, *, storable=True, takes_s=0.1):
        self.made = 0
        self.storable = storable
        self.takes_s = takes_s

    async def __call__(self):
        self.made += 1
        number = self.made
        await asyncio.sleep(self.takes_s)
        return Produced(b"%d" % number, self.storable)


async def test_identical_requests_at_the_same_time_run_once(cache):
    kitchen, replies = Kitchen(), ReplyCache(cache=cache, ttl_s=60)
    served = await asyncio.gather(*(replies.call("k", USE, kitchen) for _ in range(10)))
    assert (kitchen.made, {one.body for one in served}) == (1, {b"1"})
    hit = await replies.call("k", USE, kitchen)
    assert hit.headers.keys() == {"X-Cache", "Age"}
    assert (hit.headers["X-Cache"], int(hit.headers["Age"]) < HANG_S) == ("HIT", True)
    assert served[0].headers == {"X-Cache": "MISS"}


async def test_two_processes_that_share_a_cache_run_it_once(cache):
    kitchen = Kitchen()
    processes = [ReplyCache(cache=cache, ttl_s=60) for _ in range(3)]
    served = await asyncio.gather(*(one.call("k", USE, kitchen) for one in processes))
    assert (kitchen.made, {one.body for one in served}) == (1, {b"1"})


async def test_bad_replies_are_not_remembered_and_bypass_touches_nothing(cache):
    replies, bad = ReplyCache(cache=cache, ttl_s=60), Kitchen(storable=False, takes_s=0)
    await replies.call("k", USE, bad)
    await replies.call("k", USE, bad)
    assert bad.made == 2
    good = Kitchen(takes_s=0)
    for plan, status in (
        (plan_cache("no-store", enabled=True, ttl_s=60), "BYPASS"),
        (plan_cache("no-cache", enabled=True, ttl_s=60), "MISS"),
        (USE, "HIT"),
        (plan_cache("no-cache", enabled=True, ttl_s=60), "MISS"),
        (plan_cache(None, enabled=False, ttl_s=60), "BYPASS"),
    ):
        assert (await replies.call("k", plan, good)).status == status
    assert good.made == 4


async def test_the_first_who_asked_may_leave_and_the_last_takes_the_work_along(cache):
    replies, kitchen = ReplyCache(cache=cache, ttl_s=60), Kitchen(takes_s=0.3)
    first = asyncio.create_task(replies.call("k", USE, kitchen))
    second = asyncio.create_task(replies.call("k", USE, kitchen))
    await asyncio.sleep(0.1)
    first.cancel()
    assert (await second).body == b"1"

    alone = asyncio.create_task(replies.call("other", USE, kitchen))
    await asyncio.sleep(0.1)
    alone.cancel()
    fresh = await replies.call("other", USE, kitchen)
    assert fresh.body == b"%d" % kitchen.made


async def test_a_failure_is_everybodys_and_the_next_one_tries_again(cache):
    replies = ReplyCache(cache=cache, ttl_s=60)

    async def broken():
        await asyncio.sleep(0.05)
        raise RuntimeError("kitchen closed")

    ends = await asyncio.gather(*(replies.call("k", USE, broken) for _ in range(3)), return_exceptions=True)
    assert [str(one) for one in ends] == ["kitchen closed"] * 3
    assert (await replies.call("k", USE, Kitchen())).body == b"1"


async def test_a_cache_that_is_away_costs_nothing_but_the_cache(unused_tcp_port):
    away = RedisResultCache(url=f"redis://127.0.0.1:{unused_tcp_port}/0", prefix=f"x{random.random()}")
    replies = ReplyCache(cache=away, ttl_s=60)
    assert (await replies.call("k", USE, Kitchen(takes_s=0))).body == b"1"
    await away.close()
