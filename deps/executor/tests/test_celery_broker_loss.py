"""A broker that goes away and comes back costs a worker none of its slots."""

import asyncio
import shutil

import pytest

from deps.executor.tests.conftest import REDIS_URL, missing
from deps.executor.tests.test_celery import celery_engine, slots_are, status_is, worker
from deps.executor.tests.test_crash import Victim
from deps.executor.tests.toys import ADA, HANG_S, request

SLOTS = 3


@pytest.fixture
async def broker(tmp_path, unused_tcp_port):
    """A Redis of this test alone."""
    program = shutil.which("redis-server")
    if program is None:
        missing("redis-server", FileNotFoundError("redis-server"))
    with (tmp_path / "redis.log").open("wb") as log:
        argv = [program, "--port", str(unused_tcp_port), "--save", "", "--bind", "127.0.0.1"]
        server = Victim("broker", argv, log)
        await server.start()
        server.url = f"redis://127.0.0.1:{unused_tcp_port}/0"
        yield server
        await server.kill()


async def test_a_worker_carries_as_many_as_before(mysql_url, broker, tmp_path, prefix):
    settings = {
        "executor_backend": "celery",
        "broker_url": broker.url,
        "queue_prefix": prefix,
        "executor_redis_url": REDIS_URL,
        "lease_s": 2,
    }
    async with (
        celery_engine(mysql_url, settings, tmp_path) as engine,
        worker(mysql_url, settings, tmp_path, pool="threads", slots=SLOTS),
    ):
        await slots_are(engine, SLOTS)
        for away_s in (0.5, 2):
            ids = [
                (await engine.submit(ADA, request("script", sleep_s=away_s))).execution_id
                for _ in range(SLOTS)
            ]
            for one in ids:
                await status_is(engine, one, "running")
            await broker.kill()
            for one in ids:
                await engine.wait(one, "acme", HANG_S)
            await asyncio.sleep(0.3)  # the broker is away while the worker says that it is done
            await broker.start()
        together = [(await engine.submit(ADA, request("script", sleep_s=HANG_S))) for _ in range(SLOTS)]
        for one in together:
            await status_is(engine, one.execution_id, "running")
        for one in together:
            await engine.cancel(one.execution_id, "acme", wait_s=HANG_S)
