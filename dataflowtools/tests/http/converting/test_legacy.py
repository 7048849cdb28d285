"""Old Office formats are read by way of LibreOffice, and what is read without it."""

from pathlib import Path

import pytest

from dataflowtools.tests.http.converting.converting import book, converted, word
from dataflowtools.tests.http.documents.parsing import parse
from dataflowtools.tests.http_service import running
from servicekit.testing import assert_problem

pytestmark = pytest.mark.asyncio(loop_scope="package")

MADE_BY = Path(__file__).parents[2] / "unit" / "documents" / "made_by"
THROUGH = "read_through_libreoffice"
TABLE = [["部门", "金额"], ["研发", "1,200.50"]]


def codes(reply):
    return [warning["code"] for warning in reply.json()["warnings"]]


async def test_an_old_word_file_is_read_with_headings_and_tables(client):
    old, _ = await converted(client, word("一段文字", table=TABLE), "a.docx", "doc")
    reply = await parse(client, old, "a.doc")
    blocks = reply.json()["content"]["blocks"]
    table = next(block for block in blocks if block["type"] == "table")

    assert reply.status == 200
    assert codes(reply) == [THROUGH]
    assert reply.json()["metadata"]["format"] == "doc"
    assert blocks[0]["type"] == "heading"
    assert [[cell["text"] for cell in row] for row in table["rows"]] == TABLE


@pytest.mark.parametrize("to", ["ppt", "odp"])
async def test_old_slides_are_read(client, to):
    slides = (MADE_BY / "pandoc.pptx").read_bytes()
    old, _ = await converted(client, slides, "a.pptx", to)
    new = (await parse(client, slides, "a.pptx", format="text")).json()["content"].split()
    reply = await parse(client, old, f"a.{to}", format="text")

    assert reply.status == 200, reply.body
    assert codes(reply)[0] == THROUGH
    assert set(new) <= set(reply.json()["content"].split())


async def test_an_old_workbook_that_its_reader_refuses_is_read(client):
    old, _ = await converted(client, book([["名称", 3]] * 50), "a.xlsx", "xls")
    reply = await parse(client, old[:1700] + bytes(40) + old[1740:], "a.xls", format="text")
    empty = await parse(client, old[:2540] + bytes(40) + old[2580:], "a.xls", format="text")

    assert reply.status == 200, reply.body
    assert codes(reply)[0] == THROUGH
    assert "名称" in reply.json()["content"]
    assert_problem(empty, 422, "corrupt_file")  # LibreOffice opens it, with nothing in it


async def test_what_libreoffice_would_open_as_plain_text_is_corrupt(client):
    old, _ = await converted(client, word("text"), "a.docx", "doc")
    place = old.index(b"\xec\xa5")  # where the stream of the text begins
    reply = await parse(client, old[:place] + bytes(2048) + old[place + 2048 :], "a.doc", format="text")

    assert_problem(reply, 422, "corrupt_file")


async def test_without_libreoffice_word_files_give_text_and_slides_name_what_is_missing(tmp_path, client):
    slides, _ = await converted(client, (MADE_BY / "pandoc.pptx").read_bytes(), "a.pptx", "ppt")
    async with running(tmp_path, libreoffice_path="/nonexistent") as without:
        old = await parse(without, (MADE_BY / "libreoffice.doc").read_bytes(), "a.doc", format="text")
        problem = assert_problem(await parse(without, slides, "a.ppt"), 503, "engine_missing")

    assert old.status == 200
    assert codes(old) == ["layout_lost"]
    assert "LibreOffice Impress" in problem["detail"]
