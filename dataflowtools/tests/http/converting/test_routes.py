"""Which way a conversion goes, what it is said to lose, and what may be chosen about it."""

import io
import zipfile

import openpyxl
import pytest
from lxml import etree

from dataflowtools.tests.http.converting.converting import book, convert, converted, picture, word
from servicekit.testing import assert_problem

pytestmark = pytest.mark.asyncio(loop_scope="package")

MARKDOWN = "# 标题 Title\n\ntext\n".encode()
CSV = b"a,b\n1,2\n"
DRAWING = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
EML = b"From: a@b.c\r\nSubject: s\r\nMIME-Version: 1.0\r\nContent-Type: text/plain\r\n\r\nwords\r\n"


async def conversions(client) -> dict[tuple[str, str], dict]:
    listed = (await client.request("GET", "/api/file/formats")).json()["conversions"]
    return {(one["from"], one["to"]): one for one in listed}


@pytest.mark.parametrize(("name", "data"), [("a.txt", b"words"), ("a.eml", EML)])
async def test_texts_become_pictures_though_their_own_pdf_ends_its_route(client, name, data):
    drawn, made = await converted(client, data, name, "png")

    assert drawn.startswith(b"\x89PNG")
    assert [step["to"] for step in made["route"]] == ["docx", "pdf", "png"]


async def test_what_holds_no_table_is_not_said_to_become_one(client):
    listed = await conversions(client)
    problem = assert_problem(await convert(client, b"words", "a.txt", "csv"), 422, "unsupported_conversion")

    assert not {(source, to) for source in ("txt", "xml") for to in ("xlsx", "csv", "parquet")} & set(listed)
    assert "docx" in problem["detail"]


async def test_only_what_a_format_may_have_is_said_to_be_lost(client):
    listed = await conversions(client)
    lost = {pair: set(one["losses"]) for pair, one in listed.items()}

    assert lost["csv", "docx"] == lost["jpeg", "pdf"] == lost["txt", "docx"] == set()
    assert lost["png", "pdf"] == {"transparency"}
    assert {"formulas", "styles", "pictures"} <= lost["xlsx", "md"]
    assert {"formulas", "other_sheets"} <= lost["xlsx", "csv"]
    assert lost["md", "txt"] >= {"pictures", "styles"}
    assert not any(
        "formulas" in lost[pair] for pair in lost if pair[0] in ("csv", "tsv", "docx", "pdf", "md")
    )


async def test_slides_of_a_word_file_keep_its_table_and_get_no_title_of_ours(client):
    document = word("words", table=[["部门", "金额"], ["研发", "1"]])
    slides, made = await converted(client, document, "a.docx", "pptx")
    package = zipfile.ZipFile(io.BytesIO(slides))
    parts = [
        etree.fromstring(package.read(n)) for n in package.namelist() if n.startswith("ppt/slides/slide")
    ]
    texts = [text.text for part in parts for text in part.iter(f"{DRAWING}t")]
    cells = [
        text.text
        for part in parts
        for table in part.iter(f"{DRAWING}tbl")
        for text in table.iter(f"{DRAWING}t")
    ]

    assert [step["by"] for step in made["route"]] == ["pandoc"]
    assert cells == ["部门", "金额", "研发", "1"]
    assert "季度报告 Report" in texts
    assert "in" not in texts


@pytest.mark.parametrize("to", ["html", "epub", "tex", "rst"])
@pytest.mark.parametrize("source", ["docx", "md", "csv"])
async def test_a_document_without_a_title_is_named_by_its_beginning(client, source, to):
    data = {"docx": word("words"), "md": MARKDOWN, "csv": CSV}[source]
    made, _ = await converted(client, data, f"a.{source}", to)
    if to == "epub":
        package = zipfile.ZipFile(io.BytesIO(made))
        made = b"".join(package.read(name) for name in package.namelist())
    text = made.decode(errors="replace")
    begins = {"docx": "季度报告 Report", "md": "标题 Title", "csv": "Document"}[source]

    assert not [word for word in ("no-title", "UNTITLED", ">tree<", ">in<", "{in}") if word in text]
    assert not text.startswith("==\nin")
    assert to != "epub" or f">{begins}</dc:title>" in text
    assert (to, source) not in {("html", "docx"), ("html", "md")} or f"<title>{begins}</title>" in text


async def test_headings_of_rtf_come_through(client):
    written, _ = await converted(client, word("words"), "a.docx", "rtf")
    text, made = await converted(client, written, "a.rtf", "md")
    page, _ = await converted(client, written, "a.rtf", "html")

    assert text.decode().startswith("# 季度报告 Report")
    assert [step["to"] for step in made["route"]] == ["docx", "md"]
    assert ">季度报告 Report</h1>" in page.decode()


@pytest.mark.parametrize("to", ["application/pdf", "PDF", ".pdf", " pdf ", "application/pdf; version=1.7"])
async def test_formats_go_by_name_ending_and_media_type(client, to):
    assert (await converted(client, CSV, "a.csv", to))[0].startswith(b"%PDF")


async def test_an_unknown_format_is_answered_with_what_can_be_made(client):
    problem = assert_problem(await convert(client, MARKDOWN, "a.md", "nope"), 422, "unsupported_conversion")
    said = problem["detail"].partition("the formats are ")[2].rstrip(".").split(", ")

    assert set(said) == {to for _, to in await conversions(client)}


@pytest.mark.parametrize(
    ("name", "data", "to", "option"),
    [
        ("a.xlsx", book([["x"]], Second=[["y"]]), "pdf", {"sheet": "2"}),
        ("a.csv", CSV, "html", {"sheet": "2"}),
        ("a.png", picture(), "pdf", {"pdf_a": "true"}),
        ("a.docx", word("x"), "pdf", {"one_page_sheets": "true"}),
        ("a.docx", word("x"), "pdf", {"pages": "9-10"}),
        ("a.md", MARKDOWN, "docx", {"pages": "1"}),
    ],
)  # fmt: skip
async def test_a_choice_that_makes_no_difference_is_refused(client, name, data, to, option):
    problem = assert_problem(await convert(client, data, name, to, **option), 422, "invalid_selection")
    assert problem["errors"][0]["pointer"] == f"/{next(iter(option))}"


async def test_a_corner_too_far_out_to_print_is_refused_at_once(client):
    far = openpyxl.Workbook()
    far.active["A1"] = far.active["XFD1048576"] = 1
    held = io.BytesIO()
    far.save(held)

    assert_problem(await convert(client, held.getvalue(), "a.xlsx", "pdf"), 422, "sheet_too_large")


@pytest.mark.parametrize(
    ("name", "data"), [("a.md", b"> " * 4000 + b"x"), ("a.html", b"<div>" * 1500 + b"x")]
)
async def test_nesting_beyond_all_use_is_refused_and_costs_no_worker(client, name, data):
    problem = assert_problem(await convert(client, data, name, "docx"), 422, "corrupt_file")
    assert "nested" in problem["detail"]


async def test_a_text_that_includes_files_is_converted_without_them(client):
    source = (
        b"words\n\n.. include:: /etc/passwd\n   :literal:\n\n.. csv-table:: t\n   :file: /etc/hosts\n\nlast\n"
    )
    text, made = await converted(client, source, "a.rst", "md")

    assert b"words" in text
    assert b"last" in text
    assert b"root" not in text
    told = [one["message"] for one in made["warnings"]]
    assert told == ["A file was not included: /etc/passwd", "A file was not included: /etc/hosts"]
