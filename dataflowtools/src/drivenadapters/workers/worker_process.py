"""One worker process as the service sees it: start it, give it a job, kill its group."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from shutil import rmtree
from typing import Any

from dataflowtools.src.drivenadapters.workers import frames, wire_errors
from dataflowtools.src.drivenadapters.workers.families import JobResult, WorkerFamily
from dataflowtools.src.errors import (
    WorkerCrashed,
    WorkerLost,
    WorkerMemoryExceeded,
    WorkerResultTooLarge,
    WorkersUnavailable,
    WorkerTimedOut,
)

Progress = Callable[[float, str], None]
_ROOT = Path(__file__).resolve().parents[4]
_SOURCE = _ROOT / "dataflowtools" / "src"
_PROGRAM = Path(__file__).with_name("worker_main.py")
_START_TIMEOUT_S = 60.0
_EXIT_MEMORY = 70
_STDERR_CHUNKS = 16
_CRASH_SIGNALS = {signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS, signal.SIGILL, signal.SIGFPE, signal.SIGTRAP}
_CRASH_SIGNALS |= {signal.SIGSYS, signal.SIGXFSZ}
_MEMORY_WORDS = ("memory allocation", "bad_alloc", "out of memory", "cannot allocate memory", "memoryerror")


@dataclass(slots=True)
class Assignment:
    """One job for a worker, with its limits."""

    job: str
    arguments: Mapping[str, Any]
    files: Sequence[int]
    timeout_s: float
    memory_bytes: int
    on_progress: Progress | None = None


class WorkerProcess:
    """A started worker; it runs one job at a time and is dead after any that went wrong."""

    def __init__(self, family: WorkerFamily, uid: int | None) -> None:
        self.family = family
        self.uid = uid
        self.jobs_done = 0
        self.layers: tuple[str, ...] = ()
        self.missing_layers: tuple[str, ...] = ()
        self.peak_bytes = 0
        self.alive = False
        self._stderr: deque[bytes] = deque(maxlen=_STDERR_CHUNKS)
        self._warm_bytes = 0

    async def start(self) -> None:
        """Start the process and wait until it is confined and warm; WorkersUnavailable if it cannot be."""
        try:
            await asyncio.to_thread(self._spawn)
        except OSError as exc:
            raise WorkersUnavailable("A worker process cannot be started.") from exc
        self._follow()
        try:
            async with asyncio.timeout(_START_TIMEOUT_S):
                ready = (await frames.receive(self._connection, 0)).message or {}
        except (OSError, EOFError, frames.FrameError, TimeoutError) as exc:
            await self.kill()
            raise WorkersUnavailable("A worker process does not start.") from exc
        except BaseException:
            await self.kill()
            raise
        self.layers, self.missing_layers = tuple(ready["layers"]), tuple(ready["missing"])
        self._warm_bytes = self.resident_bytes()

    def _spawn(self) -> None:
        ours, theirs = socket.socketpair()
        lifeline_theirs, self._lifeline = os.pipe()
        self._scratch = Path(tempfile.mkdtemp(prefix=f"worker-{self.family.name}-"))
        try:
            if self.uid is not None:
                os.chown(self._scratch, self.uid, self.uid)
            self._process = subprocess.Popen(
                [
                    *(sys.executable, "-I", "-B", "-X", "utf8", str(_PROGRAM)),
                    self._order(theirs.fileno(), lifeline_theirs),
                ],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                cwd=self._scratch,
                env=self._environment(),
                pass_fds=(theirs.fileno(), lifeline_theirs),
                start_new_session=True,
                umask=0o077,
            )
        except OSError:
            ours.close()
            os.close(self._lifeline)
            rmtree(self._scratch, ignore_errors=True)
            raise
        finally:
            theirs.close()
            os.close(lifeline_theirs)
        ours.setblocking(False)
        self._connection = ours

    def _environment(self) -> dict[str, str]:
        fixed = {
            "LANG": "C.UTF-8",
            "PATH": "/usr/bin:/bin",
            "OPENBLAS_NUM_THREADS": "1",
            "OMP_NUM_THREADS": "1",
        }
        home = {"TMPDIR": str(self._scratch), "HOME": str(self._scratch)}
        return fixed | home | dict(self.family.environment)

    def _order(self, connection: int, lifeline: int) -> str:
        family = self.family
        order = {
            "connection": connection,
            "lifeline": lifeline,
            "scratch": str(self._scratch),
            "python_path": [str(_ROOT)],
            "jobs": dict(family.jobs),
            "warm_up": list(family.warm_up),
            # not the root: secrets and data may lie there beside the code
            "read_paths": [str(_ROOT / "dataflowtools" / "__init__.py"), str(_SOURCE), *family.read_paths],
            "may_execute": family.may_execute,
            "uid": self.uid,
            "open_files": family.open_files,
            "file_bytes": family.file_bytes,
            "processes": family.processes,
        }
        return json.dumps(order)

    def _follow(self) -> None:
        """Watch the process's death and drain what it says."""
        loop = asyncio.get_running_loop()
        self.alive = True
        self._status = 0
        self._dead = asyncio.Event()
        self._pidfd = os.pidfd_open(self._process.pid)
        loop.add_reader(self._pidfd, self._reap)
        assert self._process.stderr is not None  # noqa: S101  # it was asked for above
        os.set_blocking(self._process.stderr.fileno(), False)
        loop.add_reader(self._process.stderr.fileno(), self._drain)

    def _drain(self) -> None:
        stderr = self._process.stderr
        assert stderr is not None  # noqa: S101  # it was asked for when the process was started
        try:
            chunk = os.read(stderr.fileno(), 4096)
        except BlockingIOError:
            return
        if chunk:
            self._stderr.append(chunk)
        else:
            asyncio.get_running_loop().remove_reader(stderr.fileno())

    def _reap(self) -> None:
        self._process.wait()
        self._status = self._process.returncode
        loop = asyncio.get_running_loop()
        loop.remove_reader(self._pidfd)
        os.close(self._pidfd)
        self._kill_group()
        self._drain_rest()
        self.alive = False
        self._dead.set()

    def _drain_rest(self) -> None:
        stderr = self._process.stderr
        assert stderr is not None  # noqa: S101  # it was asked for when the process was started
        asyncio.get_running_loop().remove_reader(stderr.fileno())
        for _ in range(_STDERR_CHUNKS):
            try:
                chunk = os.read(stderr.fileno(), 4096)
            except BlockingIOError:
                break
            if not chunk:
                break
            self._stderr.append(chunk)
        stderr.close()

    def _kill_group(self) -> None:
        try:
            os.killpg(self._process.pid, signal.SIGKILL)
        except ProcessLookupError:
            return

    async def kill(self) -> None:
        """Kill the worker with all it started, wait for its end and remove its folder; it may be dead."""
        if self.alive:
            self._kill_group()
            await self._dead.wait()
        if self._connection.fileno() >= 0:
            self._connection.close()
            os.close(self._lifeline)
            await asyncio.to_thread(rmtree, self._scratch, ignore_errors=True)

    @property
    def pid(self) -> int:
        """The process id, which is the id of its group too."""
        return self._process.pid

    def resident_bytes(self) -> int:
        """What the process holds in memory now; 0 when it is gone."""
        try:
            pages = Path(f"/proc/{self._process.pid}/statm").read_text(encoding="ascii").split()[1]
        except (OSError, IndexError):
            return 0
        return int(pages) * os.sysconf("SC_PAGE_SIZE")

    @property
    def worn(self) -> bool:
        """Whether a fresh worker should take this one's place."""
        if not self.alive or self.jobs_done >= self.family.recycle_after_jobs:
            return True
        return self.resident_bytes() > self._warm_bytes + self.family.growth_bytes

    async def run(self, assignment: Assignment) -> JobResult:
        """Run one job; after a failure of the worker's own, and after cancellation, it is dead."""
        self.peak_bytes = 0
        try:
            async with asyncio.timeout(assignment.timeout_s):
                return await self._exchange(assignment)
        except TimeoutError as exc:
            await self.kill()
            raise WorkerTimedOut(f"Not finished after {assignment.timeout_s:g} s.") from exc
        except (EOFError, ConnectionError, BrokenPipeError) as exc:
            await self._await_death()
            raise self._cause_of_death(assignment) from exc
        except frames.FrameError as exc:
            await self.kill()
            raise WorkerResultTooLarge("The result is larger than one reply may be.") from exc
        except asyncio.CancelledError:
            await asyncio.shield(self.kill())
            raise
        finally:
            self.jobs_done += 1

    async def _exchange(self, assignment: Assignment) -> JobResult:
        order = {
            "job": assignment.job,
            "arguments": dict(assignment.arguments),
            "timeout_s": assignment.timeout_s,
            "cpu_s": assignment.timeout_s * (os.cpu_count() or 1),
            "memory_bytes": min(assignment.memory_bytes, self.family.memory_bytes),
        }
        await frames.send(self._connection, order, list(assignment.files))
        blobs: list[bytes] = []
        room = self.family.result_bytes
        while True:
            frame = await frames.receive(self._connection, room)
            if frame.message is None:
                blobs.append(frame.blob)
                room -= len(frame.blob)
            elif frame.message["type"] != "progress":
                return self._conclude(frame.message, blobs)
            elif assignment.on_progress is not None:
                assignment.on_progress(float(frame.message["fraction"]), str(frame.message["message"]))

    def _conclude(self, message: dict[str, Any], blobs: list[bytes]) -> JobResult:
        self.peak_bytes = int(message.get("peak_bytes", 0))
        if message["type"] == "done":
            return JobResult(message.get("value"), tuple(blobs))
        if message["type"] == "error":
            raise wire_errors.restore(message)
        self._stderr.append(str(message.get("trace", "")).encode(errors="replace"))
        raise WorkerCrashed("The program that reads this kind of input failed on it.")

    async def _await_death(self) -> None:
        try:
            async with asyncio.timeout(5):
                await self._dead.wait()
        except TimeoutError:
            self._kill_group()
        await self.kill()

    def _cause_of_death(self, assignment: Assignment) -> Exception:
        said = self.last_words().lower()
        if self._status == _EXIT_MEMORY or any(word in said for word in _MEMORY_WORDS):
            mebibytes = min(assignment.memory_bytes, self.family.memory_bytes) >> 20
            return WorkerMemoryExceeded(
                f"The input needs more than the {mebibytes} MiB that one job may use."
            )
        if self._status == -signal.SIGXCPU:
            return WorkerTimedOut(f"Not finished after {assignment.timeout_s:g} s of work.")
        if self._status in {-number for number in _CRASH_SIGNALS} or self._status > 0:
            return WorkerCrashed("The program that reads this kind of input crashed on it.")
        return WorkerLost("The worker process was killed.")

    def last_words(self) -> str:
        """The end of what the worker wrote to stderr, for the log."""
        return b"".join(self._stderr).decode(errors="replace")[-4000:]
