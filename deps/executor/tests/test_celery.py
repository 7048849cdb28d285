"""The engine with workers behind a real broker: RabbitMQ and Redis, MariaDB below."""

import asyncio
import json
import os
import signal
import sys
import time
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
import redis
from amqp import Connection

from deps.executor.tests.conftest import AMQP_URL, REDIS_URL, make_settings, missing
from deps.executor.tests.toys import ADA, FOREVER_S, HANG_S, Echo, Script, request
from executor.assembly import open_engine
from executor.common.requests import ExecutionOptions, Priority
from executor.errors import ConfigurationError

ROOT = Path(__file__).resolve().parents[3]


def amqp_connection() -> Connection:
    from kombu.utils.url import parse_url

    parts = parse_url(AMQP_URL)
    connection = Connection(
        host=f"{parts['hostname']}:{parts['port']}", userid=parts["userid"], password=parts["password"]
    )
    connection.connect()
    return connection


def clean_rabbitmq(prefix: str) -> None:
    with amqp_connection() as connection, connection.channel() as channel:
        channel.queue_delete(f"{prefix}.executions")


def clean_redis(prefix: str) -> None:
    with redis.Redis.from_url(REDIS_URL) as client:
        for key in client.scan_iter(f"{prefix}*"):
            client.delete(key)


def broker_settings(name, prefix):
    """The settings of one real broker, with queues of this test alone."""
    try:
        if name == "rabbitmq":
            amqp_connection().close()
        else:
            redis.Redis.from_url(REDIS_URL).ping()
    except (OSError, redis.RedisError) as error:
        missing(name, error)
    url = AMQP_URL if name == "rabbitmq" else REDIS_URL
    return {
        "executor_backend": "celery",
        "broker_url": url,
        "queue_prefix": prefix,
        "executor_redis_url": REDIS_URL,
    }


def clean(name, prefix):
    (clean_rabbitmq if name == "rabbitmq" else clean_redis)(prefix)


@pytest.fixture(params=["rabbitmq", "redis"])
def broker(request, prefix):
    yield broker_settings(request.param, prefix)
    clean(request.param, prefix)


class Worker:
    def __init__(self, process):
        self.process = process

    async def stop(self, number=signal.SIGTERM):
        if self.process.returncode is None:
            self.process.send_signal(number)
        async with asyncio.timeout(HANG_S):
            await self.process.wait()


@asynccontextmanager
async def worker(url, broker, tmp_path, *, slots=2, pool="prefork", **changes):
    asked = {
        "settings": {**make_settings().model_dump(mode="json", by_alias=False), **broker, **changes},
        "database_url": url,
        "results": str(tmp_path / "results"),
        "slots": slots,
        "pool": pool,
    }
    with (tmp_path / f"worker-{time.monotonic_ns()}.log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "deps.executor.tests.worker_program",
            json.dumps(asked),
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT}/deps/servicekit:{ROOT}/deps/executor"},
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        started = Worker(process)
        try:
            yield started
        finally:
            if process.returncode is None:
                try:
                    await started.stop()
                except TimeoutError:
                    os.killpg(process.pid, signal.SIGKILL)
                    await process.wait()
            sys.stderr.write(Path(log.name).read_text()[-3000:])


@asynccontextmanager
async def celery_engine(url, broker, tmp_path, **changes):
    async with open_engine(
        make_settings(**broker, **changes),
        database_url=url,
        handlers={"echo": Echo(), "script": Script()},
        results=tmp_path / "results",
    ) as engine:
        yield engine


async def slots_are(engine, count):
    async with asyncio.timeout(HANG_S):
        while True:
            status = await engine.pool_status()
            if sum(one.slots for one in status.workers if one.healthy and one.state == "ready") == count:
                return
            await asyncio.sleep(0.05)


@pytest.fixture(params=["embedded", "rabbitmq", "redis"])
async def carried(request, mysql_url, tmp_path, engine_of):
    """One engine per carrier, with two workers."""
    if request.param == "embedded":
        handlers = {"echo": Echo(), "script": Script()}
        async with engine_of(mysql_url, handlers, max_workers=2) as engine:
            yield engine
        return
    settings = broker_settings(request.param, request.getfixturevalue("prefix"))
    try:
        async with (
            celery_engine(mysql_url, settings, tmp_path) as engine,
            worker(mysql_url, settings, tmp_path),
        ):
            await slots_are(engine, 2)
            yield engine
    finally:
        clean(request.param, settings["queue_prefix"])


async def runs_each_once_and_keeps_the_results(engine):
    ids = [(await engine.submit(ADA, request(n=n))).execution_id for n in range(20)]
    for n, one in enumerate(ids):
        info = await engine.wait(one, "acme", HANG_S)
        assert (info.status, info.attempt) == ("succeeded", 1)
        assert (await engine.result(one, "acme")).output.value == {"n": n}


async def tries_again_and_tells_of_it(engine):
    options = ExecutionOptions(retry_count=1, retry_delay_s=0.05)
    info = await engine.execute(ADA, request("script", break_first=1, steps=2, options=options), HANG_S)
    assert (info.status, info.attempt) == ("succeeded", 2)
    events = [event async for event in engine.follow_events(info.execution_id, "acme")]
    assert [event.type for event in events].count("progress") == 2
    assert [event.seq for event in events] == list(range(1, len(events) + 1))


async def cancels_what_runs_and_what_waits(engine):
    running = [
        (await engine.submit(ADA, request("script", sleep_s=FOREVER_S))).execution_id for _ in range(2)
    ]
    for one in running:
        await status_is(engine, one, "running")
    waiting = [(await engine.submit(ADA, request("script"))).execution_id for _ in range(5)]
    for one in waiting:
        assert (await engine.cancel(one, "acme")).status == "cancelled"
    for one in running:
        assert (await engine.cancel(one, "acme", wait_s=HANG_S)).status == "cancelled"
    for one in waiting:
        assert (await engine.get(one, "acme")).attempt == 0


async def stops_at_the_limit(engine):
    asked = request("script", sleep_s=FOREVER_S, options=ExecutionOptions(timeout_s=0.3))
    late = await engine.execute(ADA, asked, HANG_S)
    assert (late.status, late.error_reason) == ("timed_out", "timeout")


async def keeps_priorities(engine):
    held = request("script", sleep_s=FOREVER_S, options=ExecutionOptions(priority=Priority.LOW))
    low = [one.execution_id for one in await engine.submit_batch(ADA, [held] * 14)]
    while len(await running_of(engine, low)) < 2:
        await asyncio.sleep(0.03)
    urgent = request("script", options=ExecutionOptions(priority=Priority.CRITICAL))
    fast = (await engine.submit(ADA, urgent)).execution_id
    while not (await engine.get(fast, "acme")).status.is_final:
        # one place at a time becomes free, so that nobody overtakes because a worker is slow
        if len(running := await running_of(engine, low)) == 2:
            await engine.cancel(running[0], "acme", wait_s=HANG_S)
        await asyncio.sleep(0.03)
    first = (await engine.get(fast, "acme")).started_at
    starts = [(await engine.get(one, "acme")).started_at for one in low]
    assert (
        sum(start is not None and start < first for start in starts) <= 5
    )  # the two that ran, the two that were on their way to a worker, and one beside it
    for one in low:
        await engine.cancel(one, "acme", wait_s=HANG_S)


async def running_of(engine, ids):
    return [one for one in ids if (await engine.get(one, "acme")).status == "running"]


async def reports_its_workers(engine):
    status = await engine.pool_status()
    assert status.busy == 0
    assert all(one.healthy for one in status.workers)
    assert await engine.queue_status() == replace(
        await engine.queue_status(), ready=0, running=0, handed_out=0
    )


CONTRACT = [
    runs_each_once_and_keeps_the_results,
    tries_again_and_tells_of_it,
    cancels_what_runs_and_what_waits,
    stops_at_the_limit,
    keeps_priorities,
    reports_its_workers,
]


async def test_every_carrier_keeps_the_contract(carried):
    for fact in CONTRACT:
        await fact(carried)


@pytest.mark.parametrize("broker", ["redis"], indirect=True)
async def test_threads_share_one_process(mysql_url, broker, tmp_path):
    async with (
        celery_engine(mysql_url, broker, tmp_path) as engine,
        worker(mysql_url, broker, tmp_path, pool="threads", slots=4),
    ):
        await slots_are(engine, 4)
        asked = request("script", sleep_s=FOREVER_S)
        ids = [(await engine.submit(ADA, asked)).execution_id for _ in range(4)]
        for one in ids:
            await status_is(engine, one, "running")
        assert len(await running_of(engine, ids)) == 4
        assert len({(await engine.get(one, "acme")).worker_id for one in ids}) == 1
        for one in ids:
            assert (await engine.cancel(one, "acme", wait_s=HANG_S)).status == "cancelled"


@pytest.mark.parametrize("broker", ["redis"], indirect=True)
async def test_a_worker_without_memory_leaves_the_work_to_another(mysql_url, broker, tmp_path):
    starved = {"min_free_memory_bytes": 1 << 60}
    async with (
        celery_engine(mysql_url, broker, tmp_path, **starved, lease_s=2) as engine,
        worker(mysql_url, broker, tmp_path, **starved, lease_s=2),
    ):
        await slots_are(engine, 2)
        one = (await engine.submit(ADA, request())).execution_id
        log = next(tmp_path.glob("worker-*.log"))
        async with asyncio.timeout(HANG_S):
            while f"{one} is left to another worker" not in log.read_text():
                await asyncio.sleep(0.1)
        assert (await engine.get(one, "acme")).attempt == 0
        async with worker(mysql_url, broker, tmp_path, lease_s=2):
            info = await engine.wait(one, "acme", HANG_S)
            assert (info.status, info.attempt) == ("succeeded", 1)


@pytest.mark.parametrize("broker", ["rabbitmq"], indirect=True)
async def test_a_killed_worker_loses_nothing_and_repeats_only_what_may_be_repeated(
    mysql_url, broker, tmp_path
):
    async with celery_engine(mysql_url, broker, tmp_path) as engine:
        async with worker(mysql_url, broker, tmp_path) as doomed:
            await slots_are(engine, 2)
            may = ExecutionOptions(idempotent=True)
            once = (await engine.submit(ADA, request("script", sleep_s=FOREVER_S))).execution_id
            again = request("script", first_sleep_s=FOREVER_S, options=may)
            twice = (await engine.submit(ADA, again)).execution_id
            waiting = (await engine.submit(ADA, request("script", value=3))).execution_id
            for one in (once, twice):
                await status_is(engine, one, "running")
            os.killpg(doomed.process.pid, signal.SIGKILL)
            await doomed.process.wait()
        async with worker(mysql_url, broker, tmp_path):
            info = await engine.wait(once, "acme", HANG_S)
            assert (info.status, info.error_reason) == ("failed", "worker_lost")
            info = await engine.wait(twice, "acme", HANG_S)
            assert (info.status, info.attempt) == ("succeeded", 2)
            info = await engine.wait(waiting, "acme", HANG_S)
            assert (info.status, info.attempt) == ("succeeded", 1)


@pytest.mark.parametrize("broker", ["rabbitmq"], indirect=True)
async def test_the_hard_limit_ends_what_blocks_and_what_refuses_to_go(mysql_url, broker, tmp_path):
    quick = {"kill_grace_s": 0.5}
    async with (
        celery_engine(mysql_url, broker, tmp_path, **quick) as engine,
        worker(mysql_url, broker, tmp_path, slots=2, **quick),
    ):
        await slots_are(engine, 2)
        options = ExecutionOptions(timeout_s=1)
        blocks = (
            await engine.submit(ADA, request("script", block_s=FOREVER_S, options=options))
        ).execution_id
        refuses = (
            await engine.submit(ADA, request("script", stubborn_s=FOREVER_S, options=options))
        ).execution_id
        for one in (blocks, refuses):
            info = await engine.wait(one, "acme", HANG_S)
            assert (info.status, info.error_reason) == ("timed_out", "timeout")
        info = await engine.execute(ADA, request("script", value=1), HANG_S)
        assert info.status == "succeeded"
        await slots_are(engine, 2)


@pytest.mark.parametrize("broker", ["rabbitmq"], indirect=True)
async def test_stopping_a_worker_ends_what_runs_first(mysql_url, broker, tmp_path):
    async with (
        celery_engine(mysql_url, broker, tmp_path) as engine,
        worker(mysql_url, broker, tmp_path) as stopped,
    ):
        await slots_are(engine, 2)
        one = (await engine.submit(ADA, request("script", sleep_s=1))).execution_id
        await status_is(engine, one, "running")
        await stopped.stop()
        info = await engine.get(one, "acme")
        assert (info.status, info.attempt) == ("succeeded", 1)
        await slots_are(engine, 0)


@pytest.mark.parametrize("broker", ["redis"], indirect=True)
async def test_sqlite_is_refused(sqlite_url, broker, tmp_path):
    with pytest.raises(ConfigurationError, match="MySQL"):
        async with celery_engine(sqlite_url, broker, tmp_path):
            pass


async def status_is(engine, execution_id, wanted):
    async with asyncio.timeout(HANG_S):
        while (await engine.get(execution_id, "acme")).status != wanted:
            await asyncio.sleep(0.03)
