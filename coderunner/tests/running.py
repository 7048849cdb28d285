"""The real service as a process, with folders, environment and a user of its own."""

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from coderunner.src.drivenadapters.sandbox.guest_runtime import default_guest_dir

ROOT = Path(__file__).parents[2]
MAIN = "coderunner.src.main"
SECRET = "CANARY-e1f7c0de5ec2e7"  # in every place that no program may see
_START_S = 60


@dataclass(slots=True)
class Running:
    """A service process and what belongs to it."""

    base_url: str
    process: subprocess.Popen[bytes]
    home: Path  # everything it writes is beneath this folder
    pid: int = 0  # the service's own, behind whatever started it
    ended: bool = False  # by the test's will

    @property
    def data_dir(self) -> Path:
        return self.home / "data"

    @property
    def temp_dir(self) -> Path:
        return self.home / "tmp"

    @property
    def log(self) -> str:
        """What it logged, requests left out, the end of it."""
        lines = (self.home / "log.txt").read_text(errors="replace").splitlines()
        return "\n".join(
            [line for line in lines if '"/api/health"' not in line and "not ready" not in line][-40:]
        )

    def health(self) -> tuple[int, dict[str, Any]]:
        """Status and document of GET /api/health."""
        try:
            with urllib.request.urlopen(f"{self.base_url}/api/health", timeout=10) as reply:
                return reply.status, json.load(reply)
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.load(error)

    def sandbox(self) -> dict[str, Any]:
        """What health says about the sandbox."""
        return self.health()[1]["checks"]["sandbox"]

    def stop(self, *, deadline_s: float = 20) -> int:
        """SIGTERM, and the exit code."""
        self.ended = True
        if self.process.poll() is None:
            os.kill(self.pid, signal.SIGTERM)
        return self.process.wait(deadline_s)


def guest_dir() -> Path:
    """The guest interpreter; a laptop without one skips, CI fails."""
    found = Path(os.environ.get("GUEST_DIR", "") or default_guest_dir()).resolve()
    if not (found / "bin" / "python").exists():
        message = f"there is no guest interpreter at {found}; run ./init_site_packages.sh"
        pytest.fail(message) if os.environ.get("CI") == "true" else pytest.skip(message)
    return found


@contextlib.contextmanager
def running_service(
    *,
    env: Mapping[str, str] | None = None,
    launcher: Sequence[str] = (),
    command: Sequence[str] = (),
    owner: int | None = None,
    settled: Sequence[int] = (200,),
    until_refused: bool = False,
) -> Iterator[Running]:
    """Start it, wait until it is ready (or has refused for good), and end it with all it made."""
    home = Path(tempfile.mkdtemp(prefix="coderunner-test-"))
    home.chmod(0o755)
    for folder in (home / "data", home / "tmp", home):
        folder.mkdir(exist_ok=True)
        if owner is not None:
            os.chown(folder, owner, owner)
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    environment = {
        "PATH": os.environ["PATH"],
        "LANG": "C.UTF-8",
        "HOST": "127.0.0.1",
        "PORT": str(port),
        "DATA_DIR": str(home / "data"),
        "TMPDIR": str(home / "tmp"),
        "HOME": str(home),
        "GUEST_DIR": str(guest_dir()),
        "STEPFLOW_PYTHON_VIRTUAL_ENV_PATH": str(home / "environments"),
        "STEPFLOW_SCHEDULER_MAX_LOAD_PER_CORE": "1000",  # tests go on however busy the machine is
        "DB_PASSWORD": SECRET,
        **(env or {}),
    }
    with (home / "log.txt").open("wb") as log:
        process = subprocess.Popen(
            [*launcher, sys.executable, "-m", MAIN, *command],
            env=environment,
            stdout=log,
            stderr=log,
            cwd=ROOT,
        )
    service = Running(f"http://127.0.0.1:{port}", process, home)
    try:
        _wait_until_settled(service, settled, until_refused=until_refused)
        service.pid = _service_pid(process.pid)
        yield service
        assert process.poll() is None or service.ended, (
            f"the service died ({process.returncode}): {service.log}"
        )
    finally:
        with contextlib.suppress(subprocess.TimeoutExpired):
            service.stop() if service.pid else process.terminate()
        process.kill()
        process.wait()
        shutil.rmtree(home, ignore_errors=True)


def _wait_until_settled(service: Running, settled: Sequence[int], *, until_refused: bool) -> None:
    deadline = time.monotonic() + _START_S
    while time.monotonic() < deadline:
        assert service.process.poll() is None, service.log
        with contextlib.suppress(OSError):
            status, document = service.health()
            detail = document.get("checks", {}).get("sandbox", {}).get("detail", "")
            refused = bool(detail) and detail not in {"the sandbox is starting", "the pool is filling"}
            pools = document.get("checks", {}).get("sandbox", {}).get("pools", {}).values()
            whole = all(
                pool["ready"] for pool in pools
            )  # the largest parent comes after the service is ready
            if refused if until_refused else status in settled and whole:
                return
        time.sleep(0.05)  # a process in another's hands: there is nothing to wait on but its answers
    pytest.fail(f"the service did not come up: {service.log}")


def _service_pid(pid: int) -> int:
    """Down a launcher's only children to the interpreter that runs main.py."""
    while True:
        if MAIN.encode() in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0"):
            return pid
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        assert children, "the launcher has ended"
        pid = int(children[0])
