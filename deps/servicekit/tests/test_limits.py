import asyncio
import gzip
import os
import socket
from pathlib import Path

import pytest

from deps.servicekit.tests.example import example_app
from deps.servicekit.tests.raw import HANG_S, connected, head
from servicekit.testing import assert_problem, serving

MB = 1 << 20


def resident_bytes(pid: int | str = "self") -> int:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE")


async def flood(connection, chunk: bytes, count: int) -> None:
    try:
        for _ in range(count):
            await connection.send(chunk)
    except ConnectionError:
        return


async def test_a_body_of_50_mb_is_a_413_and_costs_no_memory(client):
    before = resident_bytes()
    async with connected(client.base_url) as connection:
        await connection.send(
            head("POST", "/api/things", Content_Type="application/json", Content_Length=str(50 * MB))
        )
        sending = asyncio.create_task(flood(connection, b"x" * 65536, 50 * 16))
        reply = await connection.reply()
        await sending

    assert_problem(reply, 413, "body_too_large")
    assert reply.headers["Connection"] == "close"
    assert resident_bytes() - before < 20 * MB


async def test_a_client_that_first_sends_all_50_mb_still_reads_its_413(client):
    reply = await client.request(
        "POST", "/api/things", body=b" " * (50 * MB), headers={"Content-Type": "application/json"}
    )

    assert_problem(reply, 413, "body_too_large")


def send_all_then_read(port: int, data: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", port)) as client:
        client.sendall(data)
        return client.recv(65536)


async def test_a_refused_client_may_finish_sending_before_it_reads(client):
    request = head("POST", "/api/things", Content_Length=str(30 * MB)).encode() + b"x" * (30 * MB)

    found = await asyncio.to_thread(send_all_then_read, int(client.base_url.rpartition(":")[2]), request)

    assert found.startswith(b"HTTP/1.1 413 ")


async def test_a_body_just_over_the_limit_keeps_the_connection(client):
    async with connected(client.base_url) as connection:
        await connection.send(
            head("POST", "/api/nothing", Content_Length="9") + "x" * 9 + head("GET", "/api/things")
        )

        assert [(await connection.reply()).status for _ in range(2)] == [404, 200]


async def test_a_client_that_asks_first_is_spared_the_upload(client):
    async with connected(client.base_url) as connection:
        await connection.send(head("POST", "/api/things", Content_Length=str(50 * MB), Expect="100-continue"))

        assert_problem(await connection.reply(), 413, "body_too_large")
        assert await connection.closed_by_peer()


async def test_a_chunked_bomb_is_cut_off(client):
    before = resident_bytes()
    async with connected(client.base_url) as connection:
        await connection.send(head("POST", "/api/things", Transfer_Encoding="chunked"))
        sending = asyncio.create_task(flood(connection, b"10000\r\n" + b"x" * 65536 + b"\r\n", 16 * 100))
        reply = await connection.reply()
        assert_problem(reply, 413, "body_too_large")
        await sending

    assert resident_bytes() - before < 20 * MB


async def test_a_chunked_body_within_the_limit_is_read(client):
    async with connected(client.base_url) as connection:
        await connection.send(
            head("POST", "/api/things", Transfer_Encoding="chunked", Content_Type="application/json")
        )
        for piece in (b'{"na', b'me": "', b'Ada"}'):
            await connection.send(b"%x\r\n%s\r\n" % (len(piece), piece))
        await connection.send("0\r\n\r\n")

        assert (await connection.reply()).json()["name"] == "Ada"


async def test_an_announced_petabyte_is_refused(client):
    for length in ("1125899906842625", "9" * 18, "9" * 40):
        async with connected(client.base_url) as connection:
            await connection.send(head("POST", "/api/things", Content_Length=length))
            assert_problem(await connection.reply(), 413, "body_too_large")
            async with asyncio.timeout(HANG_S):
                await connection.reader.read()


async def test_a_compressed_body_is_refused(client):
    body = gzip.compress(b" " * 10 * MB)

    reply = await client.request(
        "POST",
        "/api/things",
        body=body,
        headers={"Content-Encoding": "gzip", "Content-Type": "application/json"},
    )

    assert_problem(reply, 415, "unsupported_media_type")


async def test_a_body_that_does_not_arrive_is_a_408(journal):
    async with (
        serving(example_app(journal, body_timeout_s=0.2)) as client,
        connected(client.base_url) as connection,
    ):
        await connection.send(
            head("POST", "/api/things", Content_Length="100", Content_Type="application/json") + "{"
        )

        assert_problem(await connection.reply(), 408, "request_timeout")
        assert await connection.closed_by_peer()


async def test_a_refused_client_that_goes_on_sending_is_cut_off(client):
    async with connected(client.base_url) as connection:
        await connection.send(head("POST", "/api/things", Content_Length=str(500 * MB)))
        assert (await connection.reply()).status == 413

        async with asyncio.timeout(HANG_S):
            with pytest.raises(ConnectionError):
                await trickle(connection)


async def test_slow_clients_do_not_hold_up_others(client):
    answered = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        for _ in range(50):
            group.create_task(_drip(client, answered))
        for _ in range(20):
            assert (await client.request("GET", "/api/things", timeout_s=HANG_S)).status == 200
        answered.set()


async def trickle(connection):
    while True:
        await connection.send(b"x" * 1000)
        await asyncio.sleep(0.01)


async def _drip(client, answered):
    """A request that does not end before the others have been answered."""
    async with connected(client.base_url) as connection:
        await connection.send("GET /")
        while not answered.is_set():
            await connection.send("x")
            await asyncio.sleep(0.02)
