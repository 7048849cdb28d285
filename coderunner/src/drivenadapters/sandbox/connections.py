"""Makes the connections that runs ask for: the kernel hands over each connect(), and only this process dials.

A run lives in a network namespace without interfaces. Where the operator has opened the network, its filter passes
connect() to a descriptor that the service holds. The address is copied out of the run's memory once, held against
the allowlist, dialled from here, and the connected socket is put in the place of the run's own. What the run does
with its memory meanwhile changes nothing.
"""

import asyncio
import errno
import fcntl
import ipaddress
import logging
import os
import select
import socket
import struct
from collections.abc import Callable
from pathlib import Path

_LOG = logging.getLogger(__name__)
_RECEIVE, _SEND, _STILL_VALID, _ADD_DESCRIPTOR = 0xC0502100, 0xC0182101, 0x40082102, 0x40182103
_NOTICE = struct.Struct("=QIIiIQ6Q")  # id, pid, flags; nr, arch, instruction pointer, six arguments
_ANSWER = struct.Struct("=QqiI")  # id, value, error, flags
_DESCRIPTOR = struct.Struct("=QIIII")  # id, flags, ours, theirs, flags of theirs
_SET_NUMBER = 1
_MOST_ADDRESS_BYTES = 128
_DIAL_TIMEOUT_S = 10.0
_MOST_DIALLING = 16

Allows = Callable[[str, int], bool]


class Connections:
    """Decides and makes the connections of one run, until it is over."""

    def __init__(self, listener: int, allows: Allows) -> None:
        self._listener = listener
        self._allows = allows
        self._loop = asyncio.get_running_loop()
        self._dialling: set[asyncio.Task[None]] = set()
        self._poll = select.poll()
        self._poll.register(listener, select.POLLIN)
        self._loop.add_reader(listener, self._on_notice)

    def close(self) -> None:
        """No connection from here on; those that the run has are its own."""
        self._loop.remove_reader(self._listener)
        for task in self._dialling:
            task.cancel()
        os.close(self._listener)

    def _on_notice(self) -> None:
        if not any(events & select.POLLIN for _, events in self._poll.poll(0)):
            self._loop.remove_reader(self._listener)  # the run's last process is gone
            return
        notice = bytearray(_NOTICE.size)
        try:
            fcntl.ioctl(self._listener, _RECEIVE, notice, True)
        except OSError:
            return  # the caller ended before we looked
        number, pid, _, _, _, _, descriptor, address, length, *_ = _NOTICE.unpack(notice)
        if len(self._dialling) >= _MOST_DIALLING:
            self._answer(number, errno.EAGAIN)
            return
        task = self._loop.create_task(self._decide(number, pid, descriptor, address, length))
        self._dialling.add(task)
        task.add_done_callback(self._dialling.discard)

    async def _decide(self, number: int, pid: int, descriptor: int, address: int, length: int) -> None:
        try:
            host, port = _parsed(_read(pid, address, min(length, _MOST_ADDRESS_BYTES)))
            blocking = _is_blocking(pid, descriptor)
        except (OSError, ValueError):
            self._answer(number, errno.EAFNOSUPPORT)
            return
        if not self._is_valid(number):
            return  # what we read may have been another process's memory
        if not self._allows(host, port):
            _LOG.info("a run asked for a connection that the allowlist does not name")
            self._answer(number, errno.EACCES)
            return
        with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as ours:
            ours.setblocking(False)
            try:
                async with asyncio.timeout(_DIAL_TIMEOUT_S):
                    await self._loop.sock_connect(ours, (host, port))
            except TimeoutError:
                self._answer(number, errno.ETIMEDOUT)
                return
            except OSError as refusal:
                self._answer(number, refusal.errno or errno.ECONNREFUSED)
                return
            ours.setblocking(blocking)
            self._hand_over(number, ours.fileno(), descriptor)

    def _hand_over(self, number: int, ours: int, theirs: int) -> None:
        request = _DESCRIPTOR.pack(number, _SET_NUMBER, ours, theirs, os.O_CLOEXEC)
        try:
            fcntl.ioctl(self._listener, _ADD_DESCRIPTOR, request)
        except OSError as refusal:
            self._answer(number, refusal.errno or errno.EBADF)
        else:
            self._answer(number, 0)

    def _is_valid(self, number: int) -> bool:
        try:
            fcntl.ioctl(self._listener, _STILL_VALID, struct.pack("=Q", number))
        except OSError:
            return False
        return True

    def _answer(self, number: int, error: int) -> None:
        try:
            fcntl.ioctl(self._listener, _SEND, bytearray(_ANSWER.pack(number, 0, -error, 0)), True)
        except OSError as refusal:
            if refusal.errno != errno.ENOENT:  # the caller ended meanwhile
                raise


def _read(pid: int, address: int, length: int) -> bytes:
    with Path(f"/proc/{pid}/mem").open("rb", buffering=0) as memory:
        memory.seek(address)
        return memory.read(length)


def _parsed(address: bytes) -> tuple[str, int]:
    """Host and port of a socket address; ValueError for families that are not the internet's."""
    if len(address) < struct.calcsize("=HH4s"):
        raise ValueError("too short")
    (family,) = struct.unpack_from("=H", address)
    (port,) = struct.unpack_from("!H", address, 2)
    if family == socket.AF_INET:
        return socket.inet_ntop(family, address[4:8]), port
    if family != socket.AF_INET6 or len(address) < struct.calcsize("=HHI16s"):
        raise ValueError("not an internet address")
    found = ipaddress.IPv6Address(address[8:24])
    return str(found.ipv4_mapped or found), port


def _is_blocking(pid: int, descriptor: int) -> bool:
    """How the run's own socket is set; ValueError for a descriptor that is no socket."""
    if not str(Path(f"/proc/{pid}/fd/{descriptor}").readlink()).startswith("socket:"):
        raise ValueError("not a socket")
    text = Path(f"/proc/{pid}/fdinfo/{descriptor}").read_text()
    flags = next(int(line.split()[1], 8) for line in text.splitlines() if line.startswith("flags:"))
    return not flags & os.O_NONBLOCK
