"""The frames between the service and a worker: one kind byte, a length, and JSON or bytes."""

import asyncio
import json
import socket
import struct
from typing import Any, Literal, NamedTuple

HEADER = struct.Struct(">cQ")
MAX_MESSAGE_BYTES = 64 * 1024 * 1024
MAX_DESCRIPTORS = 16
_DESCRIPTOR_BYTES = 4
Kind = Literal[b"J", b"B"]


class FrameError(Exception):
    """The other side sent what is no frame, or more than it may."""


class Frame(NamedTuple):
    """One frame: a decoded message, or a blob."""

    message: dict[str, Any] | None
    blob: bytes


def encode(message: dict[str, Any]) -> bytes:
    """Write a message as a frame."""
    body = json.dumps(message, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode(
        errors="surrogatepass"
    )
    return HEADER.pack(b"J", len(body)) + body


def decode(kind: bytes, body: bytes) -> Frame:
    """Read a frame's body by its kind."""
    if kind == b"B":
        return Frame(None, body)
    try:
        message = json.loads(body.decode(errors="surrogatepass"))
    except (ValueError, RecursionError) as exc:
        raise FrameError("a message that is no JSON") from exc
    if kind != b"J" or not isinstance(message, dict):
        raise FrameError("a frame of no known kind")
    return Frame(message, b"")


async def receive(connection: socket.socket, limit_bytes: int) -> Frame:
    """Read one frame on the service's side; EOFError when the worker is gone."""
    kind, length = HEADER.unpack(await _receive_exactly(connection, HEADER.size))
    if length > (limit_bytes if kind == b"B" else MAX_MESSAGE_BYTES):
        raise FrameError(f"a frame of {length} bytes")
    return decode(kind, await _receive_exactly(connection, length))


async def _receive_exactly(connection: socket.socket, length: int) -> bytes:
    loop = asyncio.get_running_loop()
    body = bytearray()
    while len(body) < length:
        chunk = await loop.sock_recv(connection, min(1 << 20, length - len(body)))
        if not chunk:
            raise EOFError
        body += chunk
    return bytes(body)


async def send(connection: socket.socket, message: dict[str, Any], descriptors: list[int]) -> None:
    """Send a message with descriptors on the service's side."""
    data = encode(message)
    if descriptors:
        # A connected pair with nothing in flight has room for one header, so this does not block.
        socket.send_fds(connection, [data[: HEADER.size]], descriptors)
        data = data[HEADER.size :]
    await asyncio.get_running_loop().sock_sendall(connection, data)


def receive_job(connection: socket.socket) -> tuple[dict[str, Any], list[int]]:
    """Wait for a message and its descriptors on the worker's side; EOFError when the service is gone."""
    head, descriptors, _, _ = socket.recv_fds(connection, HEADER.size, MAX_DESCRIPTORS)
    while len(head) < HEADER.size:
        head += _read(connection, HEADER.size - len(head))
    kind, length = HEADER.unpack(head)
    body = bytearray()
    while len(body) < length:
        body += _read(connection, length - len(body))
    message = decode(kind, bytes(body)).message
    if message is None:
        raise FrameError("a blob where a job was expected")
    return message, descriptors


def _read(connection: socket.socket, length: int) -> bytes:
    chunk = connection.recv(min(1 << 20, length))
    if not chunk:
        raise EOFError
    return chunk


def send_blob(connection: socket.socket, blob: bytes) -> None:
    """Send bytes on the worker's side."""
    connection.sendall(HEADER.pack(b"B", len(blob)))
    connection.sendall(blob)
