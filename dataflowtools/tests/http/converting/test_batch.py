"""Batches through the real service: outcomes file by file, events, cancel, the zip of results."""

import asyncio
import json

import pytest

from dataflowtools.tests.http.converting.batches import batch, report_of, zip_of, zipped
from dataflowtools.tests.http.converting.converting import word
from dataflowtools.tests.http.execution.test_document_executions import ended, events_of
from dataflowtools.tests.http_service import blobs_in, make_keys, running, stored
from servicekit.testing import assert_problem

pytestmark = pytest.mark.asyncio(loop_scope="package")


async def test_one_bad_file_of_four_spoils_no_other(client):
    names = [
        ("a.docx", word("first")),
        ("a.md", b"# second"),
        ("bad.docx", b"PK\x03\x04 torn"),
        ("c.csv", b"a\n1\n"),
    ]
    ids = [(await stored(client, name, data))["file_id"] for name, data in names]
    reply = await batch(client, operation="convert", file_ids=[*ids, "0" * 32], options={"to": "pdf"})
    state, report = await report_of(client, reply)
    archive = await zip_of(client, report)
    statuses = [item["status"] for item in report["items"]]

    assert (state["kind"], state["status"], state["progress"]) == ("batch", "succeeded", 1.0)
    assert [item["file_id"] for item in report["items"]] == [*ids, "0" * 32]
    assert statuses == ["succeeded", "succeeded", "failed", "succeeded", "failed"]
    assert [report["items"][place]["error"]["code"] for place in (2, 4)] == ["corrupt_file", "file_not_found"]
    assert report["items"][1]["route"][0] == {"from": "md", "to": "docx", "by": "pandoc"}
    assert (report["succeeded"], report["failed"]) == (3, 2)
    assert sorted(archive.namelist()) == ["a (2).pdf", "a.pdf", "c.pdf", "report.json"]
    assert archive.read(report["items"][0]["output"]).startswith(b"%PDF-")
    assert json.loads(archive.read("report.json"))["items"] == report["items"]


async def test_each_outcome_and_the_progress_are_events(client):
    ids = [(await stored(client, f"{n}.txt", b"some words"))["file_id"] for n in range(3)]
    reply = await batch(client, operation="parse", file_ids=ids, options={"format": "text"})
    await ended(client, reply)
    events = await events_of(client, reply)

    assert [data["done"] for name, data in events if name == "progress"] == [1, 2, 3]
    assert {data["file_id"] for name, data in events if name == "item"} == set(ids)


async def test_a_zip_is_worked_through_with_names_of_any_encoding(client):
    raw = "资料/报告.txt".encode("gb18030")  # as Chinese systems write names, without a mark
    stand_in = b"x" * len(raw)
    content = zipped(
        **{"a.md": b"# one", stand_in.decode(): b"two", "__MACOSX/a.md": b"junk", "folder/": b""}
    )
    content = content.replace(stand_in, raw)
    file_id = (await stored(client, "all.zip", content))["file_id"]
    reply = await batch(
        client, operation="parse", file_id=file_id, options={"format": "html"}, name="结果.zip"
    )
    _, report = await report_of(client, reply)
    archive = await zip_of(client, report)

    assert [item["path"] for item in report["items"]] == ["a.md", "资料/报告.txt"]
    assert report["name"] == "结果.zip"
    assert sorted(archive.namelist()) == ["a.md.html", "report.json", "报告.txt.html"]
    assert b"<h1>one</h1>" in archive.read("a.md.html")


async def test_no_two_files_of_a_result_have_one_name_in_any_case_and_the_report_keeps_its_own(client):
    names = ["report.csv", "A.csv", "a.csv"]
    ids = [(await stored(client, name, f"x\n{n}\n".encode()))["file_id"] for n, name in enumerate(names)]
    reply = await batch(client, operation="convert", file_ids=ids, options={"to": "json"})
    _, report = await report_of(client, reply)
    archive = await zip_of(client, report)
    outputs = [item["output"] for item in report["items"]]

    assert outputs[0] == "report (2).json"
    assert {name.casefold() for name in outputs[1:]} == {"a.json", "a (2).json"}
    assert [json.loads(archive.read(name)) for name in outputs] == [[{"x": n}] for n in range(3)]
    assert json.loads(archive.read("report.json"))["items"] == report["items"]


async def test_a_hostile_zip_is_refused_whole(client):
    file_id = (await stored(client, "bad.zip", zipped(**{"../../etc/x.txt": b"x"})))["file_id"]
    reply = await batch(client, operation="parse", file_id=file_id)
    state = await ended(client, reply)

    assert (state["status"], state["verdict"]) == ("failed", "decompression_limit")


async def test_when_every_file_fails_the_execution_fails_and_still_tells_why(client):
    file_id = (await stored(client, "torn.docx", b"PK\x03\x04 torn"))["file_id"]
    reply = await batch(client, operation="convert", file_ids=[file_id], options={"to": "pdf"})
    state, report = await report_of(client, reply)

    assert (state["status"], state["verdict"]) == ("failed", "all_files_failed")
    assert report["file_id"] is None
    assert report["items"][0]["error"]["code"] == "corrupt_file"


async def test_a_cancelled_batch_ends_and_stores_nothing(tmp_path):
    async with running(tmp_path, convert_workers=1) as client:
        ids = [(await stored(client, f"{n}.docx", word(f"text {n}")))["file_id"] for n in range(40)]
        before = len(blobs_in(tmp_path))
        reply = await batch(client, operation="convert", file_ids=ids, options={"to": "pdf"})
        place = reply.headers["Location"]
        async with asyncio.timeout(60):
            while not (await client.request("GET", place)).json()["progress"]:
                await asyncio.sleep(0.05)
        cancelled = await client.request("POST", f"{place}/cancel", timeout_s=60)
        state = await ended(client, reply)

        assert cancelled.status in (200, 202)
        assert state["status"] == "cancelled"
        assert len(blobs_in(tmp_path)) == before


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"operation": "delete", "file_ids": ["a"]}, "/operation"),
        ({"operation": "convert", "file_ids": ["a"], "options": {}}, "/options/to"),
        ({"operation": "convert", "file_ids": ["a"], "options": {"to": "pdf", "dpi": 9000}}, "/options/dpi"),
        ({"operation": "parse", "file_ids": ["a"], "options": {"password": "x"}}, "/options/password"),
        ({"operation": "parse"}, ""),
        ({"operation": "parse", "file_ids": ["a"], "file_id": "b"}, ""),
    ],
)  # fmt: skip
async def test_batches_that_make_no_sense_are_refused_before_they_are_accepted(client, body, pointer):
    problem = assert_problem(await batch(client, 422, **body), 422, "validation_failed")

    assert problem["errors"][0]["pointer"] == pointer


async def test_an_unknown_target_and_too_many_files_are_refused(tmp_path, client):
    unknown = await batch(client, 422, operation="convert", file_ids=["a"], options={"to": "../../x"})
    async with running(tmp_path, batch_max_files=2) as small:
        many = await batch(small, 422, operation="parse", file_ids=["a", "b", "c"])

    assert_problem(unknown, 422, "unsupported_conversion")
    assert assert_problem(many, 422, "invalid_parameters")["errors"][0]["pointer"] == "/request/file_ids"


async def test_files_of_others_are_not_found(tmp_path):
    path, (one, other) = make_keys(tmp_path, "a", "b", scopes=("files", "documents"))
    mine, theirs = {"Authorization": f"Bearer {one}"}, {"Authorization": f"Bearer {other}"}
    async with running(tmp_path, api_key_file=str(path)) as client:
        file_id = (await stored(client, "a.md", b"x\n", **mine))["file_id"]
        append = [{"op": "append", "content": {"text": "theirs"}}]
        for body in (
            {"operation": "parse", "file_ids": [file_id]},
            {"operation": "edit", "file_ids": [file_id], "options": {"operations": append, "in_place": True}},
        ):
            reply = await client.request("POST", "/api/file/batch", json=body, headers=theirs)
            place = reply.headers["Location"]
            result = await client.request("GET", f"{place}/result?wait=30", headers=theirs, timeout_s=60)
            assert result.json()["output"]["items"][0]["error"]["code"] == "file_not_found"
            strangers = await client.request("GET", place, headers=mine)
            assert_problem(strangers, 404, "execution_not_found")
        fill = {"operation": "fill", "file_ids": ["a"], "options": {"template": file_id}}
        refused = await client.request("POST", "/api/file/batch", json=fill, headers=theirs)
        assert_problem(refused, 404, "file_not_found")
        kept = await client.request("GET", f"/api/file/download/{file_id}", headers=mine)
        assert kept.body == b"x\n"


async def test_a_single_conversion_can_be_an_execution(client):
    file_id = (await stored(client, "a.md", b"# head"))["file_id"]
    body = {"kind": "convert", "request": {"file_id": file_id, "to": "html"}}
    reply = await client.request("POST", "/api/executions", json=body)
    _, made = await report_of(client, reply)

    assert made["name"] == "a.html"
    assert made["route"] == [{"from": "md", "to": "html", "by": "pandoc"}]
