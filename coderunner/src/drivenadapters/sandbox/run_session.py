"""One run on one child: sends the program, reads what comes back within bounds, ends everything, measures."""

import asyncio
import json
import logging
import os
import re
import secrets
import struct
import time
from collections.abc import Mapping
from typing import Any

from coderunner.src.common.limits import LimitHit, Limits
from coderunner.src.drivenadapters.sandbox.cgroups import RunGroup, RunGroups
from coderunner.src.drivenadapters.sandbox.parent_process import Child
from coderunner.src.drivenadapters.sandbox.program_streams import READ_BYTES, Stream, Utf8
from coderunner.src.drivenadapters.sandbox.result_frames import Ending, decoded, ending_of, output_of
from coderunner.src.logics.runner.ports.sandbox import RunListener
from coderunner.src.utils.small_files import read_small

_LOG = logging.getLogger(__name__)
_LENGTH = struct.Struct(">I")
_TOKEN_BYTES = 16
_WATCH_AFTER_S = 0.04
_GROUP_AFTER_S = 0.25
_END_TIMEOUT_S = 5.0
_UNITS = {
    "memory": ("bytes", 1024),
    "cpu": ("seconds", 0.001),
    "processes": ("processes", 1),
    "disk": ("bytes", 1024),
    "files": ("files", 1),
}
_FAULTS_FIELD, _RSS_FIELD = 7, 21  # of /proc/<pid>/stat, counted behind the name
_FRAME_SLACK_BYTES = 4 * 1024 * 1024
_PEAK = re.compile(rb"^VmHWM:\s*(\d+) kB$", re.MULTILINE)
_PAGE_KB = os.sysconf("SC_PAGE_SIZE") // 1024
BOX = "/run/box"


class RunSession:
    """The service's side of one run, from the request to the last process's end."""

    def __init__(
        self, child: Child, limits: Limits, listener: RunListener | None, groups: RunGroups | None = None
    ) -> None:
        self._child = child
        self._limits = limits
        self._listener = listener
        self._groups = groups
        self._grouping: asyncio.Task[RunGroup] | None = None
        self._loop = asyncio.get_running_loop()
        self._token = secrets.token_bytes(_TOKEN_BYTES)
        self._buffer = bytearray()
        self._finished: asyncio.Future[None] = self._loop.create_future()
        self._exited: asyncio.Future[Mapping[str, Any]] = self._loop.create_future()
        self._outputs_bytes = 0
        self._decoders = {"stdout": Utf8(), "stderr": Utf8()}
        self.stdout = Stream("stdout", child.out_fd, limits.stdout_bytes)
        self.stderr = Stream("stderr", child.err_fd, limits.stderr_bytes)
        self.outputs: list[Mapping[str, Any]] = []
        self.end: Ending | None = None
        self.exit: Mapping[str, Any] | None = None
        self.stopped_by: LimitHit | None = None
        self.lost = False
        self.fault = ""
        self.wall_ms = 0.0
        self.cpu_ms = 0.0
        self.memory_kb = 0

    async def run(self, request: Mapping[str, Any]) -> None:
        """Run to the end; on cancellation kill and wait until the processes are gone."""
        started = time.monotonic()
        timers = [
            self._loop.call_later(self._limits.wall_s, self._timed_out),
            self._loop.call_later(_WATCH_AFTER_S, self._watch),
            self._loop.call_later(_GROUP_AFTER_S, self._group),
        ]
        self._child.heard = self._hear
        if self._child.parent.lost:
            self._lose()  # it died between handing the child out and now
        try:
            if self._limits.cpu_share:
                self._group()
                await self._grouped()
            await self._send(request)
            self._listen()
            await self._finished
            self._measure()
        finally:
            for timer in timers:
                timer.cancel()
            self.wall_ms = (time.monotonic() - started) * 1000
            await self._end()

    async def _send(self, request: Mapping[str, Any]) -> None:
        message = {**request, "token": self._token.hex()}
        payload = json.dumps(message).encode("utf-8", "surrogatepass")
        try:
            await self._loop.sock_sendall(self._child.control, _LENGTH.pack(len(payload)) + payload)
        except OSError:
            self._finish()  # the child is gone; its exit says how

    def _listen(self) -> None:
        if self._finished.done():
            return
        self._loop.add_reader(self._child.control.fileno(), self._on_control)
        for stream in (self.stdout, self.stderr):
            self._loop.add_reader(stream.fd, self._on_stream, stream)

    def _deafen(self) -> None:
        if not self._child.closed:
            child = self._child
            for fd in (child.control.fileno(), child.program_pidfd, child.out_fd, child.err_fd):
                self._loop.remove_reader(fd)

    def _lose(self) -> None:
        """The parent is gone and the kernel has ended the run: nobody will report its exit."""
        self.lost = True
        if not self._exited.done():
            self._exited.set_result({})
        self._finish()

    def _lose_contact(self) -> None:
        if not self._finished.done():
            self._lose()

    def _finish(self) -> None:
        if not self._finished.done():
            self._finished.set_result(None)

    # --- hearing the run ------------------------------------------------------------------------

    def _on_control(self) -> None:
        try:
            data = self._child.control.recv(READ_BYTES)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._loop.remove_reader(self._child.control.fileno())
            self._loop.add_reader(self._child.program_pidfd, self._on_exit)
            return
        self._buffer += data
        self._take_frames()

    def _on_exit(self) -> None:
        """The program is gone, and not only its channel, which it may close or leave to another program."""
        self._loop.remove_reader(self._child.program_pidfd)
        self._loop.call_later(_END_TIMEOUT_S, self._lose_contact)  # unless the exit report follows

    def _take_frames(self) -> None:
        while len(self._buffer) >= _LENGTH.size:
            (length,) = _LENGTH.unpack_from(self._buffer)
            if length > self._most_frame_bytes():
                self._forged("a frame that is too large")
                return
            if len(self._buffer) < _LENGTH.size + length:
                return
            payload = bytes(self._buffer[_LENGTH.size : _LENGTH.size + length])
            del self._buffer[: _LENGTH.size + length]
            self._take(payload)

    def _most_frame_bytes(self) -> int:
        limits = self._limits
        return limits.value_bytes + limits.output_bytes + limits.stderr_bytes + _FRAME_SLACK_BYTES

    def _take(self, payload: bytes) -> None:
        if self._finished.done():
            return  # nothing that comes after the end, a limit or a forgery counts
        try:
            self._believe(self._authentic(payload), len(payload))
        except (ValueError, KeyError, TypeError, RecursionError):
            self._forged("a frame that is not the runner's")

    def _authentic(self, payload: bytes) -> dict[str, Any]:
        if not secrets.compare_digest(payload[:_TOKEN_BYTES], self._token):
            raise ValueError
        return decoded(payload[_TOKEN_BYTES:])

    def _believe(self, message: dict[str, Any], size: int) -> None:
        match message["type"]:
            case "output":
                self._take_output(output_of(message), size)
            case "end":
                self.end = ending_of(message)
                self._finish()
            case "fault":
                self.fault = str(message["why"])
                self._finish()
            case _:
                raise ValueError

    def _forged(self, why: str) -> None:
        """Somebody else wrote to the channel: believe nothing of this run any more."""
        self.fault = f"the program wrote to the result channel: {why}"
        self.end = None
        self._child.kill()
        self._finish()

    def _take_output(self, output: Mapping[str, Any], size: int) -> None:
        self._outputs_bytes += size
        if len(self.outputs) >= self._limits.outputs:
            self._stop(LimitHit("outputs", self._limits.outputs, len(self.outputs) + 1, "outputs"))
        elif self._outputs_bytes > self._limits.output_bytes:
            self._stop(LimitHit("output_bytes", self._limits.output_bytes, self._outputs_bytes, "bytes"))
        else:
            self.outputs.append(output)
            if self._listener:
                self._flush_text()
                self._listener("output", output)

    def _flush_text(self) -> None:
        """Text that was printed before an output comes before it."""
        for stream in (self.stdout, self.stderr):
            while self._pass_on(stream):
                pass

    def _on_stream(self, stream: Stream) -> None:
        self._pass_on(stream)
        if stream.ended:
            self._loop.remove_reader(stream.fd)

    def _pass_on(self, stream: Stream) -> bool:
        fresh = stream.read()
        if fresh and self._listener:
            text = self._decoders[stream.name].decode(fresh)
            if text:
                self._listener(stream.name, text)
        if stream.truncated and self.stopped_by is None:
            hit = LimitHit(stream.name, stream.limit_bytes, stream.seen, "bytes")
            self._stop(hit)
            self.stopped_by = hit  # also when the program was faster than we who read
        return bool(fresh)

    # --- limits ---------------------------------------------------------------------------------

    def _timed_out(self) -> None:
        self._stop(LimitHit("wall_time", self._limits.wall_s, self._limits.wall_s, "seconds"))

    def _stop(self, hit: LimitHit) -> None:
        if self.stopped_by is None and not self._finished.done():
            self.stopped_by = hit
            self._child.kill()
            self._finish()

    def _watch(self) -> None:
        """A run that lasts is watched from outside: all its processes together."""
        limits, parent = self._limits, self._child.parent
        watched = {
            "memory_kb": limits.memory_bytes // 1024,
            "cpu_ms": limits.cpu_s * 1000,
            "base_anon_kb": self._child.birth.get("anon_kb", 0),
            "box": BOX,
            "tasks": limits.processes if parent.shares_user else 0,
        }
        if self._child.group is not None:  # no namespaces, so no file system of its own either
            box = f"{parent.boxes}/{self._child.group}"
            watched |= {"box": box, "disk_kb": limits.disk_bytes // 1024, "inodes": limits.disk_inodes}
        parent.tell({"do": "watch", "run": self._child.number, **watched})

    def _group(self) -> None:
        """From here on the kernel counts the run's processes together, where it may be asked to."""
        if self._groups and self._child.first_pidfd is not None and self._grouping is None:
            self._grouping = self._loop.create_task(self._make_group(self._groups))

    async def _grouped(self) -> None:
        if self._grouping:
            await asyncio.shield(self._grouping)

    async def _make_group(self, groups: RunGroups) -> RunGroup:
        program, first = self._child.host_pid(), self._child.first_pid()
        group = await asyncio.to_thread(groups.create, f"run-{self._token.hex()}", self._limits)
        await asyncio.to_thread(group.adopt, [pid for pid in (program, first) if pid], spare=first)
        return group

    async def _leave_group(self) -> None:
        """Ask the group why the run ended, then take it away once its last process is gone."""
        if self._grouping is None:
            return
        try:
            group = await self._grouping
        except OSError as refusal:
            _LOG.warning("a control group could not be made: %s", refusal)
            return
        if self.stopped_by is None and await asyncio.to_thread(group.memory_killed):
            used = max(self.memory_kb * 1024, self._limits.memory_bytes)
            self.stopped_by = LimitHit("memory", self._limits.memory_bytes, used, "bytes")
        removal = self._loop.run_in_executor(None, group.remove)
        _REMOVALS.add(removal)
        removal.add_done_callback(_REMOVALS.discard)

    def _hear(self, message: Mapping[str, Any]) -> None:
        match message["event"]:
            case "exited":
                self.exit = message
                if not self._exited.done():
                    self._exited.set_result(message)
                self._loop.call_soon(self._finish)
            case "over":
                unit, factor = _UNITS[message["limit"]]
                used = message["used"] * factor
                self._stop(LimitHit(message["limit"], message["value"] * factor, used, unit))
            case "lost":
                self._lose()

    # --- the end --------------------------------------------------------------------------------

    def _measure(self) -> None:
        """What the kernel counted, read while the program still stands."""
        pid = self._child.host_pid()
        if pid is None:
            return
        try:
            self.cpu_ms = time.clock_gettime((~pid) << 3 | 2) * 1000
            fields = read_small(f"/proc/{pid}/stat").rpartition(b")")[2].split()
        except (OSError, ValueError):
            return  # it ended meanwhile; the exit report has the figures
        if len(fields) <= _RSS_FIELD:
            return
        faults, rss_kb = int(fields[_FAULTS_FIELD]), int(fields[_RSS_FIELD]) * _PAGE_KB
        self.memory_kb = min(faults * _PAGE_KB, rss_kb) + _above_kb(pid, rss_kb)

    async def _end(self) -> None:
        """Kill what is left and read what it had said; a limit or a cancelled run waits for the end."""
        self._child.kill()
        self._deafen()
        if self.end is None and not self.lost:
            try:
                await asyncio.wait_for(asyncio.shield(self._exited), _END_TIMEOUT_S)
            except TimeoutError:
                self.lost = True
        for stream in (self.stdout, self.stderr):
            while not self._child.closed and self._pass_on(stream):
                pass
        self._count_exit()
        await self._leave_group()
        self._child.heard = None
        self._child.close()

    def _count_exit(self) -> None:
        if self.exit is None:
            return
        self.cpu_ms = max(self.cpu_ms, self.exit.get("cpu_ms", 0.0))
        own = min(self.exit.get("faults", 0) * _PAGE_KB, self.exit.get("peak_rss_kb", 0))
        self.memory_kb = max(self.memory_kb, self.exit.get("watched_kb", 0)) or own


_REMOVALS: set["asyncio.Future[None]"] = (
    set()
)  # removals under way; nobody waits for them, nobody may forget them


def _above_kb(pid: int, rss_kb: int) -> int:
    """How much higher the peak of a program's memory was than what it holds now."""
    try:
        found = _PEAK.search(read_small(f"/proc/{pid}/status"))
    except OSError:
        return 0  # it ended meanwhile
    return max(int(found[1]) - rss_kb, 0) if found else 0
