"""GET and HEAD /api/file/download/{file_id}."""

import asyncio
import email
import secrets

import pytest

from dataflowtools.tests.http_service import blobs_in, make_keys, running, stored
from servicekit.testing import assert_problem

BODY = bytes(range(256)) * 1000


@pytest.fixture
async def path(client) -> str:
    return f"/api/file/download/{(await stored(client, '表 %.bin', BODY))['file_id']}"


async def get(client, path: str, method: str = "GET", **headers: str):
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return await client.request(method, path, headers=named)


async def test_a_file_comes_whole_and_harmless(client, path):
    reply = await get(client, path)
    assert (reply.status, reply.body) == (200, BODY)
    assert reply.headers["Content-Length"] == str(len(BODY))
    assert reply.headers["X-Content-Type-Options"] == "nosniff"
    assert set(reply.headers["Content-Security-Policy"].split("; ")) == {"default-src 'none'", "sandbox"}
    assert (
        reply.headers["Content-Disposition"]
        == "attachment; filename=\"_ _.bin\"; filename*=UTF-8''%E8%A1%A8%20%25.bin"
    )
    assert reply.headers["Accept-Ranges"] == "bytes"
    assert reply.headers["Cache-Control"] == "private, no-cache"


async def test_html_is_never_shown_in_place(client):
    file = await stored(client, "page.html", b"<html><script>alert(1)</script></html>")
    reply = await get(client, f"/api/file/download/{file['file_id']}")
    assert reply.headers["Content-Type"].startswith("text/html")
    assert reply.headers["Content-Disposition"].startswith("attachment;")
    assert reply.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in reply.headers["Content-Security-Policy"]


async def test_head_tells_the_same_without_the_bytes(client, path):
    whole, head = await get(client, path), await get(client, path, "HEAD", Range="bytes=0-1")
    assert (head.status, head.body) == (200, b"")
    for name in ("Content-Length", "ETag", "Last-Modified", "Content-Disposition", "Content-Type"):
        assert head.headers[name] == whole.headers[name]


@pytest.mark.parametrize(
    ("asked", "first", "last"),
    [
        ("bytes=0-0", 0, 0),
        ("bytes=5-9", 5, 9),
        ("bytes=255990-", 255990, 255999),
        ("bytes=-10", 255990, 255999),
        ("bytes=0-999999999", 0, 255999),
        ("bytes=-999999999", 0, 255999),
        ("bytes = 3-4", 3, 4),
        ("bytes=10-19,20-29", 10, 29),
        ("bytes=10-19,15-40,900000-", 10, 40),
    ],
)
async def test_a_range_is_answered_with_that_part(client, path, asked, first, last):
    reply = await get(client, path, Range=asked)
    assert (reply.status, reply.body) == (206, BODY[first : last + 1])
    assert reply.headers["Content-Range"] == f"bytes {first}-{last}/256000"
    assert reply.headers["Content-Length"] == str(last - first + 1)


async def test_several_ranges_come_in_parts(client, path):
    reply = await get(client, path, Range="bytes=0-9, 100-109, -5")
    assert reply.status == 206
    assert int(reply.headers["Content-Length"]) == len(reply.body)
    message = email.message_from_bytes(
        b"Content-Type: " + reply.headers["Content-Type"].encode() + b"\r\n\r\n" + reply.body
    )
    parts = message.get_payload()
    assert [part["Content-Range"] for part in parts] == [
        "bytes 0-9/256000",
        "bytes 100-109/256000",
        "bytes 255995-255999/256000",
    ]
    boundary = reply.headers["Content-Type"].partition("boundary=")[2].encode()
    bodies = [part.partition(b"\r\n\r\n")[2] for part in reply.body.split(b"\r\n--" + boundary)[1:-1]]
    assert bodies == [BODY[0:10], BODY[100:110], BODY[-5:]]


@pytest.mark.parametrize("asked", ["bytes=256000-", "bytes=-0", "bytes=999999-1000000"])
async def test_a_range_outside_is_a_416_with_the_size(client, path, asked):
    reply = await get(client, path, Range=asked)
    assert_problem(reply, 416, "range_not_satisfiable")
    assert reply.headers["Content-Range"] == "bytes */256000"


@pytest.mark.parametrize(
    "asked",
    [
        "lines=1-2",
        "bytes=5-3",
        "bytes=a-b",
        "bytes=",
        "bytes=-",
        "bytes",
        "bytes=" + "0-1," * 20,
        "bytes=" + "9" * 400 + "-",
    ],
)
async def test_a_range_that_makes_no_sense_is_ignored(client, path, asked):
    reply = await get(client, path, Range=asked)
    assert (reply.status, len(reply.body)) == (200, len(BODY))


async def test_no_range_of_an_empty_file_is_satisfiable(client):
    file = await stored(client, "empty.txt", b"")
    reply = await get(client, f"/api/file/download/{file['file_id']}", Range="bytes=0-")
    assert_problem(reply, 416, "range_not_satisfiable")


async def test_what_the_client_has_is_not_sent_again(client, path):
    whole = await get(client, path)
    etag, modified = whole.headers["ETag"], whole.headers["Last-Modified"]
    for headers in (
        {"If_None_Match": etag},
        {"If_None_Match": f'"x", W/{etag}'},
        {"If_None_Match": "*"},
        {"If_Modified_Since": modified},
    ):
        reply = await get(client, path, **headers)
        assert (reply.status, reply.body, reply.headers["ETag"]) == (304, b"", etag)
    for headers in (
        {"If_None_Match": '"other"'},
        {"If_None_Match": '"other"', "If_Modified_Since": modified},
        {"If_Modified_Since": "Thu, 01 Jan 1970 00:00:00 GMT"},
        {"If_Modified_Since": "nonsense"},
    ):
        assert (await get(client, path, **headers)).status == 200


async def test_a_part_is_only_joined_to_the_same_version(client, path):
    whole = await get(client, path)
    for if_range, status in (
        (whole.headers["ETag"], 206),
        (whole.headers["Last-Modified"], 206),
        ('"other"', 200),
        (f"W/{whole.headers['ETag']}", 200),
        ("Thu, 01 Jan 1970 00:00:00 GMT", 200),
    ):
        assert (await get(client, path, Range="bytes=0-9", If_Range=if_range)).status == status


async def test_preconditions_that_fail_are_a_412(client, path):
    assert_problem(await get(client, path, If_Match='"other"'), 412, "precondition_failed")
    past = "Thu, 01 Jan 1970 00:00:00 GMT"
    assert_problem(await get(client, path, If_Unmodified_Since=past), 412, "precondition_failed")
    assert (await get(client, path, If_Match=(await get(client, path)).headers["ETag"])).status == 200


@pytest.mark.parametrize(
    "file_id", [secrets.token_hex(16), "x", "..%2f..%2fetc%2fpasswd", "%00", "a" * 5000, "'--"]
)
async def test_an_id_that_nobody_has_is_a_404(client, file_id):
    for method, path in (
        ("GET", f"/api/file/download/{file_id}"),
        ("GET", f"/api/file/{file_id}"),
        ("DELETE", f"/api/file/{file_id}"),
        ("GET", f"/api/file/{file_id}/metadata"),
    ):
        assert_problem(await client.request(method, path), 404, "file_not_found")


async def test_another_tenants_file_is_a_404_like_any_other(tmp_path):
    keys, (acme, other) = make_keys(tmp_path, "acme", "other")
    theirs = {"Authorization": f"Bearer {other}"}
    async with running(tmp_path, api_key_file=str(keys)) as client:
        file_id = (await stored(client, Authorization=f"Bearer {acme}"))["file_id"]
        for method, path, body in (
            ("GET", f"/api/file/download/{file_id}", None),
            ("GET", f"/api/file/{file_id}", None),
            ("DELETE", f"/api/file/{file_id}", None),
            ("GET", f"/api/file/{file_id}/metadata", None),
            ("PUT", f"/api/file/{file_id}/metadata", {"name": "x"}),
            ("PATCH", f"/api/file/{file_id}/metadata", {"name": "x"}),
        ):
            reply = await client.request(method, path, json=body, headers=theirs)
            assert_problem(reply, 404, "file_not_found")
        listing = (await client.request("GET", "/api/file/list", headers=theirs)).json()
        assert listing["files"] == []
        mine = {"Authorization": f"Bearer {acme}"}
        assert (await client.request("GET", f"/api/file/download/{file_id}", headers=mine)).status == 200
        assert_problem(await client.request("GET", f"/api/file/download/{file_id}"), 401, "unauthenticated")


async def test_a_key_without_the_scope_is_refused(tmp_path):
    keys, (weak,) = make_keys(tmp_path, "acme", scopes=("run",))
    async with running(tmp_path, api_key_file=str(keys)) as client:
        reply = await client.request("GET", "/api/file/list", headers={"Authorization": f"Bearer {weak}"})
        assert_problem(reply, 403, "forbidden")


async def test_a_deleted_file_is_gone_but_who_reads_it_finishes(client, tmp_path):
    body = secrets.token_bytes(40_000_000)
    file = await stored(client, "big.bin", body)
    reader, writer = await asyncio.open_connection("127.0.0.1", int(client.base_url.rpartition(":")[2]))
    writer.write(f"GET /api/file/download/{file['file_id']} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
    head = await reader.readuntil(b"\r\n\r\n")
    assert b" 200 " in head
    assert (await client.request("DELETE", f"/api/file/{file['file_id']}")).status == 204
    again = await client.request("DELETE", f"/api/file/{file['file_id']}")
    assert_problem(again, 404, "file_not_found")
    assert_problem(
        await client.request("GET", f"/api/file/download/{file['file_id']}"), 404, "file_not_found"
    )
    assert blobs_in(tmp_path) == []
    assert await reader.readexactly(len(body)) == body
    writer.close()


async def test_of_two_deletions_one_succeeds(client):
    file_id = (await stored(client))["file_id"]
    replies = await asyncio.gather(*(client.request("DELETE", f"/api/file/{file_id}") for _ in range(6)))
    assert sorted(reply.status for reply in replies) == [204, 404, 404, 404, 404, 404]
