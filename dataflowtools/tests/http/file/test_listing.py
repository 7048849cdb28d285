"""GET /api/file/list, and metadata read and set."""

import asyncio
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import pytest

from dataflowtools.tests.http_service import stored, upload
from dataflowtools.tests.multipart_bodies import Form
from servicekit.testing import assert_problem


async def listed(client, query: str = "") -> list[str]:
    reply = await client.request("GET", f"/api/file/list?{query}")
    assert reply.status == 200, reply.body
    return [file["name"] for file in reply.json()["files"]]


async def test_files_are_listed_page_by_page(client):
    for number in range(5):
        await stored(client, f"{number}.txt")
    seen, cursor = [], ""
    while cursor is not None:
        reply = await client.request("GET", f"/api/file/list?limit=2{cursor}")
        seen += [file["name"] for file in reply.json()["files"]]
        cursor = reply.json()["next_cursor"] and f"&cursor={reply.json()['next_cursor']}"
    assert seen == ["4.txt", "3.txt", "2.txt", "1.txt", "0.txt"]


async def test_files_are_found_by_name_type_tag_time_hash_and_metadata(client):
    before = datetime.now(UTC)
    pdf = (
        Form()
        .file("Report.pdf", b"%PDF-1.7")
        .text("tags", "finance/2026")
        .text("metadata", '{"dept": "x:y"}')
    )
    sha256 = (await upload(client, pdf)).json()["sha256"]
    await upload(client, Form().file("notes.txt", b"n").text("tags", '["finance", "draft"]'))
    after = datetime.now(UTC) + timedelta(seconds=1)
    both, one, none = ["notes.txt", "Report.pdf"], ["Report.pdf"], []
    for query, found in {
        "name=REPORT": one,
        "type=pdf": one,
        "type=application/pdf": one,
        "type=text/*": ["notes.txt"],
        "tag=finance": both,
        f"tag={quote('finance and not draft')}": one,
        f"tag={quote('(draft | finance/2026) & finance')}": both,
        "metadata=dept:x:y": one,
        "metadata=dept:x:y&name=notes": none,
        f"sha256={sha256}": one,
        f"created_from={quote(before.isoformat())}": both,
        f"created_from={quote(after.isoformat())}": none,
        f"created_before={quote(before.isoformat())}": none,
        f"created_from={before.date()}": both,
        f"created_before={before.date()}": none,
    }.items():
        assert await listed(client, query) == found, query


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("limit=0", 422, "validation_failed"),
        ("limit=501", 422, "validation_failed"),
        ("nme=x", 422, "validation_failed"),
        ("created_from=yesterday", 422, "validation_failed"),
        ("created_from=2026-02-30", 422, "validation_failed"),
        ("created_from=2026-01-01T00:00:00", 422, "validation_failed"),
        ("metadata=novalue", 422, "validation_failed"),
        ("cursor=bm90IGpzb24", 400, "invalid_cursor"),
        ("cursor=eyJhIjoxfQ", 400, "invalid_cursor"),
        ("tag=a%20and", 422, "invalid_tag_expression"),
        ("tag=%28a", 422, "invalid_tag_expression"),
        ("tag=" + "%28" * 100 + "a", 422, "invalid_tag_expression"),
        ("tag=" + "a+" * 100, 422, "invalid_tag_expression"),
        ("tag=", 422, "invalid_tag_expression"),
    ],
)
async def test_a_query_that_makes_no_sense_is_told(client, query, status, code):
    assert_problem(await client.request("GET", f"/api/file/list?{query}"), status, code)


async def test_a_file_is_described_and_its_description_changed(client):
    file_id = (await upload(client, Form().file("a.txt", b"a").text("metadata", '{"a": 1, "b": 2}'))).json()[
        "file_id"
    ]
    path = f"/api/file/{file_id}/metadata"
    shown = await client.request("GET", path)
    assert (shown.status, shown.headers["ETag"], shown.json()["properties"]["format"]) == (200, '"v1"', "txt")
    assert (await client.request("GET", f"/api/file/{file_id}")).json() == shown.json()
    put = await client.request(
        "PUT", path, json={"metadata": {"c": True}, "tags": ["x", "y"], "name": "../b\u202e.txt"}
    )
    changed = put.json()
    assert (changed["metadata"], changed["tags"], changed["name"]) == ({"c": True}, ["x", "y"], "b.txt")
    patch = {"metadata": {"c": None, "d": 1.5}, "add_tags": ["z/1"], "remove_tags": ["x", "nowhere"]}
    changed = (await client.request("PATCH", path, json=patch)).json()
    assert (changed["metadata"], changed["tags"], changed["version"]) == ({"d": 1.5}, ["y", "z/1"], 3)
    assert (await client.request("GET", f"/api/file/download/{file_id}")).body == b"a"


async def test_a_change_to_an_old_version_is_a_412(client):
    path = f"/api/file/{(await stored(client))['file_id']}/metadata"
    first = await client.request("PUT", path, json={"name": "b"}, headers={"If-Match": '"v1"'})
    assert (first.status, first.headers["ETag"]) == (200, '"v2"')
    for method in ("PUT", "PATCH"):
        late = await client.request(method, path, json={"name": "c"}, headers={"If-Match": '"v1"'})
        assert_problem(late, 412, "precondition_failed")
        wrong = await client.request(method, path, json={"name": "c"}, headers={"If-Match": "v2"})
        assert_problem(wrong, 412, "precondition_failed")


async def test_merges_at_once_all_arrive(client):
    path = f"/api/file/{(await stored(client))['file_id']}/metadata"
    replies = await asyncio.gather(
        *(client.request("PATCH", path, json={"metadata": {str(number): number}}) for number in range(10))
    )
    assert [reply.status for reply in replies] == [200] * 10
    assert (await client.request("GET", path)).json()["metadata"] == {
        str(number): number for number in range(10)
    }


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"nme": "x"}, 422, "validation_failed"),
        ({"name": 5}, 422, "validation_failed"),
        ({"metadata": {"a": [1]}}, 422, "validation_failed"),
        ({"metadata": {"a:b": 1}}, 422, "invalid_file_request"),
        ({"tags": ["a\tb"]}, 422, "invalid_tag"),
        ({"tags": ["/".join("x" * 60 for _ in range(11))]}, 422, "invalid_tag"),
        ({"tags": [f"t{number}" for number in range(65)]}, 422, "invalid_file_request"),
    ],
)
async def test_a_change_that_makes_no_sense_changes_nothing(client, body, status, code):
    path = f"/api/file/{(await stored(client))['file_id']}/metadata"
    assert_problem(await client.request("PUT", path, json=body), status, code)
    assert (await client.request("GET", path)).json()["version"] == 1
