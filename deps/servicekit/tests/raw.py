"""Bytes on a socket, for what no well-behaved client would send."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from servicekit.testing import Reply

HANG_S = 60.0  # a wait this long is a hang; what a test asserts does not depend on the machine's speed


@dataclass
class Connection:
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def send(self, data: bytes | str) -> None:
        self.writer.write(data.encode() if isinstance(data, str) else data)
        await self.writer.drain()

    async def reply(self, *, timeout_s: float = HANG_S) -> Reply:
        async with asyncio.timeout(timeout_s):
            head = (await self.reader.readuntil(b"\r\n\r\n")).decode()
            lines = head.split("\r\n")
            headers = {
                name.title(): value for name, _, value in (line.partition(": ") for line in lines[1:] if line)
            }
            headers = {**headers, "X-Request-ID": headers.get("X-Request-Id", "")}
            body = await self.reader.readexactly(int(headers.get("Content-Length", "0")))
        return Reply(int(lines[0].split()[1]), headers, body)

    async def closed_by_peer(self, *, timeout_s: float = HANG_S) -> bool:
        async with asyncio.timeout(timeout_s):
            with contextlib.suppress(ConnectionError):
                return await self.reader.read(1) == b""
            return True


@contextlib.asynccontextmanager
async def connected(base_url: str) -> AsyncIterator[Connection]:
    parts = urlsplit(base_url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    try:
        yield Connection(reader, writer)
    finally:
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


def head(method: str, path: str, **headers: str) -> str:
    lines = [f"{method} {path} HTTP/1.1", "Host: localhost"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines) + "\r\n\r\n"


def post(path: str, value: object, **headers: str) -> str:
    body = json.dumps(value)
    return (
        head("POST", path, Content_Type="application/json", Content_Length=str(len(body)), **headers) + body
    )


async def until(condition, *, deadline_s: float = HANG_S) -> None:
    async with asyncio.timeout(deadline_s):
        while not condition():
            await asyncio.sleep(0.01)
