"""Documents that LibreOffice 7.4 and pandoc 2.17 wrote from one source, kept in made_by."""

import shutil
from pathlib import Path

import pytest

from dataflowtools.tests.real_servers import missing
from dataflowtools.tests.unit.documents.making import read

MADE = Path(__file__).parent / "made_by"
TEXTS = sorted(path.name for path in MADE.iterdir() if path.suffix not in (".xls", ".ods", ".xlsx"))
ROWS = [["Product", "Units", "Price"], ["Apples", "120", "662.90"], ["梨", "85", "1204.50"]]


def read_made(name: str, **options):
    if name.endswith(".doc") and not (shutil.which("catdoc") or shutil.which("antiword")):
        missing("catdoc")
    return read((MADE / name).read_bytes(), f"a.{name.rpartition('.')[2]}", **options)


@pytest.mark.parametrize("name", TEXTS)
def test_no_word_is_lost(name):
    content = read_made(name, format="text").content
    for piece in (
        "季度报告",
        "Köln",
        "北京市",
        "the site",
        "Apples",
        "1204.50",
        "first point",
        "inner point",
        "step two",
    ):
        assert piece in content, (name, piece)
    if name not in ("libreoffice.doc", "pandoc.pptx"):
        assert "A note below the text." in content


@pytest.mark.parametrize("name", [name for name in TEXTS if not name.endswith((".doc", ".rtf"))])
def test_tables_are_tables(name):
    tables = [[[cell["text"] for cell in row] for row in table["rows"]] for table in read_made(name).tables]
    assert ROWS in tables


@pytest.mark.parametrize(
    "name", [name for name in TEXTS if not name.endswith((".doc", ".rtf", ".pptx", ".pdf"))]
)
def test_structure_is_kept(name):
    answer = read_made(name)
    headings = [block["text"] for block in answer.blocks if block["type"] == "heading"]
    assert headings[-2:] == ["Quarterly report 季度报告", "Figures"]
    lists = [block for block in answer.blocks if block["type"] == "list"]
    assert (lists[0]["ordered"], lists[-1]["ordered"]) == (False, True)
    if name != "libreoffice.html":  # it writes the inner list beside the outer one
        inner = [block for item in lists[0]["items"] for block in item["blocks"] if block["type"] == "list"]
        assert inner[0]["items"][0]["blocks"][0]["text"] == "inner point"
    text = str(answer.content)
    assert "https://example.org/report" in text
    assert "https://example.org/report" in str(read_made("libreoffice.pdf").content)
    assert "'bold': True" in text


@pytest.mark.parametrize("name", ["libreoffice.doc", "libreoffice.rtf", "pandoc.rtf"])
def test_old_formats_keep_their_rows(name):
    content = read_made(name, format="text").content
    assert "Apples\t120\t662.90" in content


@pytest.mark.parametrize("name", ["libreoffice.xls", "libreoffice.ods", "libreoffice.xlsx"])
def test_workbooks_keep_types_merges_and_hidden_sheets(name):
    answer = read_made(name)
    grid = [[cell.get("value", cell["text"]) for cell in row] for row in answer.tables[0]["rows"]]
    assert grid[:3] == [
        ["Product", "Units", "Price", "Day"],
        ["Apples", 120, 662.9, "2024-02-29"],
        ["梨", 85, 1204.5, "2025-01-01"],
    ]
    assert answer.grid()[3][1] == "205"
    assert [sheet["hidden"] for sheet in answer.metadata["sheets"]] == [False, True]
    if not name.endswith(".xls"):
        assert answer.tables[0]["rows"][4][0]["col_span"] == 2


def test_metadata_of_others_are_read():
    for name in (
        "pandoc.docx",
        "pandoc.odt",
        "libreoffice.odt",
        "libreoffice.docx",
        "libreoffice.pdf",
        "pandoc.html",
        "libreoffice.rtf",
    ):
        metadata = read_made(name).metadata
        assert (metadata["title"], metadata["author"]) == ("Quarterly report", "Ada Example"), name
