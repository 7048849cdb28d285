"""Files larger than memory should be: in and out as a stream."""

import asyncio
import hashlib
import re
from collections.abc import AsyncIterator
from pathlib import Path

from dataflowtools.tests.multipart_bodies import BOUNDARY, Form
from dataflowtools.tests.service.test_crashes import ARGV, environment
from servicekit.testing import Service, spawn_service

BLOCK = bytes(range(256)) * 4096  # 1 MiB
SIZE_BYTES = 600 * len(BLOCK)
MAY_GROW_BYTES = 48 * 1024**2


async def test_a_large_file_goes_in_and_out_in_flat_memory(tmp_path, record_property):
    async with spawn_service(ARGV, env=environment(tmp_path)) as service:
        await service.request("GET", "/api/file/list")
        before = peak_bytes(service)
        file_id = await send(service)
        up = peak_bytes(service) - before
        assert await receive(service, file_id) == expected_sha256()
        down = peak_bytes(service) - before
        record_property("peak growth in MiB", (up >> 20, down >> 20))
        assert max(up, down) < MAY_GROW_BYTES
        assert (await service.request("GET", "/api/health")).status == 200


def peak_bytes(service: Service) -> int:
    status = Path(f"/proc/{service.process.pid}/status").read_text()
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    assert found
    return int(found[1]) * 1024


def expected_sha256() -> str:
    digest = hashlib.sha256()
    for _ in range(SIZE_BYTES // len(BLOCK)):
        digest.update(BLOCK)
    return digest.hexdigest()


async def blocks() -> AsyncIterator[bytes]:
    for _ in range(SIZE_BYTES // len(BLOCK)):
        yield BLOCK


async def send(service: Service) -> str:
    reader, writer = await connect(service)
    start = Form().file("large.bin", b"").parts[0][:-2]
    end = f"\r\n--{BOUNDARY}--\r\n".encode()
    writer.write(
        b"POST /api/file/upload HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n"
        + f"Content-Length: {len(start) + SIZE_BYTES + len(end)}\r\n".encode()
        + f"Content-Type: multipart/form-data; boundary={BOUNDARY}\r\n\r\n".encode()
        + start
    )
    async for block in blocks():
        writer.write(block)
        await writer.drain()
    writer.write(end)
    reply = (await reader.read()).decode()
    writer.close()
    assert " 201 " in reply.partition("\r\n")[0], reply
    assert f'"size":{SIZE_BYTES}' in reply
    found = re.search(r'"file_id":"(\w+)"', reply)
    assert found
    return found[1]


async def receive(service: Service, file_id: str) -> str:
    reader, writer = await connect(service)
    request = f"GET /api/file/download/{file_id} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
    writer.write(request.encode())
    await reader.readuntil(b"\r\n\r\n")
    digest = hashlib.sha256()
    while chunk := await reader.read(1 << 20):
        digest.update(chunk)
    writer.close()
    return digest.hexdigest()


async def connect(service: Service) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    return await asyncio.open_connection("127.0.0.1", int(service.base_url.rpartition(":")[2]), limit=1 << 22)
