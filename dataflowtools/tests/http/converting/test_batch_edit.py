"""Batches that edit, on copies and in place."""

import asyncio
import io

import docx
import openpyxl
import pytest

from dataflowtools.tests.http.converting.batches import (
    SAMPLES,
    batch,
    codes,
    done,
    locked,
    report_of,
    zip_of,
    zipped,
)
from dataflowtools.tests.http.converting.converting import book, word
from dataflowtools.tests.http.execution.test_document_executions import ended, events_of
from dataflowtools.tests.http.writing.calls import call, content_of, written
from dataflowtools.tests.http.writing.test_edit import changed
from dataflowtools.tests.http_service import running, stored
from dataflowtools.tests.unit.documents.making import bomb, pdf, show
from servicekit.testing import assert_problem

pytestmark = pytest.mark.asyncio(loop_scope="package")
APPEND = {"op": "append", "content": {"text": "the end"}}
TITLE = {"op": "set_properties", "properties": {"title": "checked"}}


def lines_of(data):
    return [paragraph.text for paragraph in docx.Document(io.BytesIO(data)).paragraphs]


async def test_copies_are_edited_and_the_stored_files_stay(client):
    names = ["word_tables.docx", "docx_lists.docx", "xlsx_01.xlsx"]
    files = [(name, (SAMPLES / name).read_bytes()) for name in names]
    files += [
        ("own.docx", await written(client, {"markdown": "# made here"}, to="docx")),
        ("locked.docx", locked()),
        ("bomb.docx", bomb()),
        ("picture.png", b"\x89PNG\r\n\x1a\n" + bytes(40)),
    ]
    ids, items, made = await done(client, "edit", files, {"operations": [TITLE]})

    assert codes(items) == [*[None] * 4, "password_required", "decompression_limit", "unsupported_type"]
    for (name, before), item in zip(files[:4], items[:4], strict=True):
        assert (item["name"], item["output"]) == (name, name)
        assert item["results"] == [{"op": "set_properties", "set": ["title"]}]
        assert changed(before, made[name]) <= {"docProps/core.xml", "[Content_Types].xml", "_rels/.rels"}
        assert b"checked" not in before
    assert docx.Document(io.BytesIO(made["own.docx"])).core_properties.title == "checked"
    assert openpyxl.load_workbook(io.BytesIO(made["xlsx_01.xlsx"])).properties.title == "checked"
    for (_, before), file_id in zip(files, ids, strict=True):
        assert await content_of(client, file_id) == before


async def test_an_operation_that_a_file_does_not_know_fails_alone_and_names_its_place(client):
    files = [("a.docx", word("x")), ("b.xlsx", book([[1]]))]
    _, items, made = await done(client, "edit", files, {"operations": [TITLE, APPEND]})

    assert codes(items) == [None, "invalid_edit"]
    assert items[1]["error"]["errors"][0]["pointer"] == "/operations/1/op"
    assert lines_of(made["a.docx"])[-1] == "the end"


async def test_files_of_a_zip_are_edited_and_a_split_gives_all_its_parts(client):
    three = pdf([show("one"), show("two"), show("three")])
    file_id = (await stored(client, "all.zip", zipped(**{"in/three.pdf": three, "a.md": b"# x\n"})))[
        "file_id"
    ]
    reply = await batch(
        client, operation="edit", file_id=file_id, options={"operations": [{"op": "split", "every": 2}]}
    )
    _, report = await report_of(client, reply)
    archive = await zip_of(client, report)
    split, text = report["items"]

    assert [name.rpartition("/")[0] for name in split["outputs"]] == ["", ""]
    assert all(archive.read(name).startswith(b"%PDF-") for name in split["outputs"])
    assert text["error"]["code"] == "invalid_edit"


async def test_in_place_every_file_gets_its_new_version_and_conflicts_are_told_one_by_one(client):
    files = [("a.docx", word("x")), ("b.md", b"start\n"), ("c.md", b"start\n"), ("locked.docx", locked())]
    kept = [await stored(client, name, data) for name, data in files]
    ids = [one["file_id"] for one in kept]
    versions = {ids[0]: f'"{kept[0]["sha256"]}"', ids[2]: '"an older version"'}
    options = {"operations": [APPEND], "in_place": True, "if_match": versions}
    state, report = await report_of(
        client, await batch(client, operation="edit", file_ids=[*ids, "0" * 32], options=options)
    )
    items = report["items"]

    assert (state["status"], report["file_id"], report["name"]) == ("succeeded", None, None)
    assert codes(items) == [None, None, "edit_conflict", "password_required", "file_not_found"]
    assert items[2]["error"]["etag"] == f'"{kept[2]["sha256"]}"'
    now = [await content_of(client, file_id) for file_id in ids]
    assert lines_of(now[0])[-1] == "the end"
    assert now[1].decode().splitlines() == ["start", "the end"]
    assert now[2:] == [files[2][1], files[3][1]]
    head = await client.request("GET", f"/api/file/download/{ids[1]}")
    assert items[1]["etag"] == head.headers["ETag"]
    assert "output" not in items[1]


async def test_when_nothing_is_edited_in_place_the_batch_fails(client):
    file_id = (await stored(client, "a.png", b"\x89PNG\r\n\x1a\n" + bytes(40)))["file_id"]
    options = {"operations": [APPEND], "in_place": True}
    reply = await batch(client, operation="edit", file_ids=[file_id], options=options)
    state, _ = await report_of(client, reply)

    assert (state["status"], state["verdict"]) == ("failed", "all_files_failed")


async def test_a_cancelled_batch_leaves_every_file_edited_whole_or_not_at_all(tmp_path):
    async with running(tmp_path, convert_workers=1) as client:
        ids = [(await stored(client, f"{n}.docx", word("start")))["file_id"] for n in range(60)]
        options = {"operations": [APPEND], "in_place": True}
        reply = await batch(client, operation="edit", file_ids=ids, options=options)
        place = reply.headers["Location"]
        async with asyncio.timeout(60):
            while not (await client.request("GET", place)).json()["progress"]:
                await asyncio.sleep(0.02)
        await client.request("POST", f"{place}/cancel", timeout_s=60)
        state = await ended(client, reply)
        told = {data["file_id"] for name, data in await events_of(client, reply) if name == "item"}
        lines = [lines_of(await content_of(client, file_id)) for file_id in ids]
        edited = {file_id for file_id, found in zip(ids, lines, strict=True) if "the end" in found}

        assert state["status"] == "cancelled"
        assert told <= edited
        assert 0 < len(edited) < len(ids)
        assert all(found.count("the end") <= 1 and "start" in found for found in lines)


async def test_what_is_empty_afterwards_is_an_empty_file(client):
    files = [("a.txt", b"one\n"), ("b.txt", b"one\ntwo\n")]
    _, items, made = await done(client, "edit", files, {"operations": [{"op": "delete_blocks", "at": 0}]})

    assert codes(items) == [None, None]
    assert [made["a.txt"], made["b.txt"]] == [b"", b"two\n"]
    reply = await call(client, "write", {"to": "txt", "content": {"text": ""}})
    assert (reply.status, reply.json()["size"]) == (201, 0)


@pytest.mark.parametrize(
    ("more", "options", "pointer"),
    [
        ({}, {}, "/options/operations"),
        ({}, {"operations": []}, "/options/operations"),
        ({}, {"operations": [{"op": "explode"}]}, "/options/operations/0"),
        ({}, {"operations": [TITLE, {"op": "delete_blocks", "at": -1}]}, "/options/operations/1/at"),
        ({}, {"operations": [TITLE], "save_as": "x"}, "/options/save_as"),
        ({}, {"operations": [TITLE], "if_match": {"a": "x"}}, "/options/if_match"),
        ({}, {"operations": [{"op": "split", "every": 1}], "in_place": True}, "/options/operations/0/op"),
        ({}, {"operations": [TITLE], "in_place": True, "if_match": {"c": "x"}}, "/options/if_match/c"),
        ({"file_ids": ["a", "b", "a"]}, {"operations": [TITLE], "in_place": True}, "/file_ids/2"),
        ({"file_ids": [], "file_id": "z"}, {"operations": [TITLE], "in_place": True}, "/options/in_place"),
    ],
)  # fmt: skip
async def test_edits_that_make_no_sense_are_refused_before_they_are_accepted(client, more, options, pointer):
    body = {"operation": "edit", "file_ids": ["a", "b"], "options": options, **more}
    problem = assert_problem(await batch(client, 422, **body), 422, "validation_failed")

    assert problem["errors"][0]["pointer"] == pointer
    assert not problem["detail"].startswith("Not valid") or pointer in problem["detail"]


async def test_a_file_that_an_operation_names_and_nobody_has_is_told_at_once(client):
    merge = {"op": "merge", "file_ids": ["0" * 32]}
    reply = await batch(client, 404, operation="edit", file_ids=["a"], options={"operations": [merge]})

    problem = assert_problem(reply, 404, "file_not_found")
    assert problem["errors"][0]["pointer"] == "/options/operations"


@pytest.mark.parametrize("repeated", [{"idempotent": True}, {"retry_count": 1}])
async def test_edits_in_place_are_not_promised_to_be_repeatable(client, repeated):
    request = {"operation": "edit", "file_ids": ["a"], "options": {"operations": [APPEND], "in_place": True}}
    body = {"kind": "batch", "request": request, "options": repeated}
    problem = assert_problem(
        await client.request("POST", "/api/executions", json=body), 422, "invalid_parameters"
    )

    assert problem["errors"][0]["pointer"] == f"/options/{next(iter(repeated))}"
