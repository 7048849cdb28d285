"""Priority and fairness by numbers, and ten thousand waiting jobs in flat memory."""

import asyncio
import gc
import sqlite3
import tracemalloc
from contextlib import closing
from itertools import islice

from deps.executor.tests.toys import ADA, BOB, FOREVER_S, HANG_S, Echo, Gated, Script, request, until
from executor.common.requests import Caller, ExecutionOptions, Priority


async def drained(engine):
    async with asyncio.timeout(2 * HANG_S):
        while (status := await engine.queue_status()).length or status.running:
            await asyncio.sleep(0.05)


def named(name, caller=ADA, **options):
    return request("order", caller=caller, name=name, options=ExecutionOptions(**options))


async def test_five_urgent_jobs_behind_forty_run_next(database_url, engine_of):
    order = Gated()
    async with engine_of(database_url, {"order": order}, max_workers=1) as engine:
        await engine.submit_batch(ADA, [named(f"low {n}", priority=Priority.LOW) for n in range(40)])
        await until(lambda: len(order.names) == 1)
        for n in range(5):
            await engine.submit(ADA, named(f"high {n}", priority=Priority.HIGH))
        order.gate.set()
        await drained(engine)
        positions = [order.names.index(f"high {n}") + 1 for n in range(5)]
        assert positions == [2, 3, 4, 5, 6]


async def test_five_jobs_behind_another_tenants_hundred_run_in_turn(database_url, engine_of):
    order = Gated()
    async with engine_of(database_url, {"order": order}, max_workers=1) as engine:
        await engine.submit_batch(ADA, [named(f"a {n}") for n in range(100)])
        await until(lambda: len(order.names) == 1)
        await engine.submit_batch(BOB, [named(f"b {n}", BOB) for n in range(5)])
        order.gate.set()
        await drained(engine)
        positions = [order.names.index(f"b {n}") + 1 for n in range(5)]
        assert positions in ([2, 4, 6, 8, 10], [3, 5, 7, 9, 11])


async def test_a_weight_of_three_is_three_quarters_of_the_time(sqlite_url, engine_of):
    order = Gated()
    settings = {"max_workers": 1, "tenant_weights": {"acme": 3}}
    async with engine_of(sqlite_url, {"order": order}, **settings) as engine:
        await engine.submit(ADA, named("first"))
        await until(lambda: len(order.names) == 1)
        await engine.submit_batch(ADA, [named("a") for _ in range(60)])
        await engine.submit_batch(BOB, [named("b", BOB) for _ in range(60)])
        order.gate.set()
        await drained(engine)
        assert 28 <= order.names[1:41].count("a") <= 32


async def test_without_fairness_it_is_first_come_first_served(sqlite_url, engine_of):
    order = Gated()
    settings = {"max_workers": 1, "enable_fair_scheduling": False, "enable_priority_queue": False}
    async with engine_of(sqlite_url, {"order": order}, **settings) as engine:
        await engine.submit_batch(ADA, [named(f"a {n}") for n in range(20)])
        await until(lambda: len(order.names) == 1)
        await engine.submit(BOB, named("b", BOB, priority=Priority.CRITICAL))
        order.gate.set()
        await drained(engine)
        assert order.names.index("b") == 20
        assert order.names[:20] == [f"a {n}" for n in range(20)]


async def test_what_waits_long_enough_is_not_starved(sqlite_url, engine_of):
    order = Gated()
    order.gate.set()
    settings = {"max_workers": 1, "ageing_s": 0.2, "lease_s": 2}
    async with engine_of(sqlite_url, {"order": order, "script": Script()}, **settings) as engine:
        blocker = await engine.submit(ADA, request("script", sleep_s=FOREVER_S))
        await engine.submit(ADA, named("low", priority=Priority.LOW))
        async with asyncio.timeout(HANG_S):
            while await rank_of_low(sqlite_url) != 0:
                await asyncio.sleep(0.05)
        await engine.submit_batch(
            BOB, [named("critical", BOB, priority=Priority.CRITICAL) for _ in range(10)]
        )
        await engine.cancel(blocker.execution_id, "acme")
        await drained(engine)
        assert order.names[0] == "low"


async def test_the_gate_of_the_machine_holds_back_and_lets_go(sqlite_url, engine_of):
    from executor.ports.scheduler import Admission

    class Gate(Admission):
        room = 0

        def allowed(self, wanted):
            return min(wanted, self.room)

    gate, echo = Gate(), Echo()
    async with engine_of(sqlite_url, {"echo": echo}, parts={"admission": gate}) as engine:
        one = await engine.submit(ADA, request())
        assert (await engine.wait(one.execution_id, "acme", 0.5)).status == "queued"
        gate.room = 1
        assert (await engine.wait(one.execution_id, "acme", HANG_S)).status == "succeeded"


async def test_ten_thousand_waiting_jobs_take_no_memory_of_the_process(sqlite_url, engine_of):
    order = Gated()
    settings = {"max_workers": 4, "queue_size": 20_000}
    async with engine_of(sqlite_url, {"order": order}, **settings) as engine:
        await engine.submit_batch(ADA, [named("warm") for _ in range(100)])
        gc.collect()
        tracemalloc.start()
        before, _ = tracemalloc.get_traced_memory()
        payload = "x" * 1000
        for _ in range(20):
            jobs = (
                request("order", Caller("acme"), name="n", payload=payload, options=ExecutionOptions())
                for _ in range(500)
            )
            await engine.submit_batch(Caller("acme"), list(islice(jobs, 500)))
        gc.collect()
        after, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert (await engine.queue_status()).length >= 10_000
        assert after - before < 2_000_000
        urgent = await engine.submit(ADA, named("urgent", priority=Priority.CRITICAL))
        first = await engine.submit(BOB, named("first of another tenant", BOB))
        order.gate.set()
        assert (await engine.wait(urgent.execution_id, "acme", HANG_S)).status == "succeeded"
        assert (await engine.wait(first.execution_id, "bobs", HANG_S)).status == "succeeded"
        assert order.names.index("urgent") == 4  # right behind those that ran already
        assert order.names.index("first of another tenant") <= 6


async def rank_of_low(url):
    def look():
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as connection:
            return connection.execute("SELECT rank FROM executions WHERE priority = 'low'").fetchone()[0]

    return await asyncio.to_thread(look)
