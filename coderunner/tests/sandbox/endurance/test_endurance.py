"""Many runs at once, with and without somebody killing our processes: nothing fails that need not, nothing is left."""

import asyncio
import collections
import contextlib
import os
import random
import signal
from pathlib import Path

import pytest

from coderunner.tests.evidence import processes_of, until
from coderunner.tests.running import running_service
from servicekit.testing import Client

KILL_EVERY_S = 0.7
GROWTH_KB = 60_000


@pytest.mark.parametrize(
    ("runs", "concurrency"),
    [pytest.param(600, 50, id="short"), pytest.param(10_000, 100, id="long", marks=pytest.mark.soak)],
)
async def test_many_runs_at_once_all_succeed_and_leave_nothing(runs, concurrency):
    with running_service(env={"RUN_QUEUE_SIZE": "256"}) as service:
        await many(service, 100, concurrency)  # pools and caches have grown to their size
        before = footprint(service.pid)

        statuses = await many(service, runs, concurrency)

        assert statuses == {"success": runs}
        await settled(service.pid, before)


@pytest.mark.parametrize(
    ("runs", "concurrency"),
    [pytest.param(300, 20, id="short"), pytest.param(5000, 100, id="long", marks=pytest.mark.soak)],
)
async def test_killing_parents_supervisors_and_children_costs_only_their_own_runs(runs, concurrency):
    """Each run is answered: it succeeded, or it was killed, or its parent died twice under it (503)."""
    with running_service() as service:
        killer = asyncio.create_task(kill_at_random(service.pid))
        statuses = await many(service, runs, concurrency)
        killer.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await killer

        assert sum(statuses.values()) == runs
        assert set(statuses) <= {"success", "killed", "sandbox_unavailable"}, statuses
        assert statuses["success"] > runs / 2
        until(lambda: service.health()[0] == 200, "the pool is ready again", deadline_s=60)
        assert await many(service, 50, 10) == {"success": 50}


async def many(service, runs: int, concurrency: int) -> collections.Counter:
    """Run programs; how many ended how."""
    statuses: collections.Counter = collections.Counter()
    left = iter(range(runs))

    async def caller() -> None:
        client = Client(service.base_url)
        for number in left:
            code = (
                f"print({number})"
                if number % 10
                else f"import pandas as pd\nprint(pd.Series([{number}]).sum())"
            )
            body = {"code": code, "security_level": "isolated"}
            reply = await client.request("POST", "/api/runner/execute", json=body, timeout_s=120)
            answer = reply.json()
            right = (
                reply.status != 200
                or answer["status"] != "success"
                or answer["stdout"].strip() == str(number)
            )
            assert right, answer
            statuses[answer["status"] if reply.status == 200 else answer["code"]] += 1
        client.close()

    await asyncio.gather(*(caller() for _ in range(concurrency)))
    return statuses


async def kill_at_random(pid: int) -> None:
    choose = random.Random(20261121)
    while True:
        await asyncio.sleep(KILL_EVERY_S)
        victims = processes_of(pid)
        if victims:
            with contextlib.suppress(ProcessLookupError):
                os.kill(choose.choice(victims), signal.SIGKILL)


def footprint(pid: int) -> dict[str, int]:
    """What a leak would make grow."""
    status = Path(f"/proc/{pid}/status").read_text()
    return {
        "descriptors": len(list(Path(f"/proc/{pid}/fd").iterdir())),
        "processes": len(processes_of(pid)),
        "mounts": len(Path(f"/proc/{pid}/mounts").read_text().splitlines()),
        "rss_kb": int(status.split("VmRSS:")[1].split()[0]),
    }


async def settled(pid: int, before: dict[str, int]) -> None:
    """Back to what it was, give or take the pool's own children and their three descriptors each."""

    def back() -> bool:
        now = footprint(pid)
        return (
            now["mounts"] == before["mounts"]
            and now["processes"] <= before["processes"] + 8
            and now["descriptors"] <= before["descriptors"] + 40
            and now["rss_kb"] <= before["rss_kb"] + GROWTH_KB
        )

    for _ in range(300):
        if back():
            return
        await asyncio.sleep(0.1)
    assert back(), (before, footprint(pid))
