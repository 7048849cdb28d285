"""What every sandbox promises: the fake of the unit tests and the real one pass the same tests."""

import asyncio
import time

import pytest

from coderunner.src.common.program import Program, SecurityLevel, Verdict
from coderunner.src.common.settings import Settings
from coderunner.src.drivenadapters.sandbox.building import open_sandbox
from coderunner.src.errors import SandboxRefused
from coderunner.tests.fakes.sandbox import FakeSandbox
from coderunner.tests.running import guest_dir

LIMITS = Settings().default_limits()


def program(code: str) -> Program:
    return Program(code=code, security_level=SecurityLevel.RESTRICTED)


def limits(**changes):
    from dataclasses import replace

    return replace(LIMITS, **changes)


@pytest.fixture(params=["fake", "forked"])
async def sandbox(request):
    if request.param == "fake":
        yield FakeSandbox()
        return
    settings = Settings(guest_dir=guest_dir(), pool_slim_size=3, pool_data_size=1)
    async with open_sandbox(settings) as sandbox:
        async with asyncio.timeout(60):
            while not sandbox.state().ready:
                await asyncio.sleep(0.02)
        yield sandbox


@pytest.fixture(params=["fake", "refusing"])
async def refusing(request):
    if request.param == "fake":
        yield FakeSandbox(refusal="no walls here")
        return
    async with open_sandbox(Settings(guest_dir="/nonexistent")) as sandbox:
        yield sandbox


async def test_the_promises_of_a_run(sandbox):
    """One start of the real sandbox serves all promises that leave it whole."""
    await a_program_that_ends_well_is_a_success(sandbox)
    await a_program_that_fails_is_an_outcome(sandbox)
    await the_deadline_ends_a_run_and_keeps_what_it_said(sandbox)
    await output_beyond_the_limit_is_cut(sandbox)
    await the_listener_hears_what_is_said(sandbox)
    await cancelling_ends_the_run_before_it_returns(sandbox)
    await many_runs_do_not_mix(sandbox)


async def a_program_that_ends_well_is_a_success(sandbox):
    outcome = await sandbox.run(program("print('Hello')\n42"), LIMITS)
    assert (outcome.verdict, outcome.return_code) == (Verdict.SUCCESS, 0)
    assert (outcome.stdout, outcome.value, outcome.limit) == ("Hello\n", 42, None)


async def a_program_that_fails_is_an_outcome(sandbox):
    outcome = await sandbox.run(program("print('before')\nraise SystemExit(3)"), LIMITS)
    assert (outcome.verdict, outcome.return_code, outcome.stdout) == (Verdict.ERROR, 3, "before\n")


async def the_deadline_ends_a_run_and_keeps_what_it_said(sandbox):
    started = time.monotonic()
    outcome = await sandbox.run(program("print('before')\nwhile True: pass"), limits(wall_s=0.3))
    assert outcome.verdict is Verdict.TIMEOUT
    assert (outcome.limit.name, outcome.limit.value) == ("wall_time", 0.3)
    assert time.monotonic() - started < 30


async def output_beyond_the_limit_is_cut(sandbox):
    outcome = await sandbox.run(program(f"print('{'x' * 500}')"), limits(stdout_bytes=100))
    assert (outcome.verdict, outcome.stdout, outcome.stdout_truncated) == (
        Verdict.OUTPUT_EXCEEDED,
        "x" * 100,
        True,
    )
    assert outcome.limit.name == "stdout"


async def the_listener_hears_what_is_said(sandbox):
    heard = []
    await sandbox.run(
        program("print('a')\nprint('b')"), LIMITS, lambda kind, text: heard.append((kind, text))
    )
    assert {kind for kind, _ in heard} == {"stdout"}
    assert "".join(text for _, text in heard) == "a\nb\n"


async def cancelling_ends_the_run_before_it_returns(sandbox):
    running = asyncio.create_task(sandbox.run(program("while True: pass"), limits(wall_s=20)))
    await asyncio.sleep(0.2)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    async with asyncio.timeout(60):
        while any(
            pool.get("running", pool.get("children", 0) - pool.get("parked", 0))
            for pool in sandbox.state().pools.values()
        ):
            await asyncio.sleep(0.01)


async def many_runs_do_not_mix(sandbox):
    outcomes = await asyncio.gather(
        *(sandbox.run(program(f"print('{number}')\n{number}"), LIMITS) for number in range(12))
    )
    assert [(outcome.stdout, outcome.value) for outcome in outcomes] == [(f"{n}\n", n) for n in range(12)]


async def test_a_sandbox_that_refuses_says_why_and_is_not_ready(refusing):
    state = refusing.state()
    assert not state.ready
    assert state.refusal
    with pytest.raises(SandboxRefused, match=state.refusal[:20].replace("(", r"\(")):
        await refusing.run(program("1"), LIMITS)
