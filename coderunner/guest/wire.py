"""How service, parents and children talk: length-prefixed JSON on streams, JSON datagrams with descriptors."""

from __future__ import annotations

import json
import os
import socket
import struct
from typing import Any

Message = dict[str, Any]
CONTROL_FD = 3
MAX_DATAGRAM_BYTES = 64 * 1024
MAX_DESCRIPTORS = 8
_LENGTH = struct.Struct(">I")


def encode(message: Message, token: bytes = b"") -> bytes:
    """One frame: length, the run's token, JSON."""
    payload = token + json.dumps(message, separators=(",", ":")).encode()
    return _LENGTH.pack(len(payload)) + payload


def read_frame(fd: int, max_bytes: int) -> bytes:
    """The payload of the next frame; EOFError when the other side is gone or the frame is too large."""
    (length,) = _LENGTH.unpack(_read_exactly(fd, _LENGTH.size))
    if length > max_bytes:
        message = f"a frame of {length} bytes is larger than {max_bytes}"
        raise EOFError(message)
    return _read_exactly(fd, length)


def read_json(fd: int, max_bytes: int) -> Message:
    message: Message = json.loads(read_frame(fd, max_bytes))
    return message


def _read_exactly(fd: int, count: int) -> bytes:
    chunks: list[bytes] = []
    while count:
        chunk = os.read(fd, min(count, 1 << 20))
        if not chunk:
            raise EOFError
        chunks.append(chunk)
        count -= len(chunk)
    return b"".join(chunks)


def write_all(fd: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]


def send_message(channel: socket.socket, message: Message, descriptors: list[int] | None = None) -> None:
    socket.send_fds(channel, [json.dumps(message).encode()], descriptors or [])


def receive_message(channel: socket.socket) -> tuple[Message, list[int]] | None:
    """The next datagram and its descriptors; None when the other side is gone."""
    try:
        data, descriptors, _, _ = socket.recv_fds(channel, MAX_DATAGRAM_BYTES, MAX_DESCRIPTORS)
    except ConnectionResetError:
        return None
    if not data:
        return None
    return json.loads(data), descriptors
