"""One worker as the service sees it: started, given one job at a time, ended."""

import asyncio
import contextlib
import json
import socket
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from coderunner.src.errors import CodeNotAnalysable, SandboxUnavailable

_START = (
    "import sys; sys.path.insert(0, sys.argv[1]); "
    "from coderunner.src.drivenadapters.code_workers import worker; worker.main()"
)
_ROOT = Path(__file__).resolve().parents[4]
_LENGTH = struct.Struct(">I")
_START_TIMEOUT_S = 30.0
WORKER_UID = (1 << 30) - 2  # nobody's on any host, and no run's


@dataclass(frozen=True, slots=True)
class WorkerRules:
    """What one worker may use."""

    python: Path
    seccomp: str
    memory_bytes: int
    result_bytes: int
    timeout_s: float


class WorkerProcess:
    """A confined process of the guest interpreter that parses what strangers sent."""

    def __init__(self, rules: WorkerRules) -> None:
        self._rules = rules
        self._process: asyncio.subprocess.Process | None = None
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None
        self.jobs = 0
        self.layers: list[str] = []

    @property
    def pid(self) -> int:
        return self._process.pid if self._process else 0

    async def start(self) -> None:
        """Bring it up and wait until it is confined; SandboxUnavailable when it does not come."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        order = {
            "channel": theirs.fileno(),
            "uid": WORKER_UID,
            "seccomp": self._rules.seccomp,
            "memory_bytes": self._rules.memory_bytes,
            "result_bytes": self._rules.result_bytes,
        }
        try:
            self._process = await self._spawn(theirs, order)
        except OSError as missing:
            ours.close()
            raise SandboxUnavailable(
                "there is no guest interpreter; run ./init_site_packages.sh"
            ) from missing
        finally:
            theirs.close()
        self._reader, self._writer = await asyncio.open_connection(sock=ours)
        try:
            async with asyncio.timeout(_START_TIMEOUT_S):
                self.layers = (await self._receive())["layers"]
        except (TimeoutError, asyncio.IncompleteReadError, ConnectionError) as fault:
            await self.stop()
            raise SandboxUnavailable("the workers that parse code do not start") from fault

    async def _spawn(self, channel: socket.socket, order: Mapping[str, Any]) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            self._rules.python, "-I", "-B", "-c", _START, str(_ROOT), json.dumps(order),
            pass_fds=(channel.fileno(),), stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL, env={"LANG": "C.UTF-8"}, cwd="/", start_new_session=True,
        )  # fmt: skip

    async def run(self, job: Mapping[str, Any], raw: bytes) -> dict[str, Any]:
        """Do one job; CodeNotAnalysable when the worker gives up, takes too long or dies of it."""
        self.jobs += 1
        assert self._writer is not None  # noqa: S101 - set by start
        try:
            async with asyncio.timeout(self._rules.timeout_s):
                for part in (json.dumps(job).encode(), raw):
                    self._writer.write(_LENGTH.pack(len(part)) + part)
                await self._writer.drain()
                answer = await self._receive()
        except TimeoutError:
            raise CodeNotAnalysable(
                f"the program could not be analysed within {self._rules.timeout_s:g} s"
            ) from None
        except (asyncio.IncompleteReadError, ConnectionError) as lost:
            raise CodeNotAnalysable("the program is too large or too deep to be analysed") from lost
        if "failed" in answer:
            raise CodeNotAnalysable(answer["failed"])
        return answer

    async def _receive(self) -> dict[str, Any]:
        assert self._reader is not None  # noqa: S101 - set by start
        (length,) = _LENGTH.unpack(await self._reader.readexactly(_LENGTH.size))
        if length > self._rules.result_bytes + _LENGTH.size:
            raise ConnectionError("a frame larger than a result may be")
        answer: dict[str, Any] = json.loads(await self._reader.readexactly(length))
        return answer

    async def stop(self) -> None:
        """Kill it and wait until it is gone."""
        if self._writer is not None:
            self._writer.close()
            with contextlib.suppress(ConnectionError):
                await self._writer.wait_closed()
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
            await self._process.wait()
