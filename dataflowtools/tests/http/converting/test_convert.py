"""Converting through the real service: pairs, routes, round trips, refusals."""

import asyncio
import io
import json

import docx
import openpyxl
import pypdfium2 as pdfium
import pytest
from docx.oxml.ns import qn
from msoffcrypto.format.ooxml import OOXMLFile
from PIL import Image
from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.pdfgen.canvas import Canvas

from dataflowtools.tests.http.converting.converting import (
    TIMEOUT_S,
    book,
    changed,
    convert,
    converted,
    picture,
    word,
)
from dataflowtools.tests.http_service import running, stored
from dataflowtools.tests.unit.documents.making import bomb
from servicekit.testing import assert_problem

pytestmark = pytest.mark.asyncio(loop_scope="package")

TABLE = [["部门", "金额"], ["研发", "1,200.50"]]
MARKDOWN = "# 标题\n\n正文 with **bold**.\n\n| a | b |\n|---|---|\n| 1 | 2 |\n".encode()


def text_of_pdf(data: bytes) -> str:
    document = pdfium.PdfDocument(data)
    try:
        return "\n".join(page.get_textpage().get_text_range() for page in document)
    finally:
        document.close()


def text_of_word(data: bytes) -> str:
    document = docx.Document(io.BytesIO(data))
    cells = [cell.text for table in document.tables for row in table.rows for cell in row.cells]
    return "\n".join([paragraph.text for paragraph in document.paragraphs] + cells)


def by(made: dict) -> list[str]:
    return [step["by"] for step in made["route"]]


async def test_a_stored_file_becomes_a_new_stored_file(client):
    file_id = (await stored(client, "报告.docx", word("本季度收入增长了。", table=TABLE)))["file_id"]
    asked = {"file_id": file_id, "to": "pdf"}
    reply = await client.request("POST", "/api/file/convert", json=asked, timeout_s=TIMEOUT_S)
    made = reply.json()
    data = (await client.request("GET", f"/api/file/download/{made['file_id']}")).body

    assert (reply.status, made["name"], made["media_type"]) == (200, "报告.pdf", "application/pdf")
    assert made["route"] == [{"from": "docx", "to": "pdf", "by": "libreoffice"}]
    assert made["warnings"] == []
    assert made["file_id"] != file_id
    assert "本季度收入增长了。" in text_of_pdf(data)
    assert "1,200.50" in text_of_pdf(data)


async def test_chinese_is_drawn_and_not_as_boxes(client):
    """Every one of these characters draws differently; a font without them would draw all alike."""
    letters = "一季度报告营业收入增长龘"
    data, _ = await converted(client, word(*letters), "a.docx", "pdf")
    document = pdfium.PdfDocument(data)
    page = document[0]
    text = page.get_textpage()
    whole = page.render(scale=3).to_pil().convert("L")
    seen = set()
    for letter in letters:
        left, bottom, right, top = text.get_charbox(text.search(letter).get_next()[0])
        box = (left * 3, (page.get_height() - top) * 3, right * 3, (page.get_height() - bottom) * 3)
        seen.add(whole.crop(tuple(map(round, box))).resize((24, 24)).tobytes())
    document.close()

    assert len(seen) == len(letters)


@pytest.mark.parametrize("family", [None, "宋体", "Microsoft YaHei"])
async def test_bold_chinese_is_bold_whatever_font_the_document_names(client, family):
    document = docx.Document()
    for bold in (False, True):
        run = document.add_paragraph().add_run("加粗文字测试" * 4)
        run.bold = bold
        if family:
            run.font.name = family
            run._element.rPr.rFonts.set(qn("w:eastAsia"), family)
    held = io.BytesIO()
    document.save(held)
    data, _ = await converted(client, held.getvalue(), "a.docx", "pdf")
    plain, bold = inks(data)

    assert bold > 1.15 * plain


async def test_bold_chinese_of_markdown_is_bold(client):
    text = "加粗文字测试" * 4
    data, _ = await converted(client, f"{text}\n\n**{text}**\n".encode(), "a.md", "pdf")
    plain, bold = inks(data)

    assert bold > 1.15 * plain


def inks(data):
    """Sum the ink of the first two lines of a PDF."""
    page = pdfium.PdfDocument(data)[0].render(scale=4).to_pil().convert("L")
    lines = [page.crop((0, int(4 * top), page.width, int(4 * (top + 18)))) for top in line_tops(page)]
    plain, bold = (sum(line.point(lambda grey: 255 - grey).tobytes()) for line in lines[:2])
    return plain, bold


def line_tops(page):
    """Find where lines of ink begin, in points."""
    rows = [min(page.crop((0, y, page.width, y + 1)).tobytes()) < 128 for y in range(page.height)]
    return [y / 4 for y in range(1, len(rows)) if rows[y] and not any(rows[max(0, y - 12) : y])]


@pytest.mark.parametrize("to", ["doc", "odt", "rtf"])
async def test_office_round_trips_keep_text_and_tables(client, to):
    there, made = await converted(client, word("一段文字 and words", table=TABLE), "a.docx", to)
    back, returned = await converted(client, there, f"a.{to}", "docx")
    document = docx.Document(io.BytesIO(back))

    assert by(returned) == ["libreoffice"]
    assert set(by(made)) == {"libreoffice"}
    assert "一段文字 and words" in text_of_word(back)
    assert [[cell.text for cell in row.cells] for row in document.tables[0].rows] == TABLE


@pytest.mark.parametrize("to", ["pdf", "odt", "doc"])
async def test_a_document_with_comments_converts(client, to):
    """Comments are shown in windows, which a LibreOffice without windows must not try."""
    document = docx.Document()
    for number in range(20):
        paragraph = document.add_paragraph(f"paragraph {number}")
        document.add_comment(paragraph.runs, text=f"批注 {number}", author="张三", initials="z")
    held = io.BytesIO()
    document.save(held)
    data, _ = await converted(client, held.getvalue(), "a.docx", to)

    assert data


@pytest.mark.parametrize("to", ["xls", "ods"])
async def test_workbooks_keep_values_formulas_and_sheets(client, to):
    there, _ = await converted(client, book([["名称", 3], ["和", "=B1*2"]], 第二=[["x"]]), "a.xlsx", to)
    back, _ = await converted(client, there, f"a.{to}", "xlsx")
    made = openpyxl.load_workbook(io.BytesIO(back))

    assert made.sheetnames == ["数据", "第二"]
    assert made["数据"]["A1"].value == "名称"
    assert made["数据"]["B2"].value == "=B1*2"


async def test_markdown_becomes_word_and_comes_back(client):
    there, made = await converted(client, MARKDOWN, "a.md", "docx")
    back, returned = await converted(client, there, "a.docx", "md")

    assert (by(made), by(returned)) == (["pandoc"], ["reader"])
    assert docx.Document(io.BytesIO(there)).paragraphs[0].style.name == "Heading 1"
    assert back.decode().startswith("# 标题")
    assert "正文 with **bold**." in back.decode()
    assert "| 1 | 2 |" in back.decode()


async def test_the_tables_of_documents_become_sheets(client):
    document = word("between", table=TABLE)
    book, made = await converted(client, document, "a.docx", "xlsx")
    page, _ = await converted(client, document, "a.docx", "pdf")
    of_page, _ = await converted(client, page, "a.pdf", "xlsx")
    rows, _ = await converted(client, page, "a.pdf", "csv")

    assert by(made) == ["writer"]
    assert made["losses"] == ["text_around_tables", "styles"]
    for data in (book, of_page):
        sheet = openpyxl.load_workbook(io.BytesIO(data)).worksheets[0]
        assert [list(row) for row in sheet.iter_rows(values_only=True)] == TABLE
    assert rows.decode().splitlines() == ["部门,金额", '研发,"1,200.50"']
    assert_problem(await convert(client, b"# no table", "a.md", "xlsx"), 422, "unsupported_conversion")


async def test_a_pdf_becomes_word_with_its_headings_and_tables(client):
    page, _ = await converted(client, word("一段文字 here", table=TABLE), "a.docx", "pdf")
    data, made = await converted(client, page, "a.pdf", "docx")
    document = docx.Document(io.BytesIO(data))

    assert by(made) == ["writer"]
    assert "一段文字 here" in text_of_word(data)
    assert [[cell.text for cell in row.cells] for row in document.tables[0].rows] == TABLE


@pytest.mark.parametrize(
    ("name", "data", "to", "route"),
    [
        ("a.md", MARKDOWN, "pdf", ["pandoc", "libreoffice"]),
        ("a.html", b"<h1>Head</h1><p>text</p>", "odt", ["pandoc"]),
        ("a.html", b"<h1>Head</h1><p>text</p>", "epub", ["pandoc"]),
        ("a.rst", b"Head\n====\n\ntext\n", "md", ["pandoc"]),
        ("a.tex", rb"\section{Head} text $x^2$", "docx", ["pandoc"]),
        ("a.txt", "文字\n\n第二段".encode("gb18030"), "rtf", ["writer", "libreoffice"]),
        ("a.csv", "名,b\n值,2\n".encode(), "ods", ["tables", "libreoffice"]),
        ("a.csv", b"a,b\nx,2\n", "pdf", ["tables", "libreoffice"]),
        ("a.eml", b"From: a@b.c\r\nSubject: s\r\n\r\nhello\r\n", "pdf", ["writer"]),
    ],
)  # fmt: skip
async def test_routes(client, name, data, to, route):
    found, made = await converted(client, data, name, to)

    assert by(made) == route
    assert found
    assert made["name"] == f"a.{to}"


async def test_tables_pass_from_format_to_format_exactly(client):
    first = "名称,数量,价\n苹果,3,1.5\n=cmd|' /C calc'!A0,4,2.25\n".encode()
    data, steps = first, []
    for name, to in (("csv", "xlsx"), ("xlsx", "parquet"), ("parquet", "json"), ("json", "csv")):
        data, made = await converted(client, data, f"a.{name}", to)
        steps += by(made)
        if to == "xlsx":
            cell = openpyxl.load_workbook(io.BytesIO(data)).active["A3"]
            assert (cell.value, cell.data_type) == ("=cmd|' /C calc'!A0", "s")  # a text, not a formula

    assert data == first
    assert steps == ["tables"] * 4


async def test_json_of_tables_is_records_and_of_documents_is_blocks(client):
    records, _ = await converted(client, book([["a", "b"], [1, "x"]]), "a.xlsx", "json")
    blocks, _ = await converted(client, word("words"), "a.docx", "json")

    assert json.loads(records) == [{"a": 1, "b": "x"}]
    assert [block["type"] for block in json.loads(blocks)["blocks"]] == ["heading", "paragraph"]


async def test_archival_pdf_and_sheets_of_one_page_are_options(client):
    wide = book([[f"column {number}" for number in range(60)]] * 3)
    plain, _ = await converted(client, wide, "a.xlsx", "pdf")
    single, _ = await converted(client, wide, "a.xlsx", "pdf", one_page_sheets="true")
    archival, _ = await converted(client, word("x"), "a.docx", "pdf", pdf_a="true")
    pages = [len(pdfium.PdfDocument(data)) for data in (plain, single)]

    assert pages[0] > 1
    assert pages[1] == 1
    assert b"pdfaid" in archival


async def test_two_at_once_both_succeed(client):
    documents = [word(f"document {number} of four") for number in range(4)]
    made = await asyncio.gather(*(converted(client, data, "a.docx", "pdf") for data in documents))

    for number, (data, _) in enumerate(made):
        assert f"document {number} of four" in text_of_pdf(data)


async def test_formats_lists_pairs_with_route_and_losses(client):
    listed = (await client.request("GET", "/api/file/formats")).json()
    pairs = {(one["from"], one["to"]): one for one in listed["conversions"]}

    assert listed["missing"] == []
    assert pairs["docx", "pdf"]["route"] == [{"from": "docx", "to": "pdf", "by": "libreoffice"}]
    assert pairs["docx", "md"]["losses"] == ["layout", "pictures"]
    assert {"from": "xlsx", "to": "csv", "by": "cells"} in pairs["xlsx", "csv"]["route"]
    assert not any(one["from"] == one["to"] for one in listed["conversions"])
    assert {"name": "jpeg", "ending": "jpg", "media_type": "image/jpeg"} in listed["formats"]


@pytest.mark.parametrize("to", ["../../x", "exe", "", "docx", "zip"])
async def test_unknown_and_same_targets_are_told_what_is_possible(client, to):
    problem = assert_problem(await convert(client, word("x"), "a.docx", to), 422, "unsupported_conversion")

    assert "pdf" in problem["detail"]


async def test_an_impossible_pair_names_what_the_format_becomes(client):
    reply = await convert(client, book([["a"]]), "a.xlsx", "epubx")
    assert_problem(reply, 422, "unsupported_conversion")
    problem = assert_problem(await convert(client, picture(), "a.png", "xlsb"), 422, "unsupported_conversion")

    assert "it becomes" in problem["detail"]
    assert "pdf" in problem["detail"]


@pytest.mark.parametrize(
    ("name", "data", "to", "status", "code"),
    [
        ("a.docx", b"", "pdf", 422, "empty_file"),
        ("a.docx", b"<html><body>x</body></html>", "pdf", 415, "type_mismatch"),
        ("a.docx", word("x")[:-300], "pdf", 422, "corrupt_file"),
        ("a.docx", bomb(size=64 << 20), "pdf", 422, "decompression_limit"),
        ("a.docx", changed(word("x"), {"../../evil.xml": b"<x/>"}), "pdf", 422, "decompression_limit"),
        ("a.docx", changed(word("x"), {"word/document.xml": b'<!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>'}),
         "pdf", 422, "forbidden_xml"),
        ("a.docx", changed(word("x"), {"word/document.xml": b"not xml"}), "pdf", 422, "corrupt_file"),
        ("a.xlsx", changed(book([["x"]]), {"xl/workbook.xml": b"not xml"}), "pdf", 422, "corrupt_file"),
        ("a.svg", b'<svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/passwd"/></svg>', "png",
         415, "unsupported_type"),
        ("a.pdf", b"%PDF-1.7\nnot really", "png", 422, "corrupt_file"),
        ("a.png", picture()[:30], "pdf", 422, "corrupt_file"),
        ("a.bin", b"\x00\x01\x02" * 100, "pdf", 415, "unsupported_type"),
    ],
)  # fmt: skip
async def test_bad_files_get_the_table_s_answers(client, name, data, to, status, code):
    assert_problem(await convert(client, data, name, to), status, code)


@pytest.mark.parametrize(
    "fields", [{"dpi": 5000}, {"colour": "red"}, {"pdf_a": "perhaps"}, {"quality": "best"}]
)
async def test_options_that_make_no_sense_are_named(client, fields):
    problem = assert_problem(
        await convert(client, word("x"), "a.docx", "pdf", **fields), 422, "validation_failed"
    )

    assert next(iter(fields)) in problem["errors"][0]["pointer"]


async def test_pages_of_what_has_none_are_refused(client):
    assert_problem(await convert(client, MARKDOWN, "a.md", "docx", pages="2"), 422, "invalid_selection")
    assert_problem(await convert(client, word("x"), "a.docx", "pdf", pages="x"), 422, "invalid_selection")


async def test_macros_are_told_and_not_run(client):
    reply = await convert(client, changed(word("x"), {"word/vbaProject.bin": b"macro"}), "a.docm", "pdf")

    assert reply.status == 200, reply.body
    assert [warning["code"] for warning in reply.json()["warnings"]] == ["has_macros"]


async def test_without_the_programs_the_rest_still_works(tmp_path):
    async with running(tmp_path, libreoffice_path="/nonexistent") as client:
        listed = (await client.request("GET", "/api/file/formats")).json()
        pairs = {(one["from"], one["to"]) for one in listed["conversions"]}
        problem = assert_problem(await convert(client, word("x"), "a.docx", "doc"), 503, "engine_missing")
        page, plainer = await converted(client, word("words"), "a.docx", "pdf")
        data, made = await converted(client, word("words"), "a.docx", "md")

    assert {one["program"] for one in listed["missing"]} == {
        "LibreOffice Writer", "LibreOffice Calc", "LibreOffice Impress"
    }  # fmt: skip
    assert ("docx", "doc") not in pairs
    assert "words" in text_of_pdf(page)
    assert by(plainer) == ["writer"]
    assert plainer["losses"] == ["layout", "pictures"]
    assert ("docx", "md") in pairs
    assert "LibreOffice Writer" in problem["detail"]
    assert b"words" in data
    assert by(made) == ["reader"]


async def test_passwords_open_what_is_encrypted(client):
    locked = io.BytesIO()
    OOXMLFile(io.BytesIO(word("secret words"))).encrypt("open sesame", locked)
    data = locked.getvalue()
    opened, _ = await converted(client, data, "a.docx", "pdf", password="open sesame")

    assert "secret words" in text_of_pdf(opened)
    assert_problem(await convert(client, data, "a.docx", "pdf"), 422, "password_required")
    assert_problem(await convert(client, data, "a.docx", "pdf", password="no"), 422, "password_incorrect")


async def test_passwords_open_pdf_pages(client):
    written = io.BytesIO()
    canvas = Canvas(written, encrypt=StandardEncryption("open sesame", strength=128))
    canvas.drawString(100, 700, "secret words")
    canvas.save()
    data = written.getvalue()
    drawn, _ = await converted(client, data, "a.pdf", "png", password="open sesame", dpi=30)
    text, _ = await converted(client, data, "a.pdf", "txt", password="open sesame")

    assert Image.open(io.BytesIO(drawn)).format == "PNG"
    assert b"secret words" in text
    assert_problem(await convert(client, data, "a.pdf", "png"), 422, "password_required")
