import asyncio
import json
import re
from typing import Annotated, Literal

import pytest
from pydantic import Field
from pydantic_core import PydanticSerializationError

from deps.servicekit.tests.raw import HANG_S, connected, head, post
from servicekit.http import Body, decode_cursor, encode_cursor
from servicekit.parsing import encode_json, parse_json
from servicekit.problems import Problem
from servicekit.testing import assert_problem

JSON = {"Content-Type": "application/json"}


async def test_a_valid_body_is_answered(client):
    reply = await client.request("POST", "/api/things", json={"name": "Ada", "size": 2})

    assert reply.status == 201
    assert reply.json() == {"name": "Ada", "size": 2, "tenant": "default", "user": None}
    assert reply.headers["Location"] == "/api/things/1"
    assert reply.headers["Content-Type"] == "application/json"


async def test_unicode_survives_the_round_trip(client):
    name = "Ада 王 👩‍👩‍👧‍👦 \u202e \x00"

    reply = await client.request("POST", "/api/things", json={"name": name})

    assert reply.json()["name"] == name


async def test_an_unknown_field_is_refused_by_name(client):
    reply = await client.request("POST", "/api/things", json={"name": "Ada", "sise": 2})

    problem = assert_problem(reply, 422, "validation_failed")
    assert problem["detail"] == "Not valid: /sise"
    assert problem["errors"] == [
        {"pointer": "/sise", "code": "extra_forbidden", "message": "Extra inputs are not permitted"}
    ]


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "/name"),
        ({"name": None}, "/name"),
        ({"name": 7}, "/name"),
        ({"name": "a", "size": "2"}, "/size"),
        ({"name": "a", "size": True}, "/size"),
        ({"name": "a", "size": 1.5}, "/size"),
        ({"name": "a", "size": 10**30}, "/size"),
        ({"name": "a", "tags": "x"}, "/tags"),
        ({"name": "a", "tags": ["x", {}]}, "/tags/1"),
        ({"name": "a", "a/b~c": 1}, "/a~1b~0c"),
        ({"name": "x" * 101}, "/name"),
    ],
)
async def test_wrong_values_are_422_at_their_field(client, body, pointer):
    problem = assert_problem(await client.request("POST", "/api/things", json=body), 422, "validation_failed")

    assert [error["pointer"] for error in problem["errors"]] == [pointer]
    assert {"pointer", "code", "message"} == problem["errors"][0].keys()


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"nonsense",
        b'{"name": "a",}',
        b"[]",
        b'"text"',
        b"null",
        b"\xff\xfe",
        b'{"name": "\xc3\x28"}',
        b'{"name": "a", "size": NaN}',
        b'{"name": "a", "size": -Infinity}',
        b'{"name": "a", "name": "b"}',
        b'{"name": "a", "tags": [{"x": 1, "x": 2}]}',
        b'{"name": "\\ud800"}',
        b'{"name": "a", "size": ' + b"9" * 5000 + b"}",
        b'{"name": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"name": ' + b'{"a":' * 900 + b"1" + b"}" * 901,
        b"\xef\xbb\xbf{}",
    ],
)
async def test_what_is_no_json_object_is_400(client, body):
    reply = await client.request("POST", "/api/things", body=body, headers=JSON)

    problem = assert_problem(reply, 400, "invalid_json")
    assert len(reply.body) < 1000
    assert problem["detail"]


async def test_many_faults_do_not_make_a_long_reply(client):
    body = {f"field_{n}" + "x" * 1000: n for n in range(500)}

    reply = await client.request("POST", "/api/things", json=body)

    assert len(assert_problem(reply, 422, "validation_failed")["errors"]) == 50
    assert len(reply.body) < 30_000


async def test_the_input_is_never_echoed(client):
    reply = await client.request("POST", "/api/things", json={"name": ["hunter2"], "size": "hunter2"})

    assert b"hunter2" not in reply.body


@pytest.mark.parametrize(
    "media_type", ["text/plain", "application/x-www-form-urlencoded", "application/jsonx", ""]
)
async def test_another_media_type_is_415(client, media_type):
    reply = await client.request("POST", "/api/things", body=b"{}", headers={"Content-Type": media_type})

    assert_problem(reply, 415, "unsupported_media_type")


async def test_a_query_is_validated_and_converted(client):
    reply = await client.request("GET", "/api/things?limit=5&tag=a&tag=b")

    assert reply.json() == {"limit": 5, "tag": ["a", "b"]}


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ("limit=0", "/limit"),
        ("limit=x", "/limit"),
        ("limit=1&limit=2", "/limit"),
        ("other=1", "/other"),
        ("limit=", "/limit"),
    ],
)
async def test_a_wrong_query_is_422_at_its_name(client, query, pointer):
    problem = assert_problem(await client.request("GET", f"/api/things?{query}"), 422, "validation_failed")

    assert [error["pointer"] for error in problem["errors"]] == [pointer]


async def test_a_query_that_is_not_utf8_is_400(client):
    assert_problem(await client.request("GET", "/api/things?tag=%ff"), 400, "bad_request")


async def test_a_listed_error_is_told_as_the_table_says(client):
    reply = await client.request("POST", "/api/things", json={"name": "busy"})

    problem = assert_problem(reply, 503, "busy")
    assert (problem["title"], problem["detail"], problem["limit"]) == ("Busy", "All three are taken", 3)
    assert problem["errors"] == [{"pointer": "/name", "code": "taken", "message": "taken"}]
    assert reply.headers["Retry-After"] == "3"


async def test_an_unknown_error_is_a_500_without_its_text_and_logged_once(client, caplog):
    reply = await client.request("POST", "/api/things", json={"name": "bug"})

    assert_problem(reply, 500, "internal_error")
    assert b"secret" not in reply.body
    assert [r.message for r in caplog.records if r.levelname == "ERROR"] == ["unexpected error"]


async def test_expected_errors_leave_no_stack(client, caplog):
    await client.request("GET", "/api/things/7")
    await client.request("GET", "/nothing")
    await client.request("POST", "/api/things", json={})

    assert [record for record in caplog.records if record.levelno > 20 or record.exc_info] == []


async def test_unknown_addresses_and_methods_are_problems(client):
    assert_problem(await client.request("GET", "/api/nothing"), 404, "not_found")
    assert_problem(await client.request("GET", "/api/things/"), 404, "not_found")
    assert_problem(await client.request("POST", "/api/nothing", json={}), 404, "not_found")
    assert_problem(await client.request("OPTIONS", "/api/nothing"), 404, "not_found")
    assert_problem(await client.request("GET", "/api/things/%ff"), 400, "bad_request")
    for method in ("DELETE", "TRACE", "NONSENSE"):
        reply = await client.request(method, "/api/things")
        assert_problem(reply, 405, "method_not_allowed")
        assert reply.headers["Allow"] == "GET, HEAD, POST, OPTIONS"


async def test_head_is_get_without_the_body_and_options_names_the_methods(client):
    got = await client.request("GET", "/api/things")
    reply = await client.request("HEAD", "/api/things")
    options = await client.request("OPTIONS", "/api/things")

    assert (reply.status, reply.body) == (200, b"")
    assert reply.headers["Content-Length"] == got.headers["Content-Length"]
    assert (options.status, options.headers["Allow"]) == (204, "GET, HEAD, POST, OPTIONS")
    assert (await client.request("HEAD", "/api/wait")).status == 405


async def test_the_request_id_is_taken_when_sane_and_made_otherwise(client):
    given = await client.request("GET", "/api/things", headers={"X-Request-ID": "abc-123"})
    made = await client.request("GET", "/api/things", headers={"X-Request-ID": "<script>"})

    assert given.headers["X-Request-ID"] == "abc-123"
    assert re.fullmatch("[0-9a-f]{32}", made.headers["X-Request-ID"])


async def test_a_trace_is_continued_and_a_bad_one_replaced(client):
    trace = "0af7651916cd43dd8448eb211c80319c"
    given = await client.request(
        "GET", "/nothing", headers={"traceparent": f"00-{trace}-b7ad6b7169203331-01"}
    )
    bad = await client.request(
        "GET", "/nothing", headers={"traceparent": f"00-{'0' * 32}-b7ad6b7169203331-01"}
    )

    assert re.fullmatch(f"00-{trace}-(?!b7ad6b7169203331)[0-9a-f]{{16}}-01", given.headers["traceparent"])
    assert given.json()["trace_id"] == trace
    assert re.fullmatch("00-(?!0{32})[0-9a-f]{32}-[0-9a-f]{16}-00", bad.headers["traceparent"])


async def test_junk_in_headers_hurts_nobody(client):
    junk = {
        "X-Request-ID": "é" * 50,
        "traceparent": "x" * 5000,
        "Prefer": "wait=" + "9" * 50,
        "Authorization": "Bearer " + "_" * 4000,
    }

    assert (await client.request("GET", "/api/things", headers=junk)).status == 200


async def test_too_many_header_bytes_end_the_connection(client):
    async with connected(client.base_url) as connection:
        await connection.send(head("GET", "/api/things", X_Junk="x" * 70_000))

        assert await connection.closed_by_peer()
    assert (await client.request("GET", "/api/health")).status == 200


async def test_smuggling_shapes_are_refused(client):
    shapes = [
        "POST /api/things HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "POST /api/things HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef",
        "POST /api/things HTTP/1.1\r\nHost: a\r\nContent-Length: -5\r\n\r\n",
        "POST /api/things HTTP/1.1\r\nHost: a\r\nContent-Length: +5\r\n\r\nabcde",
        "GET /api/things HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        "GET /api/things HTTP/1.1\r\nHo st: a\r\n\r\n",
        "\x16\x03\x01\r\n\r\n",
    ]
    for shape in shapes:
        async with connected(client.base_url) as connection:
            await connection.send(shape)
            async with asyncio.timeout(HANG_S):
                assert b" 400 " in (await connection.reader.read())[:20], shape


async def test_requests_on_one_connection_are_answered_in_turn(client):
    async with connected(client.base_url) as connection:
        await connection.send(
            post("/api/things", {"name": "a"}) + post("/api/things", {}) + head("GET", "/no")
        )

        assert [(await connection.reply()).status for _ in range(3)] == [201, 422, 404]


async def test_another_sites_page_may_not_post(client):
    reply = await client.request(
        "POST", "/api/things", json={"name": "a"}, headers={"Origin": "https://evil.example"}
    )

    assert_problem(reply, 403, "forbidden")
    own = {"Origin": client.base_url, "Sec-Fetch-Site": "same-origin"}
    assert (await client.request("POST", "/api/things", json={"name": "a"}, headers=own)).status == 201


async def test_a_name_that_was_made_to_point_here_is_refused(client):
    for host, status in [
        ("evil.example", 403),
        ("localhost:1", 200),
        ("127.0.0.1", 200),
        ("[::1]:80", 200),
        ("web", 200),
    ]:
        assert (await client.request("GET", "/api/things", headers={"Host": host})).status == status, host


def test_cursors_return_what_they_were_given():
    assert decode_cursor(encode_cursor({"after": "王", "n": 3})) == {"after": "王", "n": 3}


@pytest.mark.parametrize("cursor", ["", "x", "é", "W10", "bm9uc2Vuc2U", "a" * 5000, json.dumps({})])
def test_other_cursors_are_refused(cursor):
    with pytest.raises(Exception) as caught:
        decode_cursor(cursor)

    assert caught.value.code == "invalid_cursor"


def test_replies_are_json_whatever_a_value_holds():
    assert encode_json({"a": float("nan"), "b": "\ud800x", "c": 10**30, "d": {1: "é"}}) == (
        '{"a": null, "b": "?x", "c": 1000000000000000000000000000000, "d": {"1": "é"}}'.encode()
    )
    with pytest.raises(PydanticSerializationError):
        encode_json(object())


def pointer_of(model: type[Body], body: bytes) -> str:
    with pytest.raises(Problem) as refused:
        parse_json(body, model)
    return refused.value.errors[0]["pointer"]


def test_the_pointer_of_a_bad_key_is_the_keys_own():
    class Named(Body):
        env: dict[Annotated[str, Field(pattern="^[a-z]+$")], str]

    assert pointer_of(Named, b'{"env": {"BAD": "x"}}') == "/env/BAD"


def test_a_pointer_leads_into_the_body_where_a_value_may_be_of_several_types():
    class Cat(Body):
        kind: Literal["cat"]
        lives: int

    class Dog(Body):
        kind: Literal["dog"]

    class Zoo(Body):
        pets: list[Annotated[Cat | Dog, Field(discriminator="kind")]] = Field(default=[])
        size: int | dict[str, int] = 0

    assert pointer_of(Zoo, b'{"pets": [{"kind": "dog"}, {"kind": "cat", "lives": "9"}]}') == "/pets/1/lives"
    assert pointer_of(Zoo, b'{"pets": [{"kind": "cat"}]}') == "/pets/0/lives"
    assert pointer_of(Zoo, b'{"size": "x"}') == "/size"
