from __future__ import annotations

import json
import os
import select
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from coderunner.tests.running import guest_dir

ROOT = Path(__file__).parents[4]
START_S = 90
RUN_S = 60


@dataclass
class Ran:
    """What one program did."""

    verdict: dict[str, Any]
    outputs: list[dict[str, Any]]
    stdout: str
    stderr: str
    files: list[str]
    work_dir: str

    @property
    def status(self) -> str:
        return self.verdict["status"]

    @property
    def value(self) -> Any:
        return self.verdict["value"]

    def bundle(self, mime: str, number: int = 0) -> Any:
        found = [output["data"][mime] for output in self.outputs if mime in output.get("data", {})]
        return found[number]


class Guest:
    """A warm guest interpreter that runs one program per forked child."""

    def __init__(self, python: str, kind: str, tmp_path: Path) -> None:
        environment = {
            "PATH": "/usr/bin:/bin",
            "HOME": str(tmp_path),
            "MPLCONFIGDIR": os.environ.get("GUEST_MPLCONFIGDIR", str(tmp_path)),
            "LC_ALL": "C.UTF-8",
        }
        self._process = subprocess.Popen(
            [python, "-W", "ignore", str(Path(__file__).parent / "guest_server.py"), str(ROOT), kind],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment,
            cwd=tmp_path,
        )
        assert self._answer(START_S) == {"ready": True}

    def _answer(self, timeout_s: float) -> dict[str, Any]:
        ready, _, _ = select.select([self._process.stdout], [], [], timeout_s)
        if not ready:
            self.close()
            pytest.fail(f"the guest did not answer within {timeout_s} s")
        return json.loads(self._process.stdout.readline())

    def __call__(self, code: str = "", **request: Any) -> Ran:
        request = {
            "code": code,
            "files": {},
            "entrypoint": None,
            "args": [],
            "function_name": None,
            "parameters": {},
            "security_level": "restricted",
            "policy": {},
            "figure": {"formats": ["png"]},
            "limits": {},
            **request,
        }
        self._process.stdin.write(json.dumps(request).encode() + b"\n")
        self._process.stdin.flush()
        answer = self._answer(RUN_S)
        assert answer["verdict"] is not None, (
            f"no verdict, wait status {answer['status']}: {answer['stderr']}"
        )
        del answer["status"]
        return Ran(**answer)

    def close(self) -> None:
        self._process.stdin.close()
        self._process.kill()
        self._process.wait()
        self._process.stdout.close()


@pytest.fixture(scope="session")
def guest_python() -> str:
    return str(guest_dir() / "bin" / "python")


@pytest.fixture(scope="session")
def guest(guest_python, tmp_path_factory):
    """Runs programs with the standard library only."""
    running = Guest(guest_python, "slim", tmp_path_factory.mktemp("slim"))
    yield running
    running.close()


@pytest.fixture(scope="session")
def data_guest(guest_python, tmp_path_factory):
    """Runs programs with the data libraries loaded."""
    running = Guest(guest_python, "data", tmp_path_factory.mktemp("data"))
    yield running
    running.close()
