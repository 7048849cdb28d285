"""`print(1)` as executions of the real coderunner over HTTP: embedded, and on a worker process behind Redis."""

import asyncio
import os
import sys
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

from servicekit.testing import Client, spawn_service

ROOT = Path(__file__).resolve().parents[1]
ARGV = [sys.executable, str(ROOT / "coderunner" / "src" / "main.py")]
REQUEST = {"kind": "python", "request": {"code": "print(1)", "security_level": "isolated"}}
SINGLE, BURST, CLIENTS = 100, 300, 10
WAIT_S = 60.0


def environment(folder: Path, **more: str) -> dict[str, str]:
    return {
        "DATA_DIR": str(folder),
        "STEPFLOW_PYTHON_VIRTUAL_ENV_PATH": f"{folder}-environments",  # the data folder is closed to the sandbox
        "LOG_LEVEL": "ERROR",
        "STEPFLOW_SCHEDULER_MAX_LOAD_PER_CORE": "1000",
        **more,
    }


@asynccontextmanager
async def service(env: Mapping[str, str], *, workers: int = 0) -> AsyncIterator[Client]:
    """The service, and its workers beside it."""
    async with AsyncExitStack() as stack:
        opened = await stack.enter_async_context(spawn_service(ARGV, env=env, deadline_s=120))
        for _ in range(workers):
            await stack.enter_async_context(spawn_service([*ARGV, "worker"], env=env, deadline_s=120))
        yield opened


async def measure_programs(client: Client) -> dict[str, Any]:
    """Submit latency, round trip with a waiting call, and a burst until nothing waits or runs."""
    await asyncio.sleep(3)  # the pools of parked children fill
    submits = []
    for _ in range(SINGLE):
        submits.append(await timed(client, REQUEST, 202))
        await drained(client)
    trips = [await timed(client, {**REQUEST, "wait": WAIT_S}, 200) for _ in range(SINGLE)]
    started = time.perf_counter()
    await asyncio.gather(*(burst(client, BURST // CLIENTS) for _ in range(CLIENTS)))
    accepted_s = time.perf_counter() - started
    await drained(client)
    return {
        "submit": submits,
        "round_trip": trips,
        "accepted_per_s": round(BURST / accepted_s),
        "executions_per_s": round(BURST / (time.perf_counter() - started)),
    }


async def burst(client: Client, count: int) -> None:
    for _ in range(count):
        await timed(client, REQUEST, 202)


async def timed(client: Client, body: Mapping[str, Any], status: int) -> float:
    started = time.perf_counter()
    reply = await client.request("POST", "/api/executions", json=body, timeout_s=2 * WAIT_S)
    assert reply.status == status, reply.body
    assert status != 200 or reply.json()["status"] == "succeeded", reply.body
    return time.perf_counter() - started


async def drained(client: Client) -> None:
    while (queue := (await client.request("GET", "/api/queue")).json())["length"] or queue["running"]:
        await asyncio.sleep(0.01)


async def embedded(folder: Path) -> dict[str, Any]:
    async with service(environment(folder)) as client:
        return await measure_programs(client)


async def distributed(folder: Path, database: str, redis_url: str, prefix: str) -> dict[str, Any]:
    env = environment(
        folder,
        DB_HOST=os.environ.get("TEST_MYSQL_HOST", "127.0.0.1"),
        DB_NAME=database,
        EXECUTOR_BACKEND="celery",
        STEPFLOW_EXECUTOR_BROKER_URL=redis_url,
        STEPFLOW_EXECUTOR_QUEUE_PREFIX=f"{prefix}.programs",
        STEPFLOW_WORKER_POOL_WORK_QUEUE_SIZE="8",
    )
    async with service(env, workers=1) as client:
        while not (await client.request("GET", "/api/pool")).json()["idle"]:
            await asyncio.sleep(0.05)
        return await measure_programs(client)
