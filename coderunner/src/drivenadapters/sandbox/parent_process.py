"""One parent as the service sees it: started, mapped, asked for children, heard about their ends."""

import asyncio
import contextlib
import json
import logging
import os
import re
import signal
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from coderunner.src.drivenadapters.sandbox.guest_runtime import GuestRuntime
from coderunner.src.drivenadapters.sandbox.host_users import HostUsers
from coderunner.src.errors import SandboxUnavailable
from coderunner.src.utils.small_files import read_small

_LOG = logging.getLogger(__name__)
_START = "import sys; sys.path.insert(0, sys.argv[1]); from coderunner.guest import jail; jail.main()"
_PID = re.compile(rb"^Pid:\t([1-9]\d*)$", re.MULTILINE)
_MAX_DATAGRAM = 64 * 1024
_MAX_DESCRIPTORS = 8
START_TIMEOUT_S = 60.0
ANSWER_TIMEOUT_S = 10.0


class ParentRefused(Exception):
    """The jail could not be built; the message is the kernel's refusal."""


@dataclass(slots=True)
class Child:
    """A forked child: its ends of the pipes, and handles that still mean it when its pid is somebody else's."""

    number: int
    parent: "ParentProcess"
    control: socket.socket
    out_fd: int
    err_fd: int
    program_pidfd: int
    first_pidfd: int | None
    listener: int | None = None  # where its connections are decided, if it may make any
    birth: dict[str, int] = field(default_factory=dict)
    group: int | None = None  # its process group, where it has no PID namespace
    heard: Callable[[Mapping[str, Any]], None] | None = None
    ended: bool = False
    closed: bool = False

    def kill(self) -> None:
        """End every process of the run at once."""
        if self.closed:
            return
        if self.first_pidfd is None:
            self.parent.tell({"do": "kill", "run": self.number})
            return
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(self.first_pidfd, signal.SIGKILL)

    def host_pid(self) -> int | None:
        """The program's pid as the host counts; None when it is gone."""
        return _pid_of(self.program_pidfd)

    def first_pid(self) -> int | None:
        """That of its namespace's first process, to which orphans come."""
        return None if self.first_pidfd is None else _pid_of(self.first_pidfd)

    def close(self) -> None:
        """Let go of every descriptor."""
        if self.closed:
            return
        self.closed = True
        self.control.close()
        for fd in (self.out_fd, self.err_fd, self.program_pidfd, self.first_pidfd, self.listener):
            if fd is not None:
                os.close(fd)


class ParentProcess:
    """Starts the guest interpreter as a parent and speaks with it over one datagram channel."""

    def __init__(
        self,
        *,
        runtime: GuestRuntime,
        users: HostUsers,
        config: Mapping[str, Any],
        on_child: Callable[[Child], None],
        on_lost: Callable[["ParentProcess"], None],
        on_end: Callable[[], None],
    ) -> None:
        self._runtime = runtime
        self._users = users
        self._config = config
        self._on_child = on_child
        self._on_lost = on_lost
        self._on_end = on_end
        self._ended: asyncio.Task[None] | None = None
        self._channel: socket.socket | None = None
        self._process: asyncio.subprocess.Process | None = None
        self._children: dict[int, Child] = {}
        self._asked: dict[int, float] = {}
        self._made_for: dict[int, asyncio.Future[Child]] = {}
        self.last_fault = ""
        self._number = 0
        self.forks = 0
        self.lost = False
        self.about: Mapping[str, Any] = {}

    @property
    def kind(self) -> str:
        return str(self._config["kind"])

    @property
    def boxes(self) -> str:
        """Where its runs' folders stand, if not each in a file system of its own."""
        return str(self._config["boxes"])

    @property
    def shares_user(self) -> bool:
        """Whether its runs share one host user, whose processes the kernel counts together."""
        return not self._config["uid_slots"]

    @property
    def alive_children(self) -> int:
        """Children that exist or are being made."""
        return len(self._children.keys() | self._asked.keys())

    @property
    def children_coming(self) -> int:
        """Children asked for that are not parked yet, those made for one run left out."""
        return len(self._asked.keys() - self._made_for.keys())

    async def start(self) -> None:
        """Bring the parent up; ParentRefused with the kernel's reason when the jail cannot be built."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        ours.setblocking(False)
        self._channel = ours
        identity: dict[str, Any] = {}
        if self._users.parent_uid is not None:
            identity = {"user": self._users.parent_uid, "group": self._users.parent_uid, "extra_groups": []}
        with theirs:
            try:
                self._process = await asyncio.create_subprocess_exec(
                    self._runtime.python, "-I", "-c", _START, str(self._runtime.code), str(theirs.fileno()),
                    pass_fds=(theirs.fileno(),), stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.DEVNULL,
                    env=self._runtime.environment, cwd="/", start_new_session=True, **identity,
                )  # fmt: skip
            except OSError as refusal:
                self._close_channel()
                self._on_end()
                message = (
                    f"the guest interpreter cannot be started as an unprivileged user: {refusal.strerror}; give the "
                    "service CAP_SETUID and CAP_SETGID, or start it as an ordinary user"
                )
                raise ParentRefused(message) from refusal
        self._ended = asyncio.get_running_loop().create_task(self._until_ended(self._process))
        try:
            self.tell(self._config)
            async with asyncio.timeout(START_TIMEOUT_S):
                self.about = await self._until_ready()
        except (TimeoutError, ParentRefused, ConnectionError, BrokenPipeError) as fault:
            await self.stop()
            raise ParentRefused(str(fault) or "the parent did not answer") from fault
        except asyncio.CancelledError:
            await self.stop()
            raise
        asyncio.get_running_loop().add_reader(ours.fileno(), self._on_readable)

    async def _until_ended(self, process: asyncio.subprocess.Process) -> None:
        """The process that the service started ends after everything that the parent made."""
        await process.wait()
        self._on_end()

    async def _until_ready(self) -> Mapping[str, Any]:
        assert self._channel is not None  # noqa: S101 - set by start
        loop = asyncio.get_running_loop()
        while True:
            data = await loop.sock_recv(self._channel, _MAX_DATAGRAM)
            if not data:
                raise ParentRefused("the parent ended while it was being built")
            message = json.loads(data)
            match message["event"]:
                case "map":
                    await self._map(message["pid"])
                    self.tell({"do": "go"})
                case "ready":
                    return dict(message)
                case "refused":
                    raise ParentRefused(message["why"])

    async def _map(self, pid: int) -> None:
        if self._users.helper:
            for tool, own in (("newuidmap", os.getuid()), ("newgidmap", os.getgid())):
                arguments = ["0", str(own), "1", "1", str(self._users.first), str(self._users.count)]
                process = await asyncio.create_subprocess_exec(tool, str(pid), *arguments)
                if await process.wait():
                    raise ParentRefused(f"{tool} refused the mapping")
            return
        assert self._users.parent_uid is not None  # noqa: S101 - only root maps itself
        _write_maps(pid, self._users.lines(self._users.parent_uid))

    # --- speaking -------------------------------------------------------------------------------

    def tell(self, message: Mapping[str, Any]) -> None:
        """Send one datagram; a parent that does not read is a lost parent."""
        if self._channel is None:
            return
        try:
            self._channel.send(json.dumps(message).encode())
        except (BlockingIOError, OSError):
            self._lose()

    def ask_child(
        self, wishes: Mapping[str, Any] | None = None, made_for: "asyncio.Future[Child] | None" = None
    ) -> None:
        """Ask for one more child; when it is parked it comes to `made_for`, or else to `on_child`."""
        self._number += 1
        self.forks += 1
        self._asked[self._number] = asyncio.get_running_loop().time()
        if made_for is not None:
            self._made_for[self._number] = made_for
        self.tell({"do": "fork", "run": self._number, **(wishes or {})})

    def hangs(self) -> bool:
        """Whether a request has been waiting longer than any healthy parent needs."""
        now = asyncio.get_running_loop().time()
        return any(now - asked > ANSWER_TIMEOUT_S for asked in self._asked.values())

    # --- hearing --------------------------------------------------------------------------------

    def _on_readable(self) -> None:
        while self._channel is not None:
            try:
                data, descriptors, _, _ = socket.recv_fds(self._channel, _MAX_DATAGRAM, _MAX_DESCRIPTORS)
            except BlockingIOError:
                return
            except OSError:
                data, descriptors = b"", []
            if not data:
                self._lose()
                return
            self._hear(json.loads(data), descriptors)

    def _hear(self, message: dict[str, Any], descriptors: list[int]) -> None:
        number = message["run"]
        match message["event"]:
            case "forked":
                self._adopt(number, descriptors)
            case "unforked":
                self._fail(number, message["why"])
            case "gone":
                self._children.pop(number, None)
            case _:
                self._pass_on(number, message)

    def _fail(self, number: int, why: str) -> None:
        """A child that did not come; the pool asks again on its own clock, one made for a run tells the run."""
        self._asked.pop(number, None)
        if why != self.last_fault:
            _LOG.error("a child could not be made: %s", why)
        self.last_fault = why
        waiting = self._made_for.pop(number, None)
        if waiting and not waiting.done():
            waiting.set_exception(SandboxUnavailable(f"the sandbox failed: {why}"))

    def _pass_on(self, number: int, message: Mapping[str, Any]) -> None:
        child = self._children.get(number)
        if child is None:
            return
        child.ended = child.ended or message["event"] == "exited"
        if child.heard:
            child.heard(message)

    def _adopt(self, number: int, descriptors: list[int]) -> None:
        control = socket.socket(fileno=descriptors[0])
        control.setblocking(False)
        for fd in descriptors[1:3]:
            os.set_blocking(fd, False)
        first = descriptors[4] if len(descriptors) > 4 else None  # noqa: PLR2004 - only with a PID namespace
        child = Child(number, self, control, descriptors[1], descriptors[2], descriptors[3], first)
        if first is None:
            child.group = child.host_pid()
        self._children[number] = child
        asyncio.get_running_loop().add_reader(control.fileno(), self._parked, child)

    def _parked(self, child: Child) -> None:
        """The child's first frame: it is armed and waits, or it failed."""
        asyncio.get_running_loop().remove_reader(child.control.fileno())
        try:
            frame, descriptors, _, _ = socket.recv_fds(child.control, _MAX_DATAGRAM, 1)
            child.listener = descriptors[0] if descriptors else None
            message: dict[str, Any] = json.loads(frame[4:]) if len(frame) > 4 else {"type": "fault"}  # noqa: PLR2004 - length prefix
        except (OSError, ValueError):
            message = {"type": "fault", "why": "no answer"}
        if message.pop("type") != "parked":
            self._fail(child.number, str(message.get("why", "the child ended while it was being armed")))
            child.kill()
            child.close()
            return
        child.birth = message
        self._asked.pop(child.number, None)
        waiting = self._made_for.pop(child.number, None)
        if waiting is None:
            self._on_child(child)
        elif not waiting.done():
            waiting.set_result(child)
        else:
            child.kill()  # the run that wanted it is gone
            child.close()

    # --- ending ---------------------------------------------------------------------------------

    def _lose(self) -> None:
        """The parent is gone: the kernel has ended its runs, whoever waits for them must hear it."""
        if self.lost:
            return
        self.lost = True
        self._close_channel()
        self._end_groups()
        for child in list(self._children.values()):
            if child.heard:
                child.heard({"event": "lost", "run": child.number})
        for number in list(self._made_for):
            self._fail(number, "the parent ended")
        self._on_lost(self)

    def _end_groups(self) -> None:
        """Where no PID namespace ends the runs with their parent, their process groups are ended."""
        for child in self._children.values():
            if child.group is not None:
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.killpg(child.group, signal.SIGKILL)

    def _close_channel(self) -> None:
        if self._channel is not None:
            asyncio.get_running_loop().remove_reader(self._channel.fileno())
            self._channel.close()
            self._channel = None

    async def stop(self) -> None:
        """End the parent and with it everything it made."""
        self.lost = True
        self._close_channel()
        if self._process is None or self._ended is None:
            return
        self._end_groups()
        if self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
        await asyncio.shield(self._ended)


def _write_maps(pid: int, lines: str) -> None:
    for name in ("uid_map", "gid_map"):
        Path(f"/proc/{pid}/{name}").write_text(lines)


def _pid_of(pidfd: int) -> int | None:
    try:
        found = _PID.search(read_small(f"/proc/self/fdinfo/{pidfd}"))
    except OSError:
        return None
    return int(found[1]) if found else None
