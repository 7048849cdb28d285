"""Control groups, where the host lets us write them: all processes of a run counted by the kernel, shares of a core."""

import asyncio
from pathlib import Path

import pytest

from coderunner.tests.evidence import processes_owned_by, until, users_of_runs


@pytest.fixture
def grouped(service):
    layers = {layer["name"]: layer for layer in service.sandbox()["layers"]}
    if not layers["cgroup"]["on"]:
        pytest.skip(f"this host has no control group for us: {layers['cgroup']['why']}")
    return service


async def test_a_run_that_lasts_is_moved_with_all_its_processes(grouped, execute):
    """A program that forks before it is moved must not leave its children outside."""
    code = "import os, time\nos.fork()\nos.fork()\ntime.sleep(5)"
    running = asyncio.create_task(execute(code, security_level="isolated", timeout=25))

    def all_grouped() -> bool:
        groups = [groups_of(pid) for pid in processes_owned_by(users_of_runs(grouped))]
        inside = [text for text in groups if "/run-" in text]
        return len(inside) >= 4

    await asyncio.to_thread(until, all_grouped, "four processes stand in a group of a run")
    assert (await running)["status"] == "success"


def groups_of(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cgroup").read_text()
    except OSError:
        return ""


async def test_a_share_of_a_core_is_kept(grouped, execute):
    code = "import time\nend = time.time() + 1.5\nwhile time.time() < end: pass\nprint(time.process_time())"

    reply = await execute(code, security_level="isolated", cpu_limit=0.3, timeout=25)

    assert reply["status"] == "success"
    assert float(reply["stdout"]) < 0.9


async def test_memory_of_all_processes_together_ends_a_run(execute):
    """Four children of 100 MB each are below every single limit and above the run's 256 MB."""
    code = (
        "import os, time\n"
        "for _ in range(4):\n"
        "    if os.fork() == 0:\n"
        "        block = bytearray(100 * 10**6)\n"
        "        for place in range(0, len(block), 4096): block[place] = 1\n"
        "        time.sleep(20); os._exit(0)\n"
        "time.sleep(20)"
    )

    reply = await execute(code, security_level="isolated", memory_limit=256, timeout=25)

    assert reply["status"] == "memory_exceeded"
    assert reply["limit"]["name"] == "memory"
    assert reply["limit"]["value"] == 256 * 1024**2
    assert reply["limit"]["used"] > 256 * 1024**2


# Sockets' buffers belong to no process: the kernel looks for the largest process of the group and ends that.
FILL = """
import os, socket, time
time.sleep(0.6)
for _ in range(4): os.fork()
pairs = []
while True:
    pairs.append(socket.socketpair())
    for one in pairs[-1]:
        one.setblocking(False)
        try:
            while True: one.send(b'x' * 32768)
        except BlockingIOError: pass
"""


async def test_memory_of_the_kernel_costs_the_run_and_nobody_else(grouped, execute):
    """A small program that fills sockets' buffers; its namespace's first process is the parent's own memory."""
    code = f"import pandas, os, sys\nos.execv(sys.executable, [sys.executable, '-I', '-S', '-c', {FILL!r}])"
    before = grouped.sandbox()["pools"]["tables"]["restarts"]
    beside = asyncio.create_task(
        execute("import pandas, time\ntime.sleep(3)\n'whole'", security_level="isolated", timeout=25)
    )
    await asyncio.sleep(0.2)

    reply = await execute(code, security_level="isolated", memory_limit=64, timeout=5)

    assert reply["status"] in {"memory_exceeded", "timeout"}, reply
    assert (await beside)["value"] == "whole"
    assert grouped.sandbox()["pools"]["tables"]["restarts"] == before
