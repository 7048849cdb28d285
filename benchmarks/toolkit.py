"""Environment with one package, and the first run in it: coderunner beside `python -m venv` with pip.

Usage: PYTHONPATH=.:deps/servicekit:deps/executor python benchmarks/toolkit.py [rounds]
"""

import asyncio
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from coderunner.tests.packages import CERTIFICATES
from coderunner.tests.running import running_service
from servicekit.testing import Client

PACKAGE = "six==1.17.0"
PROGRAM = "import six; print(six.__version__)"


async def ours(rounds):
    made, first, next_, parsed = [], [], [], []
    with running_service(env={"SSL_CERT_FILE": CERTIFICATES}) as service:
        client = Client(service.base_url)

        async def post(path, body):
            began = time.perf_counter()
            reply = await client.request("POST", path, json=body, timeout_s=120)
            assert reply.status < 300, reply.body
            return reply.json(), (time.perf_counter() - began) * 1000

        await post("/api/environments", {"name": "warm", "base_packages": [PACKAGE]})
        for number in range(rounds):
            body, took = await post("/api/environments", {"name": f"b{number}", "base_packages": [PACKAGE]})
            made.append(took)
            run = {"code": PROGRAM, "environment_id": body["environment_id"]}
            first.append((await post("/api/runner/execute", run))[1])
            next_.append((await post("/api/runner/execute", run))[1])
        code = Path(statistics.__file__).read_text()
        parsed = [(await post("/api/code/parse", {"code": code}))[1] for _ in range(rounds + 1)][1:]
        client.close()
    return made, first, next_, parsed


def theirs(rounds):
    made, first, next_ = [], [], []
    for _ in range(rounds):
        folder = tempfile.mkdtemp(prefix="bench-venv-")
        began = time.perf_counter()
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        python = f"{folder}/bin/python"
        install = [python, "-m", "pip", "install", "-q", "--only-binary", ":all:", PACKAGE]
        subprocess.run(install, check=True, stderr=subprocess.DEVNULL)
        made.append((time.perf_counter() - began) * 1000)
        for times in (first, next_):
            began = time.perf_counter()
            subprocess.run([python, "-c", PROGRAM], check=True, stdout=subprocess.DEVNULL)
            times.append((time.perf_counter() - began) * 1000)
        shutil.rmtree(folder)
    return made, first, next_


def show(name, *columns):
    print(f"{name:28}" + "".join(f"{statistics.median(column):12.1f}" for column in columns))


def main():
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    *mine, parsed = asyncio.run(ours(rounds))
    print(f"{'median of ' + str(rounds) + ', ms':28}{'create':>12}{'first run':>12}{'next run':>12}")
    show("coderunner", *mine)
    show("venv + pip", *theirs(rounds))
    print(
        f"parse of {len(Path(statistics.__file__).read_text()) // 1000} kB: {statistics.median(parsed):.1f} ms"
    )


if __name__ == "__main__":
    main()
