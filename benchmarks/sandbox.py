"""Runs per second and latency of coderunner over HTTP, beside peers and a physical limit, all in this one run.

The peers are installed beneath .cache on first use: a warm Jupyter kernel (no isolation, state stays), Monty (an
interpreter of its own, no libraries), bubblewrap + python + the same imports; and fork and exit of the same loaded
interpreter, below which nothing that forks can go.
"""

import asyncio
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PROGRAMS = {
    "print": "print(1)",
    "describe": "import pandas as pd\nprint(pd.DataFrame({'a': range(100), 'b': [x * 1.5 for x in range(100)]}).describe())",
    "plot": "import matplotlib.pyplot as plt\nplt.plot([1, 2, 3])\nplt.title('a plot')",
}
RUNS = {"print": 400, "describe": 100, "plot": 40}
LEVELS = ("isolated", "restricted")


def measure() -> dict:
    guest = guest_python()
    figures = {"limit": fork_and_exit(guest), "peers": peers(guest), "coderunner": asyncio.run(coderunner())}
    print(table(figures))
    return figures


def guest_python() -> Path:
    sys.path[:0] = [
        str(ROOT),
        str(ROOT / "deps/servicekit"),
        str(ROOT / "deps/executor"),
        str(ROOT / "deps/rowkit"),
    ]
    from coderunner.src.drivenadapters.sandbox.guest_runtime import default_guest_dir

    return Path(os.environ.get("GUEST_DIR", default_guest_dir())) / "bin" / "python"


def summary(times_ms: list[float], elapsed_s: float | None = None) -> dict:
    times_ms.sort()
    found = {
        "p50_ms": round(statistics.median(times_ms), 2),
        "p95_ms": round(times_ms[int(len(times_ms) * 0.95)], 2),
    }
    if elapsed_s:
        found["per_s"] = round(len(times_ms) / elapsed_s)
    return found


# --- ours ---------------------------------------------------------------------------------------


async def coderunner() -> dict:
    port = 18080
    with tempfile.TemporaryDirectory() as data:
        environment = {**os.environ, "PORT": str(port), "DATA_DIR": data, "LOG_LEVEL": "ERROR"}
        started = time.perf_counter()
        service = subprocess.Popen(
            [sys.executable, ROOT / "coderunner/src/main.py"], env=environment,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            await until_ready(port)
            ready_s = round(time.perf_counter() - started, 2)
            await asyncio.sleep(6)  # the parent with all data libraries is loaded behind the others
            return {"ready_s": ready_s, "runs": [run async for run in all_loads(port)]}
        finally:
            service.terminate()
            service.wait()


async def until_ready(port: int) -> None:
    while True:
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"GET /api/health HTTP/1.0\r\n\r\n")
            line = await reader.readline()
            writer.close()
            if b" 200 " in line:
                return
        except OSError:
            pass
        await asyncio.sleep(0.02)


async def all_loads(port: int):
    for level in LEVELS:
        for name, code in PROGRAMS.items():
            for concurrency in (1, 8):
                figures = await load(port, code, level, RUNS[name], concurrency)
                print(name, level, f"c={concurrency}", figures, flush=True)
                yield {"program": name, "level": level, "concurrency": concurrency, **figures}
                await asyncio.sleep(1)


async def load(port: int, code: str, level: str, runs: int, concurrency: int) -> dict:
    body = json.dumps({"code": code, "security_level": level}).encode()
    head = f"POST /api/runner/execute HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    left, times, memory = [runs], [], []

    async def caller() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        while left[0] > 0:
            left[0] -= 1
            started = time.perf_counter()
            writer.write(head.encode() + body)
            answer = await reader.readuntil(b"\r\n\r\n")
            length = next(
                int(line[15:])
                for line in answer.split(b"\r\n")
                if line.lower().startswith(b"content-length:")
            )
            reply = json.loads(await reader.readexactly(length))
            times.append((time.perf_counter() - started) * 1000)
            memory.append(reply["memory_usage_kb"])
            assert reply["status"] == "success", reply
        writer.close()

    started = time.perf_counter()
    await asyncio.gather(*(caller() for _ in range(concurrency)))
    return {
        **summary(times, time.perf_counter() - started),
        "memory_mb": round(statistics.median(memory) / 1024, 1),
    }


# --- the physical limit and the peers ------------------------------------------------------------

_FORK = """
import os, sys, time, gc
{imports}
gc.collect(); gc.freeze()
times = []
for _ in range(60):
    started = time.perf_counter()
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)
    times.append((time.perf_counter() - started) * 1000)
import json; print(json.dumps(times))
"""
_IMPORTS = "import pandas, matplotlib; matplotlib.use('Agg'); import matplotlib.pyplot, scipy.stats, sklearn.linear_model"


def fork_and_exit(guest: Path) -> dict:
    def times(imports: str) -> dict:
        environment = {
            "OPENBLAS_NUM_THREADS": "1",
            "OMP_NUM_THREADS": "1",
            "MPLCONFIGDIR": tempfile.gettempdir(),
        }
        reply = subprocess.run(
            [guest, "-I", "-c", _FORK.format(imports=imports)],
            capture_output=True,
            check=True,
            env=environment,
        )
        return summary(json.loads(reply.stdout))

    return {"slim": times(""), "data_science": times(_IMPORTS)}


def peers(guest: Path) -> dict:
    found = {"plain python, print": cold([guest, "-I", "-S", "-c", "print(1)"], 20)}
    if bwrap := shutil.which("bwrap"):
        jail = [
            bwrap,
            "--ro-bind",
            "/",
            "/",
            "--unshare-all",
            "--proc",
            "/proc",
            "--dev",
            "/dev",
            "--tmpfs",
            "/tmp",
        ]
        found["bubblewrap + python, print"] = cold([*jail, guest, "-I", "-S", "-c", "print(1)"], 20)
        found["bubblewrap + python + imports, describe"] = cold(
            [*jail, guest, "-I", "-c", PROGRAMS["describe"]], 3
        )
    venv = peer_environment()
    reply = subprocess.run(
        [venv / "bin/python", "-c", _PEERS, json.dumps(PROGRAMS)], capture_output=True, check=True
    )
    return found | {name: summary(times) for name, times in json.loads(reply.stdout.splitlines()[-1]).items()}


def cold(command: list, runs: int) -> dict:
    times = []
    for _ in range(runs):
        started = time.perf_counter()
        subprocess.run(command, check=True, capture_output=True)
        times.append((time.perf_counter() - started) * 1000)
    return summary(times)


def peer_environment() -> Path:
    venv = ROOT / ".cache" / "bench-peers"
    if not (venv / ".complete").exists():
        uv = subprocess.run(
            [ROOT / "scripts/ensure_uv.sh"], capture_output=True, check=True, text=True
        ).stdout.strip()
        subprocess.run([uv, "venv", "--quiet", "--clear", "--no-project", venv], check=True)
        wanted = [
            "jupyter_client",
            "ipykernel",
            "pydantic-monty",
            "pandas",
            "matplotlib",
            "scikit-learn",
            "matplotlib-inline",
        ]
        subprocess.run(
            [uv, "pip", "install", "--quiet", "--python", venv / "bin/python", *wanted], check=True
        )
        (venv / ".complete").touch()
    return venv


_PEERS = """
import json, sys, time
programs = json.loads(sys.argv[1])
found = {}
import pydantic_monty
times = []
with pydantic_monty.Monty() as pool:
    for _ in range(200):
        started = time.perf_counter()
        with pool.checkout() as session:
            session.feed_run(programs["print"], print_callback=lambda *a: None)
        times.append((time.perf_counter() - started) * 1000)
found["Monty (no libraries), print"] = times
from jupyter_client.manager import start_new_kernel
manager, client = start_new_kernel()
client.execute_interactive("%matplotlib inline\\nimport pandas, matplotlib.pyplot, sklearn", output_hook=lambda m: None, timeout=60)
for name, code in programs.items():
    times = []
    for _ in range(30):
        started = time.perf_counter()
        client.execute_interactive(code, output_hook=lambda m: None, timeout=60)
        times.append((time.perf_counter() - started) * 1000)
    found[f"warm Jupyter kernel (no isolation), {name}"] = times
client.stop_channels(); manager.shutdown_kernel(now=True)
print(json.dumps(found))
"""


def table(figures: dict) -> str:
    rows = ["| what | p50 ms | p95 ms | runs/s |", "|---|---|---|---|"]
    for run in figures["coderunner"]["runs"]:
        name = f"coderunner over HTTP, {run['program']}, {run['level']}, concurrency {run['concurrency']}"
        rows.append(f"| {name} | {run['p50_ms']} | {run['p95_ms']} | {run['per_s']} |")
    others = {
        f"fork and exit of the loaded interpreter, {k}": v for k, v in figures["limit"].items()
    } | figures["peers"]
    rows += [f"| {name} | {v['p50_ms']} | {v['p95_ms']} | |" for name, v in others.items()]
    return "\n".join(rows)
