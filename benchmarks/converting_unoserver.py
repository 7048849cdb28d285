"""A warm unoserver, asked over its own protocol by its own client and by a bare call.

It lives in .cache/bench-uno on the system's Python, whose UNO bindings are a package that is installed where it may be.
"""

import contextlib
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.timing import run, timed

ROOT = Path(__file__).resolve().parents[1]
VENV = ROOT / ".cache" / "bench-uno"
PYTHON = VENV / "bin" / "python"
CLIENT = str(VENV / "bin" / "unoconvert")


def unoserver(folder: Path, names: list[str], runs: int) -> dict[str, Any]:
    """Have each file converted to PDF so many times; says what is missing where it cannot be had."""
    missing = make()
    if missing:
        print(f"unoserver is not measured: {missing}", flush=True)
        return {"not measured": missing}
    with served(folder) as port:
        return {f"{name} pdf": asked(folder, name, port, runs) for name in names}


def make() -> str:
    """Install it apart from everything else; what is missing where that cannot be, otherwise nothing."""
    if (VENV / "ready").exists():
        return ""
    if not shutil.which("soffice"):
        return "there is no soffice"
    said = subprocess.run(
        [ROOT / "scripts/system_packages.sh", "bench"], capture_output=True, text=True, check=False
    )
    system = ["/usr/bin/python3", "-c", "import uno"]
    if not shutil.which(system[0]) or subprocess.run(system, check=False, capture_output=True).returncode:
        return f"{system[0]} has no UNO bindings (Debian's package python3-uno). {said.stdout.strip()[-300:]}".strip()
    found = subprocess.run([ROOT / "scripts/ensure_uv.sh"], capture_output=True, text=True, check=False)
    if found.returncode:
        return found.stderr.strip()[-300:]
    made = ["venv", "-q", "--clear", "--python", system[0], "--system-site-packages", str(VENV)]
    for step in (made, ["pip", "install", "-q", "--python", str(PYTHON), "unoserver"]):
        done = subprocess.run([found.stdout.strip(), *step], capture_output=True, text=True, check=False)
        if done.returncode:
            return f"uv {' '.join(step[:2])}: {done.stderr.strip()[-300:]}"
    (VENV / "ready").touch()
    return ""


def asked(folder: Path, name: str, port: int, runs: int) -> dict[str, Any]:
    """Time its client, and the call that the client makes; or what it says when it fails."""
    argv = [CLIENT, "--port", str(port), str(folder / name), str(folder / "uno.pdf")]
    first = subprocess.run(argv, check=False, capture_output=True, text=True, timeout=120)
    if first.returncode:
        return {"failed": first.stderr.strip().splitlines()[-1][:200] if first.stderr.strip() else "no word"}
    code = (
        "import time, statistics; from xmlrpc.client import ServerProxy\n"
        f"server = ServerProxy('http://127.0.0.1:{port}', allow_none=True)\n"
        "times = []\n"
        f"for _ in range({runs}):\n"
        "    started = time.perf_counter()\n"
        f"    server.convert({str(folder / name)!r}, None, {str(folder / 'uno.pdf')!r})\n"
        "    times.append(time.perf_counter() - started)\n"
        "print(statistics.median(times), min(times))"
    )
    done = subprocess.run([str(PYTHON), "-c", code], capture_output=True, text=True, timeout=300, check=False)
    if done.returncode:
        return {"client": timed(lambda: run(argv), runs), "failed": done.stderr.strip()[-200:]}
    median, best = (round(float(word), 3) for word in done.stdout.split())
    return {"client": timed(lambda: run(argv), runs), "call": {"median_s": median, "best_s": best}}


@contextlib.contextmanager
def served(folder: Path) -> Iterator[int]:
    """Start it, wait until it answers, and end it."""
    ports = []
    for _ in range(2):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            ports.append(free.getsockname()[1])
    argv = [
        str(PYTHON.with_name("unoserver")), "--port", str(ports[0]), "--uno-port", str(ports[1]),
        "--user-installation", str(folder / "uno-profile"), "--executable", shutil.which("soffice") or "soffice",
    ]  # fmt: skip
    server = subprocess.Popen(
        argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    try:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", ports[0]), timeout=1):
                break
            time.sleep(0.2)
        time.sleep(2)
        yield ports[0]
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(server.pid, 9)
        server.wait()
