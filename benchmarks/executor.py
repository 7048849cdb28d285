"""The execution engine: submit latency, round trip and throughput of no-ops and of `print(1)`, beside plain Celery and Dramatiq.

Needs MySQL or MariaDB and Redis at TEST_MYSQL_HOST and TEST_REDIS_URL (default: this machine); makes and drops
a database of its own.
"""

import asyncio
import json
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
PATHS = [str(ROOT / "deps/servicekit"), str(ROOT / "deps/executor"), str(ROOT / "deps/rowkit"), str(ROOT)]
sys.path[:0] = [path for path in PATHS if path not in sys.path]

import pymysql  # noqa: E402
import redis  # noqa: E402

from benchmarks import executor_programs as programs  # noqa: E402
from benchmarks.executor_peers import plain_celery, plain_dramatiq  # noqa: E402
from executor.adapters.sql.store import SqlStore  # noqa: E402
from executor.assembly import open_engine  # noqa: E402
from executor.common.executions import Outcome  # noqa: E402
from executor.common.requests import Caller, ExecutionContext, ExecutionRequest  # noqa: E402
from executor.common.settings import ExecutorSettings  # noqa: E402
from executor.core.engine import ExecutionEngine  # noqa: E402
from executor.ports.handler import Handler, Run  # noqa: E402

REDIS_URL = os.environ.get("TEST_REDIS_URL", "redis://127.0.0.1:6379/0")
MYSQL_HOST = os.environ.get("TEST_MYSQL_HOST", "127.0.0.1")
PREFIX = f"executor-bench-{os.getpid()}"
CALLER = Caller("bench")
SINGLE, BURST = 200, 1000


class Noop(Handler):
    async def run(self, run: Run) -> Outcome:
        return Outcome(run.attempt)


def noop(n: int) -> ExecutionRequest:
    return ExecutionRequest("noop", {"n": n}, ExecutionContext("bench"))


def settings(**changes: Any) -> dict[str, Any]:
    return {
        "queue_size": 20_000,
        "max_load_per_core": 1000,
        "min_free_memory_bytes": 0,
        "max_workers": 50,
        "queue_prefix": PREFIX,
        **changes,
    }


def quantiles(times_s: list[float]) -> dict[str, float]:
    ordered = sorted(times_s)
    return {
        "p50_ms": round(statistics.median(ordered) * 1000, 2),
        "p95_ms": round(ordered[int(len(ordered) * 0.95)] * 1000, 2),
    }


async def measure_engine(engine: ExecutionEngine) -> dict[str, Any]:
    await engine.execute(CALLER, noop(0), 20)
    submits, trips = [], []
    for n in range(SINGLE):
        started = time.perf_counter()
        accepted = await engine.submit(CALLER, noop(n))
        submits.append(time.perf_counter() - started)
        await engine.wait(accepted.execution_id, "bench", 20)
        trips.append(time.perf_counter() - started)
    started = time.perf_counter()
    await asyncio.gather(*(burst_client(engine, BURST // 20) for _ in range(20)))
    accepted_s = time.perf_counter() - started
    await drained(engine)
    return {
        "submit": quantiles(submits),
        "round_trip": quantiles(trips),
        "accepted_per_s": round(BURST / accepted_s),
        "executions_per_s": round(BURST / (time.perf_counter() - started)),
    }


async def burst_client(engine: ExecutionEngine, count: int) -> None:
    for n in range(count):
        await engine.submit(CALLER, noop(n))


async def drained(engine: ExecutionEngine) -> None:
    while (status := await engine.queue_status()).length or status.running:
        await asyncio.sleep(0.02)


@asynccontextmanager
async def engine_on(url: str, folder: Path, **changes: Any) -> AsyncIterator[ExecutionEngine]:
    opened = open_engine(
        ExecutorSettings(**settings(**changes)),
        database_url=url,
        handlers={"noop": Noop()},
        results=folder / "results",
    )
    async with opened as engine:
        yield engine


async def embedded(url: str, folder: Path) -> dict[str, Any]:
    async with engine_on(url, folder) as engine:
        return await measure_engine(engine)


async def distributed(url: str, folder: Path, pool: str, slots: int) -> dict[str, Any]:
    changes = {"executor_backend": "celery", "broker_url": REDIS_URL, "work_queue_size": 8}
    asked = {
        "which": "ours",
        "settings": settings(**changes),
        "database_url": url,
        "results": str(folder / "results"),
        "pool": pool,
        "slots": slots,
    }
    with process(asked):
        async with engine_on(url, folder, **changes) as engine:
            while sum(one.slots for one in (await engine.pool_status()).workers if one.healthy) < slots:
                await asyncio.sleep(0.05)
            return await measure_engine(engine)


@contextmanager
def process(asked: dict[str, Any]) -> Iterator[None]:
    worker = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.executor_peers", json.dumps(asked)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": ":".join(PATHS)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        yield
    finally:
        os.killpg(worker.pid, signal.SIGTERM)
        try:
            worker.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(worker.pid, signal.SIGKILL)
            worker.wait()


def peer(which: str, send: Callable[[str], Any], *, single: int, burst: int) -> dict[str, Any]:
    """A burst of tasks that count in Redis; nothing is recorded, nothing is returned."""
    key = f"{PREFIX}.done"
    with (
        redis.Redis.from_url(REDIS_URL) as client,
        process({"which": which, "redis_url": REDIS_URL, "prefix": PREFIX}),
    ):
        client.delete(key)

        def wait(count: int) -> None:
            while int(client.get(key) or 0) < count:
                time.sleep(0.001)

        send(key)
        wait(1)
        trips = []
        for n in range(single):
            started = time.perf_counter()
            send(key)
            wait(n + 2)
            trips.append(time.perf_counter() - started)
        started = time.perf_counter()
        for _ in range(burst):
            send(key)
        sent_s = time.perf_counter() - started
        wait(single + 1 + burst)
        return {
            "round_trip": quantiles(trips),
            "accepted_per_s": round(burst / sent_s),
            "executions_per_s": round(burst / (time.perf_counter() - started)),
        }


@contextmanager
def mysql() -> Iterator[Callable[[], str]]:
    """Fresh databases, dropped at the end."""
    names: list[str] = []
    with pymysql.connect(host=MYSQL_HOST, user="root", autocommit=True) as admin, admin.cursor() as cursor:

        def make() -> str:
            names.append(f"executor_bench_{os.getpid()}_{len(names)}")
            cursor.execute(f"CREATE DATABASE {names[-1]} CHARACTER SET utf8mb4")
            return with_tables(f"mysql+pymysql://root:@{MYSQL_HOST}/{names[-1]}")

        try:
            yield make
        finally:
            for name in names:
                cursor.execute(f"DROP DATABASE {name}")


def with_tables(url: str) -> str:
    store = SqlStore(url, threads=1)
    store.create_tables()
    asyncio.run(store.close())
    return url


def clean_redis() -> None:
    with redis.Redis.from_url(REDIS_URL) as client:
        for key in client.scan_iter(f"{PREFIX}*"):
            client.delete(key)


def note_peers(note: Callable[[str, dict[str, Any]], None]) -> None:
    """The same tasks on engines that keep no rows, no history and no result, and put up no walls."""
    celery, dramatiq = plain_celery(REDIS_URL, PREFIX), plain_dramatiq(REDIS_URL, PREFIX)
    for task, what, single, burst in (
        ("noop", "no-op", SINGLE, BURST),
        ("program", "print(1) in a fresh process", programs.SINGLE, programs.BURST),
    ):
        sizes = {"single": single, "burst": burst}
        note(f"plain Celery, prefork 2, {what}", peer("celery", celery.tasks[task].delay, **sizes))
        note(f"plain Dramatiq, 8 threads, {what}", peer("dramatiq", dramatiq[task].send, **sizes))


async def of_programs(work: Awaitable[dict[str, Any]]) -> dict[str, Any]:
    found = await work
    return {**found, "submit": quantiles(found["submit"]), "round_trip": quantiles(found["round_trip"])}


def measure() -> dict[str, Any]:
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)  # the sandbox's users pass through
    figures: dict[str, Any] = {}

    def note(name: str, found: dict[str, Any]) -> None:
        figures[name] = found
        print(f"{name}: {found}", flush=True)

    try:
        with mysql() as database:
            note("embedded, SQLite", asyncio.run(embedded(with_tables(f"sqlite:///{folder}/e.db"), folder)))
            note("embedded, MariaDB", asyncio.run(embedded(database(), folder)))
            note(
                "Celery on Redis, MariaDB, prefork 2",
                asyncio.run(distributed(database(), folder, "prefork", 2)),
            )
            note(
                "Celery on Redis, MariaDB, threads 8",
                asyncio.run(distributed(database(), folder, "threads", 8)),
            )
            note("print(1), embedded, SQLite", asyncio.run(of_programs(programs.embedded(folder / "sqlite"))))
            name = database().rpartition("/")[2]
            work = programs.distributed(folder / "mysql", name, REDIS_URL, PREFIX)
            note("print(1), Celery on Redis, MariaDB, one worker process", asyncio.run(of_programs(work)))
        note_peers(note)
    finally:
        clean_redis()
        shutil.rmtree(folder)
    return {
        "burst": {"no-op": BURST, "print(1)": programs.BURST},
        "load_average": os.getloadavg(),
        "figures": figures,
    }


if __name__ == "__main__":
    print(json.dumps(measure(), indent=1))
