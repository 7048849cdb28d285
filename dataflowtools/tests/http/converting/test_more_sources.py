"""Notebooks, books and OpenDocument in one XML file: what they hold comes along, what they refer to does not."""

import base64
import io
import json
import zipfile

import docx
import openpyxl
import pytest

from dataflowtools.tests.http.converting.converting import changed, convert, converted, picture, word
from dataflowtools.tests.http.converting.test_convert import text_of_pdf
from servicekit.testing import assert_problem

pytestmark = pytest.mark.asyncio(loop_scope="package")

ODF = "urn:oasis:names:tc:opendocument:xmlns"
PICTURE = base64.b64encode(picture()).decode()


def flat(kind: str, body: str, before: str = "") -> bytes:
    names = " ".join(f'xmlns:{name}="{ODF}:{name}:1.0"' for name in ("office", "text", "table", "script"))
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>{before}<office:document {names} office:version="1.2" '
        f'office:mimetype="application/vnd.oasis.opendocument.{kind}"><office:body><office:{kind}>{body}'
        f"</office:{kind}></office:body></office:document>"
    ).encode()


def notebook(*outputs: dict, text: str = "# 标题") -> bytes:
    code = {
        "cell_type": "code", "execution_count": 1, "metadata": {}, "outputs": list(outputs), "source": ["print('输出')"],
    }  # fmt: skip
    cells = [{"cell_type": "markdown", "metadata": {}, "source": [text]}, code]
    return json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}).encode()


def shown(**data: str) -> dict:
    bundle = {name.replace("_", "/"): text for name, text in data.items()}
    return {"output_type": "display_data", "metadata": {}, "data": bundle}


async def test_a_notebook_keeps_texts_code_and_what_it_printed_and_drew(client):
    printed = {"output_type": "stream", "name": "stdout", "text": ["said ", "```\n"]}
    source = notebook(
        printed,
        shown(image_png=PICTURE, text_plain="<Figure>"),
        shown(text_html="<b>x</b>", text_plain="frame"),
    )
    made, reply = await converted(client, source, "a.ipynb", "docx")
    document = docx.Document(io.BytesIO(made))
    texts = [paragraph.text for paragraph in document.paragraphs]

    assert reply["route"] == [{"from": "ipynb", "to": "docx", "by": "pandoc"}]
    assert [text for text in texts if text] == ["标题", "print('输出')", "said ```", "frame"]
    assert len(document.inline_shapes) == 1
    assert "标题" in text_of_pdf((await converted(client, source, "a.ipynb", "pdf"))[0])


async def test_what_a_notebook_refers_to_stays_out(client):
    drawn = shown(text_html="<script>alert(1)</script>", text_markdown="![x](http://127.0.0.1:9/x.png)")
    source = notebook(drawn, text="words ![y](/etc/passwd) <img src=http://127.0.0.1:9/y.png>")
    page, made = await converted(client, source, "a.ipynb", "html")

    assert b"127.0.0.1" not in page
    assert b"alert" not in page
    assert b"words" in page
    assert "external_reference_ignored" in [one["code"] for one in made["warnings"]]
    assert_problem(await convert(client, b'{"a": 1}', "a.ipynb", "pdf"), 422, "corrupt_file")


@pytest.mark.parametrize(
    "address", ["http://127.0.0.1:9/a.png", "/etc/passwd", "file:///etc/passwd", "../../gone.png"]
)
async def test_a_book_is_read_without_the_pictures_that_it_lacks(client, address):
    book, _ = await converted(client, word("words", picture=picture()), "a.docx", "epub")
    chapter = next(name for name in zipfile.ZipFile(io.BytesIO(book)).namelist() if "ch001" in name)
    text = zipfile.ZipFile(io.BytesIO(book)).read(chapter)
    broken = changed(
        book, {chapter: text.replace(b"</body>", f'<p><img src="{address}"/></p></body>'.encode())}
    )
    page, made = await converted(client, broken, "a.epub", "html")

    assert b"words" in page
    assert page.count(b"data:image/png;base64,") == 1
    assert b"root:x" not in page
    assert "external_reference_ignored" in [one["code"] for one in made["warnings"]]


async def test_flat_opendocuments_are_documents_and_not_xml(client):
    text = flat("text", '<text:h text:outline-level="1">标题</text:h><text:p>words</text:p>')
    cell = (
        '<table:table-cell office:value-type="float" office:value="{}"><text:p>{}</text:p></table:table-cell>'
    )
    row = f"<table:table-row>{cell.format(1, 1)}{cell.format(2.5, '2.5')}</table:table-row>"
    sheet = flat("spreadsheet", f'<table:table table:name="t">{row}</table:table>')
    page, made = await converted(client, text, "a.fodt", "pdf")
    read, _ = await converted(client, text, "a.fodt", "md")
    book, _ = await converted(client, sheet, "a.fods", "xlsx")

    assert made["route"] == [{"from": "fodt", "to": "pdf", "by": "libreoffice"}]
    assert "标题" in text_of_pdf(page)
    assert read.decode().startswith("# 标题")
    assert [cell.value for cell in openpyxl.load_workbook(io.BytesIO(book)).active[1]] == [1, 2.5]


async def test_flat_opendocuments_declare_no_entities_and_tell_what_is_left_out(client):
    entity = '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>'
    linked = '<text:section text:name="s"><text:section-source xlink:href="file:///etc/passwd" xmlns:xlink="http://www.w3.org/1999/xlink"/></text:section>'
    declared = flat("text", "<text:p>&e;</text:p>", entity)
    broken = flat("text", "<text:p>").replace(b"</office:text>", b"")
    page, made = await converted(client, flat("text", f"<text:p>words</text:p>{linked}"), "a.fodt", "pdf")

    assert_problem(await convert(client, declared, "a.fodt", "pdf"), 422, "forbidden_xml")
    assert_problem(await convert(client, broken, "a.fodt", "pdf"), 422, "corrupt_file")
    assert "root:x" not in text_of_pdf(page)
    assert [one["code"] for one in made["warnings"]] == ["external_reference_ignored"]


async def test_divisions_within_lists_keep_their_words_on_the_way_through_odt(client):
    page = b'<p>one</p><ol><li id="n1"><div id="n2"><p>two</p></div></li></ol><div id="n3"><p>three</p></div>'
    written, _ = await converted(client, page, "a.html", "odt")
    old, made = await converted(client, page, "a.html", "doc")
    printed, _ = await converted(client, written, "a.odt", "pdf")
    text, _ = await converted(client, old, "a.doc", "txt")

    assert [step["to"] for step in made["route"]] == ["odt", "doc"]
    assert {"one", "two", "three"} <= set(text_of_pdf(printed).replace("1.", " ").split())
    assert all(word in text.decode() for word in ("one", "two", "three"))
