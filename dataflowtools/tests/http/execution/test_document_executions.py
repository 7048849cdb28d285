"""Documents and pictures as executions, against the real service."""

import asyncio
import json

import pytest
import pytest_asyncio
from PIL import Image

from dataflowtools.tests.http.ocr import drawn_pages as drawn
from dataflowtools.tests.http_service import make_keys, running, stored
from dataflowtools.tests.real_servers import fresh_mysql_name
from servicekit.testing import assert_problem

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def client(tmp_path_factory):
    folder = tmp_path_factory.mktemp("executions")
    async with running(folder, result_inline_bytes=4000) as connected:
        yield connected


async def submit(client, kind, request, status=202, **more):
    body = {"kind": kind, "request": request, **more}
    reply = await client.request("POST", "/api/executions", json=body)
    assert reply.status == status, reply.body
    return reply


async def ended(client, reply):
    place = reply.headers["Location"]
    async with asyncio.timeout(120):
        while True:
            state = (await client.request("GET", f"{place}?wait=10", timeout_s=60)).json()
            if state["status"] not in {"queued", "running", "retrying"}:
                return state


async def output_of(client, reply):
    state = await ended(client, reply)
    assert state["status"] == "succeeded", state
    return await client.request("GET", f"{reply.headers['Location']}/result")


async def events_of(client, reply):
    text = (await client.request("GET", f"{reply.headers['Location']}/events", timeout_s=60)).body.decode()
    found = [dict(line.split(": ", 1) for line in block.splitlines() if ": " in line)
             for block in text.split("\n\n") if "data: " in block]  # fmt: skip
    return [(one.get("event"), json.loads(one["data"])) for one in found]


async def test_a_stored_document_is_parsed_as_the_call_would(client):
    file_id = (await stored(client, "a.md", b"# Title\n\nsome text"))["file_id"]
    asked = {"file_id": file_id, "format": "text"}
    reply = await submit(client, "parse", asked)
    direct = await client.request("POST", "/api/file/parse", json=asked)

    assert (await output_of(client, reply)).json()["output"] == direct.json()


async def test_a_large_result_is_streamed_and_can_be_deleted(client):
    file_id = (await stored(client, "big.txt", b"many words\n" * 5000))["file_id"]
    asked = {"file_id": file_id, "format": "text"}
    reply = await submit(client, "parse", asked)
    result = await output_of(client, reply)
    direct = await client.request("POST", "/api/file/parse", json=asked)

    assert result.json()["output"] == direct.json()
    place = reply.headers["Location"]
    assert (await client.request("DELETE", place)).status == 204
    assert_problem(await client.request("GET", f"{place}/result"), 404, "execution_not_found")


async def test_pages_are_told_one_by_one(client):
    pages = [drawn.page(["one two"], size=40), drawn.page(["three four"], size=40)]
    scan = drawn.saved(pages[0], "TIFF", save_all=True, append_images=pages[1:])
    file_id = (await stored(client, "scan.tiff", scan))["file_id"]
    reply = await submit(client, "ocr", {"file_id": file_id, "output": "text"})
    text = await output_of(client, reply)
    told = [data for name, data in await events_of(client, reply) if name == "progress"]

    assert text.headers["Content-Type"].startswith("text/plain")
    assert "three four" in text.body.decode()
    assert [(one["page"], one["pages"]) for one in told] == [(0, 2), (1, 2), (2, 2)]


async def test_scanned_pages_of_a_parsed_document_are_told_too(client):
    scan = drawn.saved(drawn.page(["five six"], size=40).convert("RGB"), "PDF")
    file_id = (await stored(client, "scan.pdf", scan))["file_id"]
    reply = await submit(client, "parse", {"file_id": file_id, "format": "text"})
    result = (await output_of(client, reply)).json()
    told = [data["page"] for name, data in await events_of(client, reply) if name == "progress"]

    assert "five six" in str(result["output"])
    assert told == [0, 1]


@pytest.mark.parametrize(
    ("kind", "request_body", "pointer"),
    [
        ("parse", {"file_id": "f", "format": "stone"}, "/request/format"),
        ("parse", {"file_id": "f", "pages": "3-1"}, "/request/pages"),
        ("parse", {}, "/request/file_id"),
        ("parse", {"file_id": "f", "password": "secret"}, "/request/password"),
        ("ocr", {}, "/request/file_id"),
        ("ocr", {"file_id": "f", "password": "secret"}, "/request/password"),
        ("ocr", {"file_id": "f", "colour": 1}, "/request/colour"),
    ],
)
async def test_what_is_wrong_is_refused_before_it_is_accepted(client, kind, request_body, pointer):
    reply = await submit(client, kind, request_body, status=422)
    assert assert_problem(reply, 422, "invalid_parameters")["errors"][0]["pointer"] == pointer
    assert b"secret" not in reply.body


async def test_limits_that_would_not_be_kept_are_refused(client):
    options = {"resource_limits": {"memory_bytes": 1}}
    reply = await submit(client, "parse", {"file_id": "f"}, status=422, options=options)
    problem = assert_problem(reply, 422, "invalid_parameters")
    assert problem["errors"][0]["pointer"] == "/options/resource_limits"


async def test_a_file_that_is_not_there_is_the_verdict(client):
    for kind in ("parse", "ocr"):
        state = await ended(client, await submit(client, kind, {"file_id": "0" * 32}))
        assert (state["status"], state["verdict"]) == ("failed", "file_not_found")


async def test_a_broken_document_is_the_verdict_with_its_message_in_the_log(client):
    file_id = (await stored(client, "a.png", drawn.png(Image.new("L", (8, 8)))[:40]))["file_id"]
    reply = await submit(client, "ocr", {"file_id": file_id})
    state = await ended(client, reply)
    lines = (await client.request("GET", f"{reply.headers['Location']}/logs")).json()["items"]

    assert (state["status"], state["verdict"]) == ("failed", "corrupt_file")
    assert [line["level"] for line in lines] == ["error"]


async def test_a_key_needs_the_scope_and_sees_its_tenant_only(tmp_path):
    file, (mine, theirs) = make_keys(tmp_path, "a", "b", scopes=("files", "documents"))
    _, (narrow,) = make_keys(tmp_path, "a", scopes=("files",))
    async with running(tmp_path, api_key_file=str(file)) as client:
        key = {"Authorization": f"Bearer {mine}"}
        made = await client.request(
            "POST", "/api/executions", json={"kind": "parse", "request": {"file_id": "f"}}, headers=key
        )
        refused = await client.request(
            "POST", "/api/executions", json={"kind": "parse", "request": {"file_id": "f"}},
            headers={"Authorization": f"Bearer {narrow}"},
        )  # fmt: skip
        other = await client.request(
            "GET", made.headers["Location"], headers={"Authorization": f"Bearer {theirs}"}
        )

        assert made.status == 202
        assert_problem(refused, 403, "permission_denied")
        assert_problem(other, 404, "execution_not_found")


async def test_queue_and_pool_are_told_and_counted(client):
    assert (await client.request("GET", "/api/queue")).json()["capacity"] > 0
    assert (await client.request("GET", "/api/pool")).json()["backend"] == "embedded"
    assert b"stepflow_executions_total" in (await client.request("GET", "/metrics")).body


async def test_the_rows_may_be_in_mysql(tmp_path):
    with fresh_mysql_name() as name:
        async with running(tmp_path, db_host="127.0.0.1", db_name=name) as client:
            file_id = (await stored(client, "a.txt", b"hello"))["file_id"]
            reply = await submit(client, "parse", {"file_id": file_id, "format": "text"}, wait=60, status=200)
            assert "hello" in str(reply.json()["output"])
