"""What workbooks hold beside values, in every format: errors, links, comments, merges, properties; rows 8, 31, 32."""

import contextlib
import io
import struct
from pathlib import Path

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dataflowtools.src import errors
from dataflowtools.tests.unit.documents import binary_books as binary
from dataflowtools.tests.unit.documents.making import ods, read, relations, workbook

SAMPLES = Path(__file__).parent / "samples"
ODS_ERRORS = (
    "<table:table-row><table:table-cell office:value-type='float' office:value='1'><text:p>1</text:p></table:table-cell>"
    "<table:table-cell table:formula='of:=1/0' office:value-type='string' office:string-value='' calcext:value-type='error'>"
    "<text:p>#DIV/0!</text:p></table:table-cell>"
    "<table:table-cell table:formula='of:=[.A1]+[.$B$1:.C2]' office:value-type='float' office:value='0'><text:p>#N/A</text:p>"
    "</table:table-cell><table:table-cell table:formula='of:=[.A1]*2'/></table:table-row>"
)


def texts(answer):
    return [[cell["text"] for cell in row] for row in answer.tables[0]["rows"]]


def links(answer):
    return {cell["text"]: cell["link"] for row in answer.tables[0]["rows"] for cell in row if "link" in cell}


def fill_old(sheet):
    sheet.write(0, 0, 1)
    sheet.row(0).set_cell_error(1, "#DIV/0!")
    sheet.row(0).set_cell_boolean(3, value=True)


MADE = {
    "a.xlsx": lambda: workbook(fill_new),
    "a.xls": lambda: binary.xls(fill_old, binary.old_formula_error(0, 2, 0x2A)),
    "a.xlsb": lambda: binary.xlsb(
        binary.row(0) + binary.real(0, 1) + binary.error(1, 0x07) + binary.error(2, 0x2A, formula=True)
    ),
    "a.ods": lambda: ods(ODS_ERRORS),
}


def fill_new(book):
    sheet = book.active
    for place, error in (("B1", "#DIV/0!"), ("C1", "#N/A")):
        sheet[place] = error
        sheet[place].data_type = "e"
    sheet["A1"] = 1


@pytest.mark.parametrize("name", MADE)
def test_errors_are_told_in_every_format(name):
    answer = read(MADE[name](), name)
    assert texts(answer)[0][:3] == ["1", "#DIV/0!", "#N/A"]
    assert all("value" not in cell for cell in answer.tables[0]["rows"][0][1:3])


def test_formulas_without_value_are_given_even_where_nothing_else_stands():
    answer = read(workbook(lambda book: book.active.__setitem__("C3", "=1+1")), "a.xlsx")
    assert answer.tables[0]["rows"][0][0]["formula"] == "=1+1"
    assert (answer.tables[0]["first_row"], answer.tables[0]["first_column"]) == (3, 3)
    assert answer.codes == ["formula_without_value"]

    def around(book):
        book.active["B2"], book.active["A1"], book.active["D4"] = 5, "=B2", "=B2*2"

    assert texts(read(workbook(around), "a.xlsx")) == [[""] * 4, ["", "5", "", ""], [""] * 4, [""] * 4]
    other = read(ods(ODS_ERRORS), "a.ods")
    assert other.codes == ["formula_without_value"]
    row = read(ods(ODS_ERRORS), "a.ods", formulas=True).tables[0]["rows"][0]
    assert [cell.get("formula") for cell in row] == [None, "=1/0", "=A1+$B$1:C2", "=A1*2"]


def test_formulas_that_cannot_be_given_are_told():
    for name in ("a.xls", "a.xlsb"):
        assert read(MADE[name](), name, formulas=True).codes == ["formulas_unavailable"]


def test_cells_lead_where_they_lead_in_xlsx():
    def fill(book):
        sheet = book.active
        sheet["A1"], sheet["B1"] = "site", "place"
        sheet["A1"].hyperlink = "https://example.org/?a=1&b=2"
        sheet["B1"].hyperlink = openpyxl.worksheet.hyperlink.Hyperlink(ref="B1", location="Other!A1")
        book.create_sheet("Other")

    data = workbook(fill)
    assert links(read(data, "a.xlsx")) == {"site": "https://example.org/?a=1&b=2", "place": "#Other!A1"}
    assert "[site](https://example.org/?a=1&b=2)" in read(data, "a.xlsx", format="markdown").content
    assert '<a href="https://example.org/?a=1&amp;b=2"' in read(data, "a.xlsx", format="html").content


def test_links_are_read_in_the_other_formats():
    cell = "<table:table-row><table:table-cell office:value-type='string'><text:p>a <text:a xlink:href='https://e.org'>b</text:a></text:p></table:table-cell></table:table-row>"
    assert links(read(ods(cell), "a.ods")) == {"a b": "https://e.org"}
    old = binary.xls(
        lambda sheet: [sheet.write(0, column, name) for column, name in enumerate("abc")],
        binary.old_link(0, 0, url="https://e.org/x") + binary.old_link(0, 1, file="c:\\x.doc", place="S!A1")
        + binary.old_link(0, 2, place="S!B2"),
    )  # fmt: skip
    assert links(read(old, "a.xls")) == {"a": "https://e.org/x", "b": "c:\\x.doc#S!A1", "c": "#S!B2"}
    link = binary.record(
        494, struct.pack("<4I", 0, 0, 0, 0) + binary.wide("rId5") + binary.wide("S!B2") + 2 * binary.wide("")
    )
    outside = relations(("rId5", "hyperlink", "https://e.org/y"), external=True)
    book = binary.xlsb(binary.row(0) + binary.text_cell(0, "go"), link, outside)
    assert links(read(book, "a.xlsb")) == {"go": "https://e.org/y#S!B2"}


def test_an_unsafe_link_is_told_but_leads_nowhere():
    cell = "<table:table-row><table:table-cell office:value-type='string'><text:p><text:a xlink:href='javascript:alert(1)'>b</text:a></text:p></table:table-cell></table:table-row>"
    assert links(read(ods(cell), "a.ods")) == {"b": "javascript:alert(1)"}
    for target in ("html", "markdown"):
        assert "javascript" not in read(ods(cell), "a.ods", format=target).content


def test_comments_on_open_document_cells_follow_their_sheet():
    cell = (
        "<table:table-row><table:table-cell/><table:table-cell office:value-type='float' office:value='3'>"
        "<office:annotation><dc:creator>Ada</dc:creator><dc:date>2024-01-02T03:04:05</dc:date>"
        "<text:p>counted</text:p><text:p>twice</text:p></office:annotation><text:p>3</text:p></table:table-cell></table:table-row>"
    )
    note = read(ods(cell), "a.ods").blocks[-1]
    assert (note["type"], note["reference"], note["author"]) == ("comment", "B1", "Ada")
    assert note["blocks"][0]["text"] == "counted\ntwice"


def test_sheets_that_repeat_beyond_all_use_are_too_large():
    cell = "<table:table-cell table:number-columns-repeated='16384' office:value-type='float' office:value='1'><text:p>1</text:p></table:table-cell>"
    with pytest.raises(errors.SheetTooLarge):
        read(ods(f"<table:table-row table:number-rows-repeated='1048576'>{cell}</table:table-row>"), "a.ods")
    corner = binary.row(0) + binary.real(0, 1) + binary.row(1_048_575) + binary.real(16_383, 1)
    with pytest.raises(errors.SheetTooLarge):
        read(binary.xlsb(corner), "a.xlsb")
    padded = "<table:table-row table:number-rows-repeated='1048000'><table:table-cell table:number-columns-repeated='16384'/></table:table-row>"
    assert texts(read(ods(padded + ODS_ERRORS), "a.ods"))[0][0] == "1"


def test_merged_cells_span_in_xlsb():
    cells = binary.row(0) + binary.real(0, 1) + binary.real(2, 2) + binary.row(1) + binary.real(2, 3)
    merge = binary.record(177, struct.pack("<I", 1)) + binary.record(176, struct.pack("<4I", 0, 1, 0, 1))
    first = read(binary.xlsb(cells, merge + binary.record(178)), "a.xlsb").tables[0]["rows"][0][0]
    assert (first["row_span"], first["col_span"]) == (2, 2)


def test_workbooks_that_excel_wrote_in_xlsb_are_read():
    answer = read((SAMPLES / "base.xlsb").read_bytes(), "a.xlsb")
    row = [cell.get("value", cell["text"]) for cell in answer.tables[0]["rows"][0]]
    assert row == [
        "String", 1, 1.1, True, False, "2010-10-10", "2010-10-10T10:10:10", "10:10:10", 36610.1, 918610.0
    ]  # fmt: skip
    assert answer.metadata["modified"]
    hidden = read((SAMPLES / "any_sheets.xlsb").read_bytes(), "a.xlsb")
    assert [sheet["hidden"] for sheet in hidden.metadata["sheets"]] == [False, True, True, False]
    assert hidden.metadata["sheets"][3]["kind"] == "chartsheet"


@given(st.binary(max_size=300), st.integers(0, 200))
@settings(deadline=None)
def test_broken_records_are_a_clear_error_or_left_out(noise, place):
    whole = binary.row(0) + binary.real(0, 1) + binary.error(1, 7)
    with contextlib.suppress(errors.CorruptFile, errors.SheetTooLarge):
        read(binary.xlsb(whole[:place] + noise, noise), "a.xlsb")
    old = binary.xls(fill_old, binary.old_record(0x1B8, noise[:200]) + binary.old_record(0x06, noise[:20]))
    with contextlib.suppress(errors.CorruptFile):
        assert texts(read(old, "a.xls"))[0][0] == "1"


def test_old_workbooks_tell_their_properties():
    held = io.BytesIO((Path(__file__).parent / "made_by" / "libreoffice.xls").read_bytes())
    metadata = read(held.getvalue(), "a.xls").metadata
    assert metadata["created"].startswith("20")
