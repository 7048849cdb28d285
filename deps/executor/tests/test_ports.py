"""Contract suites of the small ports: bus, result store, carrier, permissions, admission; and the plugins."""

import asyncio
import hashlib
import re
import subprocess
import sys
from pathlib import Path

import pytest
import redis
from prometheus_client import CollectorRegistry, generate_latest

from deps.executor.tests.conftest import REDIS_URL, make_settings, missing
from deps.executor.tests.toys import ADA, BOB, FOREVER_S, HANG_S, Echo, Gated, Script, request
from executor.adapters.embedded.bus import LocalBus
from executor.adapters.files.results import FolderResultStore
from executor.adapters.machine import MachineAdmission, free_memory_bytes, is_dead, make_worker_id
from executor.adapters.prometheus import PrometheusMonitoring
from executor.adapters.redis.bus import RedisBus
from executor.adapters.results import open_results
from executor.core.permissions import ScopePermissions
from executor.core.plugins import load_class, with_custom_executor
from executor.errors import ConfigurationError, PermissionDenied, ResultGone, ResultStoreUnavailable
from executor.ports.handler import CustomExecutor
from executor.ports.results import ResultStore

ROOT = Path(__file__).resolve().parents[3]


# --- event bus ---------------------------------------------------------------------------------------------------
@pytest.fixture(params=["local", "redis"])
async def buses(request, prefix):
    """Two ends of one bus: the same object, or two processes' worth of Redis."""
    if request.param == "local":
        bus = LocalBus(poll_s=FOREVER_S)
        yield bus, bus
        return
    try:
        redis.Redis.from_url(REDIS_URL).ping()
    except redis.RedisError as error:
        missing("Redis", error)
    ends = [RedisBus(url=REDIS_URL, prefix=prefix, poll_s=FOREVER_S) for _ in "ab"]
    for end in ends:
        await end.open()
    yield tuple(ends)
    for end in ends:
        await end.close()


async def test_a_call_wakes_the_topics_listeners_only(buses):
    here, there = buses
    async with here.subscribe("a") as a, here.subscribe("b") as b:
        other = asyncio.create_task(b.wait(FOREVER_S))
        await there.publish("a")
        async with asyncio.timeout(HANG_S):
            await a.wait(FOREVER_S)
        assert not other.done()
        await there.publish("b")
        async with asyncio.timeout(HANG_S):
            await other


async def test_a_call_between_two_waits_is_not_lost(buses):
    here, there = buses
    async with here.subscribe("a") as a:
        await there.publish("a")
        await there.publish("a")
        async with asyncio.timeout(HANG_S):
            await a.wait(FOREVER_S)
        await there.publish("a")
        async with asyncio.timeout(HANG_S):
            await a.wait(FOREVER_S)


async def test_a_wait_ends_at_its_time(buses):
    async with buses[0].subscribe("a") as a, asyncio.timeout(HANG_S):
        await a.wait(0.1)


async def test_a_bus_without_redis_lets_listeners_poll(unused_tcp_port, prefix):
    bus = RedisBus(url=f"redis://127.0.0.1:{unused_tcp_port}", prefix=prefix, poll_s=0.1)
    bus_open = asyncio.create_task(bus.open())
    async with bus.subscribe("a") as a, asyncio.timeout(HANG_S):
        await bus.publish("a")
        await a.wait(FOREVER_S)
        await a.wait(FOREVER_S)
    bus_open.cancel()
    await asyncio.wait({bus_open})
    await bus.close()


# --- result store ------------------------------------------------------------------------------------------------
class FakeResultStore(ResultStore):
    def __init__(self):
        self.blobs = {}

    async def put(self, name, chunks):
        self.blobs[name] = b"".join([chunk async for chunk in chunks])
        return len(self.blobs[name])

    async def read(self, name):
        if name not in self.blobs:
            raise ResultGone("The result was deleted or has expired.")
        yield self.blobs[name]

    async def delete(self, name):
        self.blobs.pop(name, None)


@pytest.fixture(params=["fake", "folder", "s3"])
async def results(request, tmp_path):
    if request.param == "fake":
        yield FakeResultStore()
        return
    chosen = request.getfixturevalue("s3_settings") if request.param == "s3" else {}
    async with open_results(make_settings(**chosen), tmp_path / "blobs") as opened:
        yield opened


async def chunks(*parts, then=None):
    for part in parts:
        yield part
    if then is not None:
        raise then


async def read(results, name):
    return b"".join([chunk async for chunk in results.read(name)])


async def test_blobs_come_back_and_go(results):
    assert await results.put("ex_1.1", chunks(b"ab", b"", b"c" * 300_000)) == 300_002
    assert await read(results, "ex_1.1") == b"ab" + b"c" * 300_000
    assert await results.put("ex_1.1", chunks(b"new")) == 3
    assert await read(results, "ex_1.1") == b"new"
    await results.delete("ex_1.1")
    await results.delete("ex_1.1")
    with pytest.raises(ResultGone):
        await read(results, "ex_1.1")


async def test_half_a_blob_is_none(results):
    with pytest.raises(ZeroDivisionError):
        await results.put("ex_2.1", chunks(b"half", then=ZeroDivisionError()))
    with pytest.raises(ResultGone):
        await read(results, "ex_2.1")


async def test_a_blob_of_many_parts_comes_back_whole(results):
    block = bytes(range(256)) * 4096
    size = await results.put("ex_3.1", chunks(*[block] * 20))
    assert size == 20 << 20
    found = hashlib.sha256()
    async for chunk in results.read("ex_3.1"):
        found.update(chunk)
    assert found.digest() == hashlib.sha256(block * 20).digest()


async def test_half_of_many_parts_is_none(results):
    with pytest.raises(ZeroDivisionError):
        await results.put("ex_4.1", chunks(bytes(20 << 20), then=ZeroDivisionError()))
    with pytest.raises(ResultGone):
        await read(results, "ex_4.1")


async def test_a_store_that_is_away_is_an_error_with_a_name(unused_tcp_port, tmp_path):
    away = {"result_store": "s3", "s3_endpoint_url": f"http://127.0.0.1:{unused_tcp_port}"}
    async with open_results(make_settings(**away, s3_access_key="a", s3_secret_key="b"), tmp_path) as results:
        with pytest.raises(ResultStoreUnavailable):
            await results.put("ex_1.1", chunks(b"x"))
        with pytest.raises(ResultStoreUnavailable):
            await read(results, "ex_1.1")
    (tmp_path / "file").touch()
    with pytest.raises(ResultStoreUnavailable):
        await FolderResultStore(tmp_path / "file").put("ex_1.1", chunks(b"x"))


async def test_names_are_not_paths(tmp_path):
    results = FolderResultStore(tmp_path / "blobs")
    (tmp_path / "secret").write_text("x")
    for name in ("../secret", "/etc/passwd", "", ".hidden", "a/b"):
        with pytest.raises(ResultGone):
            await read(results, name)


# --- permissions, admission, workers ----------------------------------------------------------------------------
async def test_each_kind_asks_for_its_scope():
    permissions = ScopePermissions({"echo": "run"}, default="admin")
    await permissions.check(ADA, request())
    with pytest.raises(PermissionDenied, match="admin"):
        await permissions.check(ADA, request("other"))
    with pytest.raises(PermissionDenied, match="tenant"):
        await permissions.check(BOB, request())


def test_no_memory_no_start():
    assert MachineAdmission(min_free_memory_bytes=0, max_load_per_core=1000).allowed(5) == 5
    assert MachineAdmission(min_free_memory_bytes=1 << 60, max_load_per_core=1000).allowed(5) == 0
    assert MachineAdmission(min_free_memory_bytes=0, max_load_per_core=-1).allowed(5) == 0
    assert free_memory_bytes() > 0


async def test_a_process_is_dead_only_when_it_is_certain():
    mine = make_worker_id()
    assert not is_dead(mine)
    script = "from executor.adapters.machine import make_worker_id; print(make_worker_id())"
    done = await asyncio.create_subprocess_exec(
        sys.executable, "-c", script, cwd=ROOT / "deps/executor", stdout=subprocess.PIPE
    )
    theirs = (await done.communicate())[0].decode().strip()
    assert is_dead(theirs)
    host, home, pid, ticks, rest = theirs.rsplit(":", 4)
    assert not is_dead(":".join([host, f"other-boot.{home}", pid, ticks, rest]))
    assert not is_dead("somebody else's name")


# --- plugins -----------------------------------------------------------------------------------------------------
def test_plugins_are_checked():
    with pytest.raises(ConfigurationError, match="module:Class"):
        load_class("no.such.module:X", CustomExecutor)
    with pytest.raises(ConfigurationError, match="not a CustomExecutor"):
        load_class("deps.executor.tests.toys:Echo", CustomExecutor)


def example_of_the_docs():
    text = (ROOT / "docs/executor.md").read_text()
    return re.search(r"```python\n(# shout\.py\n.*?)```", text, re.DOTALL)[1]


@pytest.fixture
def shout(tmp_path, monkeypatch):
    (tmp_path / "shout.py").write_text(example_of_the_docs())
    monkeypatch.syspath_prepend(str(tmp_path))
    yield
    sys.modules.pop("shout", None)


async def test_the_custom_executor_and_scheduler_of_the_docs_run(sqlite_url, engine_of, shout):
    settings = {"executor_class": "shout:Shout", "scheduler_class": "shout:ShortestFirst", "max_workers": 1}
    gated = Gated()
    async with engine_of(sqlite_url, {"gated": gated}, **settings) as engine:
        info = await engine.execute(ADA, request("shout", text="hello"), HANG_S)
        assert (await engine.result(info.execution_id, "acme")).output.value == "HELLO!"
        blocker = await engine.submit(ADA, request("gated"))
        long = await engine.submit(ADA, request("shout", text="x" * 1000))
        short = await engine.submit(ADA, request("shout", text="x"))
        gated.gate.set()
        infos = [await engine.wait(one.execution_id, "acme", HANG_S) for one in (blocker, short, long)]
        starts = [info.started_at for info in infos]
        assert starts == sorted(starts)
    with pytest.raises(ConfigurationError, match="itself"):
        with_custom_executor({"shout": Echo()}, "shout:Shout")


# --- monitoring --------------------------------------------------------------------------------------------------
async def test_prometheus_counts_without_tenants(sqlite_url, engine_of):
    registry = CollectorRegistry()
    monitoring = PrometheusMonitoring(registry)
    parts = {"monitoring": monitoring}
    async with engine_of(sqlite_url, {"echo": Echo(), "script": Script()}, parts=parts) as engine:
        await engine.execute(ADA, request(), HANG_S)
        await engine.execute(ADA, request("script", verdict="error"), HANG_S)
        await monitoring.refresh(await engine.queue_status(), await engine.pool_status())
    text = generate_latest(registry).decode()
    assert 'stepflow_executions_total{kind="echo",status="succeeded"} 1.0' in text
    assert 'stepflow_executions_total{kind="script",status="failed"} 1.0' in text
    assert 'stepflow_executions_running{kind="echo"} 0.0' in text
    assert 'stepflow_executions_queue_depth{state="ready"} 0.0' in text
    assert "stepflow_executions_queue_wait_seconds_count" in text
    assert "acme" not in text


# --- the package as a whole --------------------------------------------------------------------------------------
def test_importing_any_module_does_nothing():
    code = (
        "import pkgutil, importlib, executor, threading, sys\n"
        "for found in pkgutil.walk_packages(executor.__path__, 'executor.'):\n"
        "    importlib.import_module(found.name)\n"
        "assert threading.active_count() == 1, threading.enumerate()\n"
    )
    path = f"{ROOT}/deps/executor:{ROOT}/deps/servicekit"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        env={"PYTHONPATH": path},
        capture_output=True,
        check=False,
        cwd="/",
    )
    assert done.returncode == 0, done.stderr.decode()
    assert done.stdout == b""


def test_every_setting_has_a_variable_and_a_meaning():
    from executor.common.settings import ExecutorSettings

    text = (ROOT / "docs/executor.md").read_text()
    for name, field in ExecutorSettings.model_fields.items():
        assert field.alias.startswith(
            ("STEPFLOW_EXECUTOR_", "STEPFLOW_SCHEDULER_", "STEPFLOW_WORKER_POOL_", "EXECUTOR_BACKEND", "S3_")
        ), name
        assert field.description, name
        assert f"`{field.alias}`" in text, f"{field.alias} is not in docs/executor.md"


def test_settings_that_cannot_work_together_are_refused():
    with pytest.raises(ValueError, match="BROKER_URL"):
        make_settings(executor_backend="celery")
    with pytest.raises(ValueError, match="MIN_WORKERS"):
        make_settings(min_workers=9, max_workers=8)
    assert make_settings(tenant_weights='{"a": 2}').tenant_weights == {"a": 2}
