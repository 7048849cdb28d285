"""Batches that write documents of what files hold."""

import io
import json

import docx
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
)
from dataflowtools.tests.http.converting.test_batch_edit import lines_of
from dataflowtools.tests.http_service import running, stored
from dataflowtools.tests.unit.documents.making import bomb
from servicekit.testing import assert_problem

pytestmark = pytest.mark.asyncio(loop_scope="package")


def body(value):
    return json.dumps(value).encode()


async def test_documents_of_every_kind_are_written_in_one_look(client):
    files = [
        ("request.json", body({"content": {"markdown": "# One"}, "footer": "its own", "name": "named"})),
        ("content.json", body({"text": "two"})),
        ("blocks.json", body([{"type": "paragraph", "text": "three"}])),
        ("报告.md", "# 四\n\nfour".encode("gb18030")),
        ("table.csv", b"a,b\n1,=2\n"),
        ("real.html", (SAMPLES / "example_01.html").read_bytes()),
        (
            "wrong.json",
            body({"content": [{"type": "paragraph", "text": "x"}, {"type": "heading", "level": 12}]}),
        ),
        ("torn.json", b"{"),
        ("empty.json", b" "),
        ("cells.json", body({"sheets": [{"name": "a"}]})),
        ("bare.json", body([{"type": "heading", "level": 12}])),
        ("locked.docx", locked()),
        ("bomb.docx", bomb()),
    ]
    options = {"to": "docx", "header": "四季 letter", "footer": "page {page}", "page": {"size": "A5"}}
    _, items, made = await done(client, "write", files, options)

    assert codes(items) == [
        *[None] * 6, "invalid_content", "invalid_content", "empty_file", "invalid_content",
        "invalid_content", "password_required", "decompression_limit",
    ]  # fmt: skip
    assert [item["output"] for item in items[:6]] == [
        "named.docx", "content.docx", "blocks.docx", "报告.docx", "table.docx", "real.docx",
    ]  # fmt: skip
    assert items[6]["error"]["errors"][0]["pointer"] == "/content/1/level"
    assert items[9]["error"]["errors"][0]["pointer"] == "/content/sheets"
    assert items[10]["error"]["errors"][0]["pointer"] == "/0/level"
    assert lines_of(made["named.docx"]) == ["One"]
    assert lines_of(made["报告.docx"]) == ["四", "four"]
    [table] = docx.Document(io.BytesIO(made["table.docx"])).tables
    assert [[cell.text for cell in row.cells] for row in table.rows] == [["a", "b"], ["1", "=2"]]
    for name in ("named.docx", "报告.docx", "real.docx"):
        section = docx.Document(io.BytesIO(made[name])).sections[0]
        assert section.header.paragraphs[0].text == "四季 letter"
        assert round(section.page_width.pt) == 420
        own = name == "named.docx"
        assert section.footer.paragraphs[0].text.startswith("its own" if own else "page ")


async def test_what_one_batch_reads_another_writes(client):
    names = ["docx_lists.docx", "word_tables.docx", "xlsx_01.xlsx"]
    files = [(name, (SAMPLES / name).read_bytes()) for name in names]
    _, read, found = await done(client, "parse", files, {"format": "json"})
    as_json = [(item["output"], found[item["output"]]) for item in read]
    _, items, made = await done(client, "write", as_json, {"to": "pdf"})
    assert codes(items) == [None, None, None]
    assert [item["output"] for item in items] == [f"{name}.pdf" for name in names]
    assert all(len(pypdfium2.PdfDocument(made[item["output"]])) > 0 for item in items)

    _, items, made = await done(client, "write", as_json[2:], {"to": "xlsx"})
    before = openpyxl.load_workbook(SAMPLES / "xlsx_01.xlsx").worksheets[0]
    after = openpyxl.load_workbook(io.BytesIO(made[items[0]["output"]])).worksheets[0]
    assert [cell.value for cell in after[1]] == [cell.value for cell in before[1]]


async def test_old_formats_and_workbooks_are_written_too(client):
    files = [("a.json", body({"sheets": [{"name": "S", "rows": [["=x", 2]]}]})), ("b.csv", b"n\n7\n")]
    _, items, made = await done(client, "write", files, {"to": "xlsx"})
    sheets = [openpyxl.load_workbook(io.BytesIO(made[item["output"]])).active for item in items]
    assert [[cell.value for cell in sheet[1]] for sheet in sheets] == [["=x", 2], ["n"]]
    assert sheets[0]["A1"].data_type == "s"

    _, items, made = await done(client, "write", [("a.md", b"# old")], {"to": "doc"})
    assert items[0]["output"] == "a.doc"
    assert made["a.doc"].startswith(b"\xd0\xcf\x11\xe0")


async def test_no_name_that_a_file_asks_for_leads_out_of_the_zip(client):
    names = ["../../etc/evil", "/tmp/evil", "C:\\evil", "a\u202egpj", "report.json"]
    files = [(f"{n}.json", body({"content": {"text": "x"}, "name": name})) for n, name in enumerate(names)]
    _, items, made = await done(client, "write", files, {"to": "txt"})

    outputs = [item["output"] for item in items]
    assert sorted(outputs[:3]) == ["evil (2).txt", "evil (3).txt", "evil.txt"]
    assert outputs[3:] == ["agpj.txt", "report.json.txt"]
    assert set(made) == {*outputs, "report.json"}


async def test_json_that_a_request_could_not_hold_is_refused_alone(tmp_path):
    async with running(tmp_path, max_body_bytes=2000) as client:
        large = body({"text": "x" * 3000})
        ids = [(await stored(client, "a.json", data))["file_id"] for data in (large, body({"text": "x"}))]
        reply = await batch(client, operation="write", file_ids=ids, options={"to": "txt"})
        _, report = await report_of(client, reply)
        archive = await zip_of(client, report)

    assert codes(report["items"]) == ["document_too_large", None]
    assert archive.read("a.txt").strip() == b"x"


async def test_hostile_json_fails_alone(client):
    files = [(f"{n}.json", data) for n, data in enumerate(HOSTILE_JSON)]
    _, items, made = await done(client, "write", [*files, ("good.json", body({"text": "x"}))], {"to": "txt"})

    assert codes(items) == [*["invalid_content"] * len(files), None]
    assert made[items[-1]["output"]].strip() == b"x"


@pytest.mark.parametrize(
    ("options", "status", "code", "pointer"),
    [
        ({}, 422, "validation_failed", "/options/to"),
        ({"to": "png"}, 422, "unsupported_conversion", "/options/to"),
        ({"to": "pdf", "content": {"text": "x"}}, 422, "validation_failed", "/options/content"),
        ({"to": "pdf", "page": {"size": "A0"}}, 422, "validation_failed", "/options/page/size"),
        ({"to": "xlsx", "header": "x"}, 422, "invalid_content", "/options/header"),
        ({"to": "doc", "header": [{"type": "picture", "data": "AAAA"}]}, 422, "invalid_content", "/options"),
        ({"to": "docx", "header": [{"type": "picture", "file_id": "0" * 32}]}, 404, "file_not_found", "/options/header"),
    ],
)  # fmt: skip
async def test_a_look_that_no_document_can_have_is_refused_before_it_is_accepted(
    client, options, status, code, pointer
):
    reply = await batch(client, status, operation="write", file_ids=["a"], options=options)

    assert assert_problem(reply, status, code)["errors"][0]["pointer"] == pointer
