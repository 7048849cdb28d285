"""What a cached reply depends on, and what is never one."""

import asyncio
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from coderunner.src.common.program import Program, SecurityLevel
from coderunner.src.common.settings import Settings
from coderunner.src.errors import SandboxUnavailable
from coderunner.src.logics.runner.admission import Admission
from coderunner.src.logics.runner.cached_runs import CachedRuns, CacheRules
from coderunner.src.logics.runner.execute_code import ExecuteCode
from coderunner.src.logics.runner.limits import LimitRules
from coderunner.tests.fakes.sandbox import FakeSandbox
from executor.adapters.embedded.cache import MemoryResultCache
from executor.core.caching import CacheStatus, ReplyCache

PROGRAM = Program("print('a')\n1", SecurityLevel.ISOLATED)
HIT, MISS, BYPASS = CacheStatus.HIT, CacheStatus.MISS, CacheStatus.BYPASS


class Layers:
    """Environments whose layer changes when something is installed."""

    def __init__(self):
        self.layer = "layer-1"

    @asynccontextmanager
    async def prepared(self, _tenant, program):
        yield replace(program, layer=self.layer)


class Kitchen:
    """Cached runs over a sandbox that counts."""

    def __init__(self, *, enabled=False, sandbox=None, cache=None, most_bytes=10_000):
        settings = Settings()
        self.sandbox = sandbox or FakeSandbox()
        self.layers = Layers()
        execute_code = ExecuteCode(
            sandbox=self.sandbox,
            admission=Admission(places=50, line=50, free_memory_bytes=lambda: 1 << 40),
            rules=LimitRules(settings.default_limits(), settings.max_limits()),
            levels=frozenset(SecurityLevel),
        )
        self.runs = CachedRuns(
            execute_code=execute_code,
            environments=self.layers,
            replies=ReplyCache(cache=cache or MemoryResultCache(max_bytes=1 << 20), ttl_s=60),
            rules=CacheRules(enabled=enabled, ttl_s=60, most_bytes=most_bytes, guest="g"),
        )

    async def __call__(self, program=PROGRAM, tenant="acme", wishes=None, header="max-age=60"):
        plan = self.runs.plan(header)
        served = await self.runs(tenant, program, wishes or {}, plan, lambda one: one.outcome.stdout.encode())
        return served.status


@pytest.mark.parametrize(
    "change",
    [
        {"code": "print('b')\n1"},
        {"parameters": {"a": 1}},
        {"function_name": "f"},
        {"stdin": "x"},
        {"args": ("x",)},
        {"env": {"X": "1"}},
        {"files": {"a.txt": "x"}},
        {"security_level": SecurityLevel.RESTRICTED},
        {"environment_id": "env_1"},
    ],
    ids=lambda change: next(iter(change)),
)
async def test_a_reply_belongs_to_the_whole_program(change):
    ask = Kitchen()
    assert await ask() is MISS
    assert await ask() is HIT
    assert await ask(replace(PROGRAM, **change)) is MISS
    assert len(ask.sandbox.programs) == 2


async def test_tenants_limits_and_installed_packages_keep_replies_apart():
    ask = Kitchen()
    await ask()
    assert await ask(tenant="other") is MISS
    assert await ask(wishes={"timeout": 5}) is MISS
    assert await ask(wishes={"timeout": None}) is HIT
    ask.layers.layer = "layer-2"
    assert await ask() is MISS
    ask.layers.layer = "layer-1"
    assert await ask() is HIT


async def test_the_setting_decides_for_requests_that_say_nothing():
    for enabled, second in ((True, HIT), (False, BYPASS)):
        ask = Kitchen(enabled=enabled)
        await ask(header=None)
        assert await ask(header=None) is second
        assert await ask(header="no-store") is BYPASS


@pytest.mark.parametrize("code", ["raise SystemExit(1)", "while True: pass"])
async def test_only_what_succeeded_is_remembered(code):
    ask, program = Kitchen(), Program(code, SecurityLevel.ISOLATED)
    for _ in range(2):
        assert await ask(program, wishes={"timeout": 0.01}) is MISS
    assert len(ask.sandbox.programs) == 2


async def test_a_reply_that_is_too_large_is_not_remembered():
    ask = Kitchen(most_bytes=1)
    assert [await ask(), await ask()] == [MISS, MISS]


class Broken(FakeSandbox):
    """Fails until it is mended."""

    broken = True

    async def run(self, program, limits, listener=None):
        await asyncio.sleep(0)
        if self.broken:
            self.programs.append((program, limits))
            raise SandboxUnavailable("the sandbox is away")
        return await super().run(program, limits, listener)


async def test_a_failing_sandbox_fails_for_all_who_wait_and_is_forgotten():
    ask = Kitchen(sandbox=Broken())
    ends = await asyncio.gather(*(ask() for _ in range(5)), return_exceptions=True)
    assert {type(end) for end in ends} == {SandboxUnavailable}
    assert len(ask.sandbox.programs) == 1
    ask.sandbox.broken = False
    assert [await ask(), await ask()] == [MISS, HIT]


async def test_the_same_asked_at_once_runs_once_even_by_two_services():
    cache = MemoryResultCache(max_bytes=1 << 20)
    one, other = Kitchen(cache=cache), Kitchen(cache=cache)
    await asyncio.gather(*(ask() for ask in (one, other) * 10))
    assert len(one.sandbox.programs) + len(other.sandbox.programs) == 1


async def test_whoever_leaves_takes_the_run_along_only_when_nobody_else_waits():
    ask, program = Kitchen(), Program("while True: pass", SecurityLevel.ISOLATED)
    waiting = [asyncio.create_task(ask(program)) for _ in range(2)]
    async with asyncio.timeout(30):
        while not ask.sandbox.running:
            await asyncio.sleep(0)
        waiting[0].cancel()
        await asyncio.gather(waiting[0], return_exceptions=True)
        assert ask.sandbox.running == 1
        waiting[1].cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        while ask.sandbox.running:
            await asyncio.sleep(0)
