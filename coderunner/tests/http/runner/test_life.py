"""The runner as a process: load, leaving clients, shutdown, and the death of parts of it."""

import asyncio
import json
import os
import secrets
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

import pytest

from coderunner.tests.evidence import parent_of, processes_of, until
from coderunner.tests.running import guest_dir, running_service
from servicekit.testing import Client

PATH = "/api/runner/execute"


def alive(pid):
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


@pytest.fixture
def own_service():
    with running_service(env={"DRAIN_S": "15"}) as running:
        yield running


@pytest.fixture
async def own_client(own_service):
    client = Client(own_service.base_url)
    yield client
    client.close()


async def run(client, code, **body):
    return await client.request("POST", PATH, json={"code": code, **body}, timeout_s=60)


async def test_fifty_runs_at_once_all_succeed_and_each_is_its_own(client):
    replies = await asyncio.gather(*(run(client, f"print({number})") for number in range(50)))
    assert [reply.status for reply in replies] == [200] * 50
    assert [reply.json()["stdout"] for reply in replies] == [f"{number}\n" for number in range(50)]


async def test_a_full_queue_is_a_503_that_says_when_to_come_back():
    with running_service(env={"MAX_CONCURRENT_RUNS": "1", "RUN_QUEUE_SIZE": "2"}) as service:
        client = Client(service.base_url)
        replies = await asyncio.gather(*(run(client, "import time\ntime.sleep(0.5)") for _ in range(10)))
        by_status = {}
        for reply in replies:
            by_status.setdefault(reply.status, []).append(reply)
        assert len(by_status[200]) == 3
        assert len(by_status[503]) == 7
        assert {reply.json()["code"] for reply in by_status[503]} == {"capacity_exceeded"}
        assert all(int(reply.headers["Retry-After"]) >= 1 for reply in by_status[503])
        client.close()


async def test_levels_that_the_operator_does_not_offer_are_refused():
    with running_service(env={"SECURITY_LEVELS": "restricted"}) as service:
        client = Client(service.base_url)
        reply = await run(client, "1", security_level="isolated")
        assert (reply.status, reply.json()["code"]) == (422, "security_level_not_allowed")
        assert reply.json()["errors"][0]["pointer"] == "/security_level"
        assert (await run(client, "1")).status == 200
        client.close()


async def test_a_client_that_leaves_ends_its_run(service):
    host, port = service.base_url.removeprefix("http://").split(":")
    body = json.dumps({"code": "import time\ntime.sleep(25)"}).encode()
    _, writer = await asyncio.open_connection(host, int(port))
    writer.write(f"POST {PATH} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)  # fmt: skip
    await writer.drain()
    await asyncio.to_thread(until, lambda: _running(service) == 1, "the run has started")

    writer.close()

    await asyncio.to_thread(until, lambda: _running(service) == 0, "the run is gone", deadline_s=20)


def _running(service):
    return sum(pool["children"] - pool["parked"] for pool in service.sandbox()["pools"].values())


async def test_drain_under_load_loses_no_request(own_service):
    tally = {"sent": 0, "answered": 0}
    stop = asyncio.Event()

    async def hammer():
        client = Client(own_service.base_url)
        while not stop.is_set():
            try:
                reply = await run(client, "print(6 * 7)")
            except ConnectionRefusedError:
                break  # never accepted, so never lost
            tally["sent"] += 1
            tally["answered"] += reply.status == 200 and reply.json()["stdout"] == "42\n"
        client.close()

    clients = [asyncio.create_task(hammer()) for _ in range(12)]
    async with asyncio.timeout(60):
        while tally["answered"] < 60:
            await asyncio.sleep(0.01)
    code = await asyncio.to_thread(own_service.stop)
    stop.set()
    await asyncio.gather(*clients)
    assert code == 0
    assert tally["sent"] == tally["answered"] >= 60


async def test_runs_that_are_going_end_before_the_service_does(own_service, own_client):
    going = [
        asyncio.create_task(run(own_client, "import time\ntime.sleep(1)\nprint('done')")) for _ in range(6)
    ]
    await asyncio.to_thread(until, lambda: _running(own_service) >= 6, "the runs have started")
    family = processes_of(own_service.pid)
    code = await asyncio.to_thread(own_service.stop)
    assert [(await one).json()["stdout"] for one in going] == ["done\n"] * 6
    assert code == 0
    assert not [pid for pid in family if alive(pid)]
    assert not list(own_service.temp_dir.iterdir()), "temporary files are removed"


async def test_the_death_of_the_parents_under_load_costs_no_answer(own_service, own_client):
    """At different moments of a burst: while children are handed out, asked for, and running."""
    assert len(_parents(own_service)) == 3
    for delay_s in (0.0, 0.01, 0.02, 0.03, 0.05, 0.1):
        going = [asyncio.create_task(run(own_client, f"sum(range({10**6 + n}))")) for n in range(30)]
        await asyncio.sleep(delay_s)
        for pid in _parents(own_service):
            os.kill(pid, signal.SIGKILL)
        replies = [await one for one in going]
        assert {reply.status for reply in replies} <= {200, 503}, delay_s
        assert {reply.json()["code"] for reply in replies if reply.status == 503} <= {"sandbox_unavailable"}
        assert all(reply.json()["status"] == "success" for reply in replies if reply.status == 200)
        await asyncio.to_thread(until, lambda: own_service.health()[0] == 200, "the pool has recovered")
    assert (await run(own_client, "print(1)")).json()["stdout"] == "1\n"
    assert (await run(own_client, "import pandas; print(2)")).json()["stdout"] == "2\n"
    assert own_service.sandbox()["pools"]["slim"]["restarts"] >= 1


def _parents(service):
    return [pid for pid in processes_of(service.pid) if parent_of(pid) == service.pid]


async def test_a_jail_whose_first_process_dies_is_replaced(own_service, own_client):
    slim = min(pid for pid in processes_of(own_service.pid) if parent_of(pid) == own_service.pid)
    inner = processes_of(slim)[0]
    os.kill(inner, signal.SIGKILL)
    await asyncio.to_thread(until, lambda: not alive(slim), "its outer half ended with it")
    assert (await run(own_client, "print(1)")).json()["stdout"] == "1\n"


async def test_a_parent_that_hangs_is_replaced_and_its_caller_is_answered(own_service, own_client):
    slim = min(pid for pid in processes_of(own_service.pid) if parent_of(pid) == own_service.pid)
    os.kill(processes_of(slim)[0], signal.SIGSTOP)
    replies = await asyncio.gather(*(run(own_client, "print(1)") for _ in range(12)))  # more than are parked
    assert {reply.json()["stdout"] for reply in replies} == {"1\n"}
    assert own_service.sandbox()["pools"]["slim"]["restarts"] >= 1
    assert not alive(slim)


async def test_the_death_of_the_service_ends_everything_it_made(own_service, own_client):
    going = [asyncio.create_task(run(own_client, "import time\ntime.sleep(20)")) for _ in range(4)]
    await asyncio.to_thread(until, lambda: _running(own_service) >= 4, "the runs have started")
    family = processes_of(own_service.pid)
    assert len(family) > 10
    own_service.ended = True
    os.kill(own_service.pid, signal.SIGKILL)
    await asyncio.to_thread(
        until, lambda: not [pid for pid in family if alive(pid)], "every process is gone", deadline_s=15
    )
    await asyncio.gather(*going, return_exceptions=True)


async def test_a_guest_that_changes_under_the_service_does_not_break_runs(own_service, own_client):
    """The copy of the guest code is the service's own; parents that die come back from it."""
    copies = list(own_service.temp_dir.glob("coderunner-guest-*"))
    assert len(copies) == 1
    assert copies[0].stat().st_mode & 0o022 == 0, "nobody else may write it"
    assert (await run(own_client, "print(1)")).status == 200
    assert shutil.disk_usage(own_service.temp_dir).free


async def test_a_new_guest_interpreter_renews_the_parents():
    """An upgrade beside a running service: what runs ends with the old one, what comes gets the new one."""
    old = guest_dir()
    upgraded = old.parent / f"upgraded-{secrets.token_hex(4)}"
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        place = Path(folder, "guest")
        place.symlink_to(old)
        try:
            with running_service(env={"GUEST_DIR": str(place)}) as service:
                client = Client(service.base_url)
                await asyncio.to_thread(_upgrade, old, upgraded, place)
                prefix = "import sys, time\nprint(sys.prefix)"
                async with asyncio.timeout(60):
                    while (await run(client, prefix, security_level="isolated")).json()[
                        "stdout"
                    ].strip() != str(upgraded):
                        await asyncio.sleep(0.1)
                pools = service.sandbox()["pools"]
                assert pools["slim"]["restarts"] == 1
                client.close()
        finally:
            await asyncio.to_thread(shutil.rmtree, upgraded, ignore_errors=True)


def _upgrade(old, upgraded, place):
    subprocess.run(["cp", "-al", old, upgraded], check=True)  # hard links: nothing is copied
    fresh = place.with_name("fresh")
    fresh.symlink_to(upgraded)
    fresh.rename(place)


async def test_metrics_count_places_and_children(client):
    await run(client, "1")
    text = (await client.request("GET", "/metrics")).body.decode()
    for line in ('coderunner_runs{state="running"}', 'coderunner_pool{figure="parked",kind="slim"}'):
        assert line in text
