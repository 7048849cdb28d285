"""Batches that fill templates."""

import io
import json
import zipfile

import openpyxl
import pypdfium2
import pytest

from dataflowtools.tests.http.converting.batches import (
    HOSTILE_JSON,
    SAMPLES,
    batch,
    codes,
    done,
    locked,
    report_of,
    zip_of,
    zipped,
)
from dataflowtools.tests.http.converting.converting import book
from dataflowtools.tests.http.converting.test_batch_edit import lines_of
from dataflowtools.tests.http.writing.test_templates import word
from dataflowtools.tests.http_service import stored
from servicekit.testing import assert_problem

pytestmark = pytest.mark.asyncio(loop_scope="package")
LETTER = word("Dear {{ name }},", "greetings to {{ city }}.")


async def test_every_file_is_a_template_for_one_set_of_data(client):
    files = [
        ("letter.docx", LETTER),
        ("bill.xlsx", book([["{{ name }}", "{{ total }}"]])),
        ("note.md", b"# {{ name }}, {{ tel }}, {{ fax }}\n"),
        ("trap.md", b"{{ ''.__class__.__mro__ }}"),
        ("locked.docx", locked()),
        ("plain.docx", (SAMPLES / "word_tables.docx").read_bytes()),
    ]
    data = {"name": "李 & Söhne", "city": "北京", "total": 0.5}
    ids, items, made = await done(client, "fill", files, {"data": data})

    assert codes(items) == [None, None, "missing_fields", "template_error", "password_required", None]
    assert [fault["pointer"] for fault in items[2]["error"]["errors"]] == ["/data/tel", "/data/fax"]
    assert "fax" in items[2]["error"]["message"]
    assert lines_of(made[items[0]["output"]]) == ["Dear 李 & Söhne,", "greetings to 北京."]
    sheet = openpyxl.load_workbook(io.BytesIO(made[items[1]["output"]])).active
    assert [cell.value for cell in sheet[1]] == ["李 & Söhne", 0.5]
    assert items[0]["records"] == 1
    assert len(ids) == len(items)


async def test_every_file_is_data_for_one_template(client):
    template = (await stored(client, "letter.docx", LETTER))["file_id"]
    files = [
        ("li.json", json.dumps({"name": "李", "city": "北京"}).encode()),
        ("two.json", json.dumps([{"name": "a", "city": "b"}, {"name": "c", "city": "d"}]).encode()),
        ("people.csv", "name,city\nLi,北京\nMüller,Bonn\nNero,Rome\n".encode()),
        ("one.xlsx", book([["name", "city"], ["Ann", "York"]])),
        ("short.json", b'{"name": "x"}'),
        ("short.csv", b"name\nx\n"),
        ("torn.json", b'{"name": '),
        ("text.json", b'"name"'),
        ("nan.json", b'{"name": NaN, "city": 1}'),
        ("empty.json", b""),
        ("page.html", b"<!DOCTYPE html><p>x</p>"),
    ]
    _, items, made = await done(client, "fill", files, {"template": template})

    assert codes(items) == [
        None, None, None, None, "missing_fields", "missing_fields", "invalid_template_data",
        "invalid_template_data", "invalid_template_data", "empty_file", "unsupported_type",
    ]  # fmt: skip
    assert [item["output"] for item in items[:4]] == ["li.docx", "two.zip", "people.zip", "one.docx"]
    assert [item["records"] for item in items[:4]] == [1, 2, 3, 1]
    assert lines_of(made["li.docx"])[0] == "Dear 李,"
    assert lines_of(made["one.docx"])[1] == "greetings to York."
    with zipfile.ZipFile(io.BytesIO(made["people.zip"])) as letters:
        first = [lines_of(letters.read(name))[0] for name in letters.namelist()]
    assert first == ["Dear Li,", "Dear Müller,", "Dear Nero,"]
    assert items[4]["error"]["errors"][0]["pointer"] == "/data/city"
    assert items[5]["error"]["errors"][0]["pointer"] == "/records/0/city"


async def test_the_members_of_a_zip_are_filled_in_merged_and_printed(client):
    template = (await stored(client, "letter.docx", LETTER))["file_id"]
    data = {"in/0.json": json.dumps({"name": "n0", "city": "西安"}), "all.csv": "name,city\na,b\nc,d\n"}
    file_id = (await stored(client, "data.zip", zipped(**data)))["file_id"]
    options = {"template": template, "to": "pdf", "output": "merged"}
    reply = await batch(client, operation="fill", file_id=file_id, options=options)
    _, report = await report_of(client, reply)
    archive = await zip_of(client, report)

    assert [item["output"] for item in report["items"]] == ["0.pdf", "all.pdf"]
    one, several = ([page.get_textpage().get_text_bounded() for page in pypdfium2.PdfDocument(archive.read(name))]
                    for name in ("0.pdf", "all.pdf"))  # fmt: skip
    assert "西安" in one[0]
    assert ["Dear a," in several[0], "Dear c," in several[1]] == [True, True]


async def test_records_that_cannot_be_filled_in_are_left_out_where_that_is_asked_for(client):
    template = (await stored(client, "note.md", b"{{ name }}"))["file_id"]
    files = [("rows.json", json.dumps([{"name": "a"}, {"other": 1}, {"name": "c"}]).encode())]
    _, items, made = await done(client, "fill", files, {"template": template, "bad_records": "leave_out"})

    assert items[0]["records"] == 2
    assert "record_left_out" in [warning["code"] for warning in items[0]["warnings"]]
    with zipfile.ZipFile(io.BytesIO(made["rows.zip"])) as notes:
        assert [notes.read(name) for name in notes.namelist()] == [b"a", b"c"]


async def test_results_are_named_by_their_data_and_no_two_alike(client):
    template = (await stored(client, "note.md", b"{{ name }} {{ note }}"))["file_id"]
    files = [(f"{n}.json", json.dumps({"name": "Li", "n": n}).encode()) for n in range(2)]
    options = {"template": template, "name": "for {{ name }}.md", "missing": "empty"}
    _, items, made = await done(client, "fill", files, options)

    assert sorted(item["output"] for item in items) == ["for Li (2).md", "for Li.md"]
    assert made["for Li.md"] == b"Li "


async def test_hostile_json_fails_alone(client):
    template = (await stored(client, "note.md", b"{{ name }}"))["file_id"]
    files = [(f"{n}.json", data) for n, data in enumerate(HOSTILE_JSON)]
    _, items, made = await done(
        client, "fill", [*files, ("good.json", b'\xef\xbb\xbf{"name": "x"}')], {"template": template}
    )

    assert codes(items) == [*["invalid_template_data"] * len(files), None]
    assert made[items[-1]["output"]].strip() == b"x"


@pytest.mark.parametrize(
    ("options", "status", "code", "pointer"),
    [
        ({}, 422, "validation_failed", "/options"),
        ({"data": {}, "template": "a"}, 422, "validation_failed", "/options"),
        ({"data": []}, 422, "validation_failed", "/options/data"),
        ({"data": {}, "records": []}, 422, "validation_failed", "/options/records"),
        ({"data": {}, "output": "flat"}, 422, "validation_failed", "/options/output"),
        ({"data": {}, "output": "merged", "bad_records": "leave_out"}, 422, "unsupported_conversion", "/options/bad_records"),
        ({"data": {}, "to": "../x"}, 422, "unsupported_conversion", "/options/to"),
        ({"template": "0" * 32}, 404, "file_not_found", "/options/template"),
        ({"data": {"logo": {"type": "picture", "file_id": "0" * 32}}}, 404, "file_not_found", "/options/data"),
    ],
)  # fmt: skip
async def test_what_cannot_fill_anything_is_refused_before_it_is_accepted(
    client, options, status, code, pointer
):
    reply = await batch(client, status, operation="fill", file_ids=["a"], options=options)

    assert assert_problem(reply, status, code)["errors"][0]["pointer"] == pointer


@pytest.mark.parametrize(
    ("source", "options", "code", "pointer"),
    [
        (b"{% for x in items %}", {}, "template_error", "/options/template"),
        (b"{{ a }}", {"to": "docx"}, "unsupported_conversion", "/options/to"),
        (b"{{ a }}", {"output": "merged"}, "unsupported_conversion", "/options/output"),
    ],
)  # fmt: skip
async def test_a_template_that_cannot_be_filled_so_is_refused_before_the_batch_is_accepted(
    client, source, options, code, pointer
):
    template = (await stored(client, "t.md", source))["file_id"]
    reply = await batch(
        client, 422, operation="fill", file_ids=["a"], options={"template": template, **options}
    )

    assert assert_problem(reply, 422, code)["errors"][0]["pointer"] == pointer
