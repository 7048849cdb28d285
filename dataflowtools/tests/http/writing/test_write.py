"""POST /api/file/write over a real socket, with real workers; other programs read what it wrote."""

import base64
import io

import docx
import openpyxl
import pypdfium2
import pytest
from PIL import Image

from dataflowtools.tests.http.documents.parsing import parse
from dataflowtools.tests.http.writing.calls import call, content_of, made, stored, written
from servicekit.testing import assert_problem

pytestmark = pytest.mark.asyncio(loop_scope="package")

BLOCKS = [
    {"type": "heading", "level": 1, "text": "季度报告 Quarterly"},
    {
        "type": "paragraph",
        "runs": [
            {"text": "bold ", "bold": True},
            {"text": "plain "},
            {"text": "link", "link": "https://example.org/?a=1&b=2"},
        ],
    },
    {
        "type": "list",
        "ordered": True,
        "start": 3,
        "items": [
            "one",
            {"blocks": [{"type": "paragraph", "text": "two"}, {"type": "list", "items": ["inner"]}]},
        ],
    },
    {
        "type": "table",
        "rows": [
            [{"text": "A", "header": True, "col_span": 2}, {"text": "C", "header": True}],
            [{"text": "1", "row_span": 2}, "2", "3"],
            ["x", "y"],
        ],
    },
    {"type": "code", "text": "def f():\n    return 1"},
    {"type": "quote", "blocks": [{"type": "paragraph", "text": "said"}]},
]


SVG = base64.b64encode(
    b"<svg xmlns='http://www.w3.org/2000/svg'><image href='file:///etc/passwd'/></svg>"
).decode()


def picture(width=40, height=20) -> bytes:
    held = io.BytesIO()
    Image.new("RGB", (width, height), "red").save(held, "PNG")
    return held.getvalue()


async def test_a_word_document_is_what_other_programs_read(client):
    body = {
        "to": "docx",
        "name": "报告",
        "content": BLOCKS,
        "header": "Page {page} of {pages}",
        "page": {"size": "A5", "orientation": "landscape"},
        "properties": {"title": "T & <x>", "author": "me"},
        "styles": {"heading 1": {"color": "#00FF00", "align": "center"}, "Mine": {"bold": True}},
    }
    file = await made(client, "write", body)
    assert file["name"] == "报告.docx"
    assert file["warnings"] == []
    document = docx.Document(io.BytesIO(await content_of(client, file["file_id"])))

    texts = [(paragraph.style.name, paragraph.text) for paragraph in document.paragraphs if paragraph.text]
    assert texts[0] == ("Heading 1", "季度报告 Quarterly")
    assert ("Source Code", "def f():\n    return 1") in texts
    assert [[cell.text for cell in row.cells] for row in document.tables[0].rows] == [
        ["A", "A", "C"],
        ["1", "2", "3"],
        ["1", "x", "y"],
    ]
    assert document.core_properties.title == "T & <x>"
    assert document.sections[0].page_width > document.sections[0].page_height
    assert "Page " in document.sections[0].header.paragraphs[0].text
    assert document.styles["Mine"].font.bold


async def test_what_was_written_is_read_back_the_same(client):
    reply = await parse(client, await written(client, BLOCKS, to="docx"), "a.docx")
    blocks = reply.json()["content"]["blocks"]

    assert [block["type"] for block in blocks] == ["heading", "paragraph", "list", "table", "code", "quote"]
    assert blocks[2]["items"][1]["blocks"][1]["items"][0]["blocks"][0]["text"] == "inner"
    again = await written(client, {"blocks": blocks}, to="docx")
    assert (await parse(client, again, "b.docx")).json()["content"]["blocks"] == blocks


async def test_the_same_request_writes_the_same_bytes(client):
    for to in ("docx", "pdf", "xlsx", "html"):
        assert await written(client, BLOCKS, to=to) == await written(client, BLOCKS, to=to), to


async def test_pictures_come_from_the_store_or_with_the_request(client):
    file_id = (await stored(client, "red.png", picture(60, 30)))["file_id"]
    blocks = [
        {"type": "picture", "file_id": file_id, "alt": "stored", "width": 100},
        {"type": "picture", "data": base64.b64encode(picture()).decode()},
        {"type": "picture", "reference": "file:///etc/passwd", "alt": "away"},
    ]
    file = await made(client, "write", {"to": "docx", "content": blocks})
    document = docx.Document(io.BytesIO(await content_of(client, file["file_id"])))

    assert [shape.width.pt for shape in document.inline_shapes] == [100, 30]
    assert [warning["code"] for warning in file["warnings"]] == ["picture_left_out"]
    html = (await written(client, blocks, to="html")).decode()
    assert html.count('<img src="data:image/png;base64,') == 2
    assert "passwd" not in html
    assert (await written(client, blocks, to="pdf")).startswith(b"%PDF")


async def test_another_tenants_picture_is_not_found(client):
    reply = await call(client, "write", {"to": "pdf", "content": [{"type": "picture", "file_id": "f" * 32}]})
    assert_problem(reply, 404, "file_not_found")


async def test_texts_in_cells_stay_texts_and_formulas_are_asked_for(client):
    rows = [
        ["=1+1", "+1", "-1", "@x", "\t=1", "=cmd|'/c calc'!A0"],
        [{"formula": "SUM(B3:B4)", "value": 5}, 2, 2.5, True, None, {"value": "2026-02-03", "type": "date"}],
        [{"value": 0.5, "style": "share"}, 12345678901234567890],
    ]
    sheets = [
        {
            "name": "数据",
            "rows": rows,
            "styles": {"share": {"number_format": "0 %", "bold": True}},
            "widths": {"A": 30},
        },
        {"name": "second", "rows": [["a", "b"], [1, 2]], "header": True, "merges": ["A4:B4"]},
    ]
    data = await written(client, {"sheets": sheets}, name="a.xlsx")
    book = openpyxl.load_workbook(io.BytesIO(data))
    sheet = book["数据"]

    assert [cell.value for cell in sheet[1]] == rows[0]
    assert all(cell.data_type == "s" for cell in sheet[1])
    assert (sheet["A2"].value, sheet["D2"].value, str(sheet["F2"].value)) == (
        "=SUM(B3:B4)",
        True,
        "2026-02-03 00:00:00",
    )
    assert sheet["A3"].number_format == "0 %"
    assert sheet["A3"].font.bold
    assert sheet["B3"].value == "12345678901234567890"
    assert book["second"].freeze_panes == "A2"
    assert openpyxl.load_workbook(io.BytesIO(data), data_only=True)["数据"]["A2"].value == 5


@pytest.mark.parametrize("formula", ['=WEBSERVICE("http://x")', "=cmd|'/c calc'!A0", '=1+RTD("a",,"b")'])
async def test_a_formula_that_reaches_out_is_refused(client, formula):
    body = {"to": "xlsx", "content": {"sheets": [{"name": "a", "rows": [[{"formula": formula}]]}]}}
    assert_problem(await call(client, "write", body), 422, "invalid_content")


async def test_markdown_becomes_every_format(client):
    markdown = "# 标题\n\ntext **bold**\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n![x](/etc/passwd)\n"
    for to in ("docx", "pdf", "xlsx", "html", "txt"):
        data = await written(client, {"markdown": markdown}, to=to)
        assert b"root:" not in data, to
    assert "标题" in (await written(client, {"markdown": markdown}, to="txt")).decode()
    assert (await written(client, {"markdown": markdown}, to="md")).decode() == markdown


async def test_a_pdf_prints_chinese_with_fonts_of_its_own(client):
    content = [*BLOCKS, {"type": "paragraph", "text": "这是一个很长的中文段落，用来检查换行。" * 30}]
    data = await written(client, content, to="pdf", footer="第 {page} 页，共 {pages} 页")
    pages = pypdfium2.PdfDocument(data)
    text = pages[0].get_textpage().get_text_bounded()

    assert "季度报告 Quarterly" in text
    assert "第 1 页，共" in text
    assert b"/FontFile2" in data
    assert [mark.get_title() for mark in pages.get_toc()] == ["季度报告 Quarterly"]
    heading = pages[0].render(scale=1, crop=(72, 740, 300, 72)).to_numpy()
    assert (heading < 128).any(), "the heading leaves ink where it stands"


async def test_long_tables_repeat_their_header_on_every_page(client):
    rows = [[{"text": "编号", "header": True}, {"text": "name", "header": True}]]
    rows += [[str(number), f"row {number}"] for number in range(500)]
    pages = pypdfium2.PdfDocument(await written(client, [{"type": "table", "rows": rows}], to="pdf"))
    assert len(pages) > 5
    assert all("编号" in page.get_textpage().get_text_bounded() for page in pages)


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"to": "../../x", "content": []}, 422, "unsupported_conversion"),
        ({"content": []}, 422, "unsupported_conversion"),
        ({"to": "docx", "content": {"blocks": [], "markdown": "x"}}, 422, "validation_failed"),
        ({"to": "docx", "content": [{"type": "poem"}]}, 422, "validation_failed"),
        ({"to": "docx", "content": [{"type": "paragraph", "text": "x", "size": 3}]}, 422, "validation_failed"),
        ({"to": "docx", "content": [{"type": "paragraph", "style": "No such"}]}, 422, "invalid_content"),
        ({"to": "docx", "content": {"sheets": [{"name": "a"}]}}, 422, "invalid_content"),
        ({"to": "xlsx", "content": [{"type": "paragraph", "text": "x"}]}, 422, "invalid_content"),
        ({"to": "xlsx", "content": {"sheets": [{"name": "a"}, {"name": "A"}]}}, 422, "invalid_content"),
        ({"to": "xlsx", "content": {"sheets": [{"name": "a[b"}]}}, 422, "invalid_content"),
        ({"to": "txt", "header": "x", "content": []}, 422, "invalid_content"),
        ({"to": "pdf", "page": {"margin": 400}, "content": []}, 422, "invalid_content"),
        ({"to": "docx", "content": [{"type": "picture", "data": "!!"}]}, 422, "invalid_content"),
        ({"to": "docx", "content": [{"type": "picture", "data": "aGVsbG8="}]}, 422, "invalid_content"),
        ({"to": "pdf", "content": [{"type": "picture", "data": SVG}]}, 422, "invalid_content"),
        ({"to": "docx", "content": [{"type": "table", "rows": [[{"col_span": 16384, "row_span": 99999}]] * 500}]}, 422, "invalid_content"),
    ],
)  # fmt: skip
async def test_what_cannot_be_written_is_refused_by_name(client, body, status, code):
    assert_problem(await call(client, "write", body), status, code)


async def test_a_repetition_with_the_same_key_stores_nothing_more(client):
    body = {"to": "docx", "content": [{"type": "paragraph", "text": "once"}]}
    first = await made(client, "write", body, **{"Idempotency-Key": "w1"})
    second = await made(client, "write", body, **{"Idempotency-Key": "w1"})
    assert first["file_id"] == second["file_id"]
