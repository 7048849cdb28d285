import asyncio
import json

import pytest

from deps.servicekit.tests.raw import HANG_S, connected, head, post, until
from servicekit.testing import assert_problem

MB = 1 << 20


async def test_a_client_that_leaves_cancels_its_work(app, client, journal):
    async with connected(client.base_url) as connection:
        await connection.send(post("/api/wait", {}))
        await asyncio.wait_for(journal.started.wait(), HANG_S)

    await asyncio.wait_for(journal.cancelled.wait(), HANG_S)
    await until(lambda: app.settings["kit"].in_flight == 0)


async def test_a_handler_may_finish_although_the_client_left(app, client, journal):
    async with connected(client.base_url) as connection:
        await connection.send(post("/api/stubborn", {}))
        await asyncio.wait_for(journal.started.wait(), HANG_S)

    await asyncio.wait_for(journal.finished.wait(), HANG_S)
    await until(lambda: app.settings["kit"].in_flight == 0)


async def test_a_client_that_leaves_within_its_body_leaves_nothing_behind(app, client, caplog):
    for path in ("/api/things", "/api/files", "/api/nothing"):
        async with connected(client.base_url) as connection:
            await connection.send(head("POST", path, Content_Length="1000") + "x" * 10)
            await until(lambda: app.settings["kit"].in_flight == 1)
        await until(lambda: app.settings["kit"].in_flight == 0)
    assert [record for record in caplog.records if record.levelno > 20] == []


async def read_until(connection, text: bytes) -> bytes:
    found = b""
    async with asyncio.timeout(HANG_S):
        while text not in found:
            found += await connection.reader.read(65536)
    return found


async def test_events_arrive_as_they_happen(client, journal):
    async with connected(client.base_url) as connection:
        await connection.send(head("GET", "/api/events/held"))
        first = await read_until(connection, b"id: 1\nevent: state\ndata: {")
        assert b"Content-Type: text/event-stream" in first
        assert b"X-Accel-Buffering: no" in first
        await read_until(connection, b": keep-alive\n\n")
        journal.released.set()
        rest = await read_until(connection, b"0\r\n\r\n")

    assert b"id: 2\nevent: end\ndata: two\ndata: lines\n\n" in rest


@pytest.mark.parametrize(("kind", "code"), [("fail", "no_such_thing"), ("bug", "internal_error")])
async def test_an_error_amid_events_is_told_as_an_event(client, kind, code):
    async with connected(client.base_url) as connection:
        await connection.send(head("GET", f"/api/events/{kind}"))
        found = await read_until(connection, b"0\r\n\r\n")

    data = found.partition(b"event: error\ndata: ")[2].partition(b"\n")[0]
    assert json.loads(data)["code"] == code
    assert b"secret" not in found


async def test_events_wait_for_a_client_that_does_not_read(app, client, journal):
    async with connected(client.base_url) as connection:
        await connection.send(head("GET", "/api/events/flood"))
        await until(lambda: journal.received > 0)
        held = -1
        while held != journal.received:
            held = journal.received
            await asyncio.sleep(0.2)

        assert held < 20 * MB
    await until(lambda: app.settings["kit"].in_flight == 0)


async def test_head_of_an_event_stream_ends(client):
    reply = await client.request("HEAD", "/api/events/few", timeout_s=HANG_S)

    assert (reply.status, reply.headers["Content-Type"]) == (200, "text/event-stream")


async def test_an_upload_is_taken_while_it_arrives(client, journal):
    async with connected(client.base_url) as connection:
        await connection.send(head("POST", "/api/files", Content_Length="20") + "x" * 10)
        await asyncio.wait_for(journal.started.wait(), HANG_S)
        await connection.send("y" * 10)

        assert (await connection.reply()).json() == {"bytes": 20}


async def test_a_large_upload_is_counted_whole(client):
    reply = await client.request("POST", "/api/files", body=b"x" * (40 * MB))

    assert (reply.status, reply.json()) == (201, {"bytes": 40 * MB})


@pytest.mark.parametrize("size", [0, 1])
async def test_small_uploads_are_uploads(client, size):
    reply = await client.request("POST", "/api/files", body=b"x" * size)

    assert (reply.status, reply.json()) == (201, {"bytes": size})


async def test_an_upload_over_its_limit_is_cancelled_and_a_413(client, journal):
    chunk = b"100000\r\n" + b"x" * MB + b"\r\n"
    async with connected(client.base_url) as connection:
        await connection.send(head("POST", "/api/files", Transfer_Encoding="chunked"))
        for _ in range(65):
            await connection.send(chunk)

        assert_problem(await connection.reply(), 413, "body_too_large")
    assert journal.cancelled.is_set()


async def test_an_upload_that_stalls_is_cancelled_and_a_408(client, journal):
    async with connected(client.base_url) as connection:
        await connection.send(head("POST", "/api/files", Content_Length="20") + "x" * 10)

        assert_problem(await connection.reply(), 408, "request_timeout")
    await asyncio.wait_for(journal.cancelled.wait(), HANG_S)


async def test_an_upload_that_goes_on_slowly_is_not_a_stall(client):
    async with connected(client.base_url) as connection:
        await connection.send(head("POST", "/api/files", Content_Length=str(10 * 4096)))
        for _ in range(10):
            await connection.send("x" * 4096)
            await asyncio.sleep(0.25)

        assert (await connection.reply()).json() == {"bytes": 40960}


async def test_a_client_that_leaves_its_upload_cancels_it(client, journal):
    async with connected(client.base_url) as connection:
        await connection.send(head("POST", "/api/files", Content_Length="20") + "x" * 10)
        await asyncio.wait_for(journal.started.wait(), HANG_S)

    await asyncio.wait_for(journal.cancelled.wait(), HANG_S)


@pytest.mark.parametrize("size", [10, 30 * MB])
async def test_an_upload_that_is_refused_at_once_gets_its_reason(client, size):
    reply = await client.request("POST", "/api/files?refuse=1", body=b"x" * size)

    assert_problem(reply, 404, "no_such_thing")


async def test_a_download_is_named_and_harmless(client, journal):
    reply = await client.request("GET", "/api/files")

    assert len(reply.body) == 3 * 65536
    disposition = reply.headers["Content-Disposition"]
    assert disposition == "attachment; filename=\"_ _1_.csv\"; filename*=UTF-8''%E8%A1%A8%20%221%22.csv"
    assert reply.headers["X-Content-Type-Options"] == "nosniff"
    assert journal.finished.is_set()


async def test_leaving_a_download_closes_its_source(client, journal):
    async with connected(client.base_url) as connection:
        await connection.send(head("GET", "/api/files?chunks=100000"))
        await read_until(connection, b"xxx")

    await asyncio.wait_for(journal.finished.wait(), HANG_S)


async def test_a_download_that_fails_is_cut_short_and_never_looks_whole(client):
    async with connected(client.base_url) as connection:
        await connection.send(head("GET", "/api/files?fail=1"))
        async with asyncio.timeout(HANG_S):
            found = await connection.reader.read()

    assert not found.endswith(b"0\r\n\r\n")
