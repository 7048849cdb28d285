"""Environment with one package, and the first run in it: coderunner beside `python -m venv` with pip.

Usage: make bench BENCH=toolkit; ROUNDS sets the number of rounds.
"""

import asyncio
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from coderunner.tests.packages import CERTIFICATES
from coderunner.tests.running import running_service
from servicekit.testing import Client

ROUNDS = int(os.environ.get("ROUNDS", "5"))
PACKAGE, OTHER = "six==1.17.0", "toolz==1.0.0"
PROGRAM = "import six; print(six.__version__)"
HEADER = '# /// script\n# dependencies = ["six>={}"]\n# ///\n'


async def ours() -> dict[str, list[float]]:
    """Milliseconds of each step, from a warm package cache but for the very first environment."""
    times: dict[str, list[float]] = {}
    with running_service(env={"SSL_CERT_FILE": CERTIFICATES}) as service:
        client = Client(service.base_url)

        async def post(step: str, path: str, body: dict[str, Any]) -> Any:
            began = time.perf_counter()
            reply = await client.request("POST", path, json=body, timeout_s=120)
            times.setdefault(step, []).append((time.perf_counter() - began) * 1000)
            assert reply.status < 300, reply.body
            return reply.json()

        first = {"name": "warm", "base_packages": [PACKAGE, OTHER]}
        await post("create, cold cache", "/api/environments", first)
        for number in range(ROUNDS):
            body = {"name": f"b{number}", "base_packages": [PACKAGE]}
            made = await post("create", "/api/environments", body)
            run = {"code": PROGRAM, "environment_id": made["environment_id"]}
            await post("first run", "/api/runner/execute", run)
            await post("next run", "/api/runner/execute", run)
            more = {"packages": [OTHER], "environment_id": made["environment_id"]}
            await post("install one more", "/api/pypkg/install", more)
            header = {"code": HEADER.format(f"1.{number}") + PROGRAM}
            await post("run with a new header", "/api/runner/execute", header)
            await post("run with a known header", "/api/runner/execute", header)
        code = Path(statistics.__file__).read_text()
        for _ in range(ROUNDS):
            await post(f"parse {len(code) // 1000} kB", "/api/code/parse", {"code": code})
        client.close()
    return times


def theirs() -> dict[str, list[float]]:
    """The same by hand; pip's own cache is warm after the first round."""
    times: dict[str, list[float]] = {"create": [], "first run": [], "next run": [], "install one more": []}
    for _ in range(ROUNDS):
        folder = tempfile.mkdtemp(prefix="bench-venv-")
        python = f"{folder}/bin/python"
        pip = [python, "-m", "pip", "install", "-q", "--only-binary", ":all:"]
        with timed(times["create"]):
            subprocess.run([sys.executable, "-m", "venv", folder], check=True)
            subprocess.run([*pip, PACKAGE], check=True, stderr=subprocess.DEVNULL)
        for step in ("first run", "next run"):
            with timed(times[step]):
                subprocess.run([python, "-c", PROGRAM], check=True, stdout=subprocess.DEVNULL)
        with timed(times["install one more"]):
            subprocess.run([*pip, OTHER], check=True, stderr=subprocess.DEVNULL)
        shutil.rmtree(folder)
    return times


@contextmanager
def timed(times: list[float]) -> Iterator[None]:
    """Add how long it took, in milliseconds."""
    began = time.perf_counter()
    yield
    times.append((time.perf_counter() - began) * 1000)


def measure() -> dict[str, Any]:
    """Run both and return the medians."""
    report: dict[str, Any] = {"rounds": ROUNDS, "package": PACKAGE}
    for name, found in (("coderunner", asyncio.run(ours())), ("venv and pip", theirs())):
        report[name] = {step: {"median_ms": round(statistics.median(one), 1)} for step, one in found.items()}
        for step, figures in report[name].items():
            print(f"{name:14}{step:26}{figures['median_ms']:10.1f} ms", flush=True)
    return report
