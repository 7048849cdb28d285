"""kill -9 of a random process every few seconds under load; afterwards every execution is accounted for."""

import asyncio
import contextlib
import json
import os
import random
import shutil
import signal
import sys
import time
from collections import Counter
from pathlib import Path

import httpx
import pymysql
import pytest

from deps.executor.tests.conftest import make_settings, missing
from executor.adapters.sql.store import SqlStore
from executor.common.queues import ExecutionFilter
from executor.core.loops import persistently

ROOT = Path(__file__).resolve().parents[3]
LEAST_KILLS = 2


class Victim:
    """A process that is started again whenever it has been killed."""

    def __init__(self, name, argv, log):
        self.name = name
        self.argv = argv
        self.log = log
        self.process = None

    async def start(self):
        self.process = await asyncio.create_subprocess_exec(
            *self.argv,
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT}/deps/servicekit:{ROOT}/deps/executor"},
            stdout=self.log,
            stderr=self.log,
            start_new_session=True,
        )

    async def kill(self):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        await self.process.wait()


class Trial:
    """The processes of one service, the load on it, and the account at the end."""

    def __init__(self, tmp_path, url, port, settings):
        self.url = url
        self.base = f"http://127.0.0.1:{port}"
        self.effects = tmp_path / "effects"
        self.effects.touch()
        self.log = (tmp_path / "log").open("wb")
        self.asked = {
            "settings": settings,
            "database_url": url,
            "results": str(tmp_path / "results"),
            "effects": str(self.effects),
            "port": port,
        }
        self.accepted = {}
        self.kills = Counter()

    def program(self, role):
        argument = json.dumps({**self.asked, "role": role})
        return Victim(role, [sys.executable, "-m", "deps.executor.tests.service_program", argument], self.log)

    async def submit(self, http, n):
        """Send until it is accepted; the key makes that one execution."""
        body = {"kind": "work", "request": {"n": n, "sleep_s": random.choice([0, 0.05, 0.3, 1])}}
        body["options"] = {"idempotent": n % 2 == 0}
        while True:
            try:
                reply = await http.post("/api/executions", json=body, headers={"Idempotency-Key": f"n{n}"})
            except httpx.HTTPError:
                reply = None
            if reply is not None and reply.status_code == 202:
                self.accepted[reply.json()["execution_id"]] = n
                return
            await asyncio.sleep(0.1)

    async def load(self, seconds, per_second):
        async with httpx.AsyncClient(base_url=self.base, timeout=5) as http:
            end, n, sent = time.monotonic() + seconds, 0, set()
            while time.monotonic() < end:
                sent.add(asyncio.create_task(self.submit(http, n)))
                n += 1
                await asyncio.sleep(1 / per_second)
            await asyncio.gather(*sent)
        assert len(self.accepted) == n

    async def torment(self, victims, seconds, every_s):
        end = time.monotonic() + seconds
        while time.monotonic() < end or self.kills.total() < LEAST_KILLS:
            await asyncio.sleep(random.uniform(0.5, 1.5) * every_s)
            victim = random.choice(victims)
            await victim.kill()
            self.kills[victim.name] += 1
            await victim.start()

    async def account(self, wait_s):
        store = SqlStore(self.url, threads=1)
        try:
            rows = await self.settled(store, wait_s)
        finally:
            await store.close()
        assert rows.keys() == self.accepted.keys()
        lines = [line.split() for line in self.effects.read_text().splitlines()]
        starts = Counter(name for name, _, what in lines if what == "start")
        ends = Counter(name for name, _, what in lines if what == "end")
        for name, info in rows.items():
            may_repeat = self.accepted[name] % 2 == 0
            assert starts[name] <= info.attempt, "a start that no row knows of"
            if info.status == "succeeded":
                assert ends[name] >= 1, "a success that did not happen"
            if may_repeat:
                assert info.status == "succeeded" or info.attempt > 3
            else:
                assert starts[name] <= 1, "ran twice although it must not"
                assert info.status == "succeeded" or info.error_reason == "worker_lost"
        return Counter((info.status.value, info.error_reason) for info in rows.values())

    async def settled(self, store, wait_s):
        give_up = time.monotonic() + wait_s
        while True:
            rows, before = {}, None
            while True:
                page = await persistently(lambda before=before: store.page(ExecutionFilter(), 500, before))
                rows |= {info.execution_id: info for info in page.items}
                before = page.next_before
                if before is None:
                    break
            if all(info.status.is_final for info in rows.values()):
                return rows
            assert time.monotonic() < give_up, Counter(info.status for info in rows.values())
            await asyncio.sleep(0.2)


def short_settings(**changes):
    quick = make_settings(lease_s=1.5, event_poll_s=0.1, kill_grace_s=0.5, max_workers=4, **changes)
    dumped = quick.model_dump(mode="json", by_alias=False)
    return dumped | changes


async def run_trial(trial, victims, *, seconds, every_s, per_second=15, started=()):
    try:
        for victim in victims:
            if victim not in started:
                await victim.start()
        loading = asyncio.create_task(trial.load(seconds, per_second))
        await trial.torment(victims, seconds, every_s)
        await loading
        found = await trial.account(wait_s=120)
    finally:
        for victim in victims:
            await victim.kill()
        trial.log.close()
    sys.stderr.write(f"kills {dict(trial.kills)}, executions {dict(found)}\n")
    assert trial.kills.total() >= LEAST_KILLS
    assert found[("succeeded", None)] > 0


async def embedded(tmp_path, url, port, seconds, every_s):
    trial = Trial(tmp_path, url, port, short_settings())
    await run_trial(trial, [trial.program("service")], seconds=seconds, every_s=every_s, per_second=10)


async def test_embedded_on_sqlite(sqlite_url, tmp_path, unused_tcp_port):
    await embedded(tmp_path, sqlite_url, unused_tcp_port, 8, 2)


async def celery(tmp_path, url, ports, prefix, seconds, every_s):
    """The broker is a Redis of this test alone, so that it can be killed as well."""
    program = shutil.which("redis-server")
    if program is None:
        missing("redis-server", FileNotFoundError("redis-server"))
    broker = f"redis://127.0.0.1:{ports[1]}/0"
    settings = short_settings(executor_backend="celery", broker_url=broker, queue_prefix=prefix)
    log = (tmp_path / "redis.log").open("wb")
    redis = Victim("broker", [program, "--port", str(ports[1]), "--save", "", "--bind", "127.0.0.1"], log)
    trial = Trial(tmp_path, url, ports[0], settings)
    victims = [redis, trial.program("service"), trial.program("worker")]
    with log:
        await run_trial(trial, victims, seconds=seconds, every_s=every_s, per_second=5)


async def test_celery_on_mysql(mysql_url, tmp_path, unused_tcp_port_factory, prefix):
    await celery(tmp_path, mysql_url, [unused_tcp_port_factory() for _ in "ab"], prefix, 10, 2.5)


async def private_mariadb(tmp_path, port):
    """A database server of this test alone, so that it can be killed."""
    install, server = (
        shutil.which("mariadb-install-db"),
        shutil.which("mariadbd", path=os.environ["PATH"] + ":/usr/sbin"),
    )
    if install is None or server is None:
        missing("mariadbd", FileNotFoundError("mariadbd"))
    data = tmp_path / "data"
    made = await asyncio.create_subprocess_exec(
        install,
        "--no-defaults",
        f"--datadir={data}",
        "--auth-root-authentication-method=normal",
        "--skip-test-db",
        "--user=root",
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    assert await made.wait() == 0
    log = (tmp_path / "mariadb.log").open("wb")
    options = [
        f"--datadir={data}",
        f"--port={port}",
        "--bind-address=127.0.0.1",
        f"--socket={tmp_path}/s",
        "--user=root",
    ]
    victim = Victim("database", [server, "--no-defaults", *options, "--innodb-buffer-pool-size=64M"], log)
    await victim.start()
    url = f"mysql+pymysql://root:@127.0.0.1:{port}/crash"
    async with asyncio.timeout(60):
        while True:
            try:
                with pymysql.connect(host="127.0.0.1", port=port, user="root", autocommit=True) as admin:
                    admin.cursor().execute("CREATE DATABASE IF NOT EXISTS crash CHARACTER SET utf8mb4")
                break
            except pymysql.err.OperationalError:
                await asyncio.sleep(0.2)
    store = SqlStore(url, threads=1)
    store.create_tables()
    await store.close()
    return victim, url


@pytest.mark.soak
async def test_database_and_service_for_half_a_minute(tmp_path, unused_tcp_port_factory):
    victim, url = await private_mariadb(tmp_path, unused_tcp_port_factory())
    trial = Trial(tmp_path, url, unused_tcp_port_factory(), short_settings())
    service = trial.program("service")
    with victim.log:
        await run_trial(trial, [victim, service], seconds=30, every_s=4, per_second=8, started=[victim])


@pytest.mark.soak
async def test_embedded_on_sqlite_for_a_minute(sqlite_url, tmp_path, unused_tcp_port):
    await embedded(tmp_path, sqlite_url, unused_tcp_port, 60, 3)


@pytest.mark.soak
async def test_embedded_on_mysql_for_a_minute(mysql_url, tmp_path, unused_tcp_port):
    await embedded(tmp_path, mysql_url, unused_tcp_port, 60, 3)


@pytest.mark.soak
async def test_celery_on_mysql_for_a_minute(mysql_url, tmp_path, unused_tcp_port_factory, prefix):
    await celery(tmp_path, mysql_url, [unused_tcp_port_factory() for _ in "ab"], prefix, 60, 4)
