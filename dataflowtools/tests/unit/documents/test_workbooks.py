"""Workbooks: values, dates, merges, errors, formulas, hidden sheets, limits; rows 9, 10, 31-33 and 39."""

import datetime as dt
import io
import json
import secrets
from pathlib import Path

import msoffcrypto.format.ooxml
import openpyxl
import openpyxl.chart
import openpyxl.comments
import pytest
import xlsxwriter
import xlwt

from dataflowtools.src import errors
from dataflowtools.tests.unit.documents.making import S, docx, paragraph, read, relations, workbook, xlsx

SAMPLES = Path(__file__).parent / "samples"


def values(answer, number=0):
    return [[cell.get("value", cell["text"]) for cell in row] for row in answer.tables[number]["rows"]]


def test_types_come_as_text_and_as_values():
    def fill(book):
        sheet = book.active
        sheet.append(["name", "count", "share", "day", "moment", "yes"])
        sheet.append(["量", 3, 0.25, dt.date(2024, 2, 29), dt.datetime(2024, 1, 1, 12, 30), True])

    answer = read(workbook(fill), "a.xlsx")
    assert answer.grid()[1] == ["量", "3", "0.25", "2024-02-29", "2024-01-01 12:30:00", "TRUE"]
    assert values(answer)[1] == ["量", 3, 0.25, "2024-02-29", "2024-01-01T12:30:00", True]
    assert answer.metadata["sheets"] == [
        {"name": "Sheet", "number": 1, "hidden": False, "rows": 2, "columns": 6, "merged_cells": 0}
    ]


def test_both_date_systems_give_the_same_days():
    def fill(book):
        book.active["A1"] = dt.date(2020, 5, 17)

    def fill_1904(book):
        book.epoch = openpyxl.utils.datetime.CALENDAR_MAC_1904
        fill(book)

    assert read(workbook(fill), "a.xlsx").grid() == [["2020-05-17"]]
    old = read(workbook(fill_1904), "a.xlsx")
    assert old.grid() == [["2020-05-17"]]
    assert old.metadata["date_system"] == "1904"


def test_serial_days_around_the_leap_day_that_never_was():
    styles = f'<styleSheet {S}><cellXfs count="2"><xf numFmtId="0"/><xf numFmtId="14" applyNumberFormat="1"/></cellXfs></styleSheet>'
    rows = "".join(
        f'<row r="{line}"><c r="A{line}" s="1"><v>{serial}</v></c></row>'
        for line, serial in enumerate([1, 59, 61, 2_958_465, 60, 10_000_000_000], 1)
    )
    listed = relations(("rId1", "worksheet", "worksheets/sheet1.xml"), ("rId2", "styles", "styles.xml"))
    book = xlsx(rows, **{"xl/styles.xml": styles, "xl/_rels/workbook.xml.rels": listed})
    days = [row[0] for row in read(book, "a.xlsx").grid()]
    assert days[:4] == ["1900-01-01", "1900-02-28", "1900-03-01", "9999-12-31"]
    assert days[4] in ("1900-02-28", "1900-03-01")  # the 29th that Excel counts and the calendar has not
    assert days[5] == "10000000000"


def test_an_old_workbook_opens_with_its_password_only():
    data = (SAMPLES / "password.xls").read_bytes()
    with pytest.raises(errors.PasswordRequired):
        read(data, "a.xls")
    with pytest.raises(errors.PasswordIncorrect):
        read(data, "a.xls", password="4321")
    assert read(data, "a.xls", password="1234").grid()[0][:2] == ["String", "1"]


def test_macros_of_workbooks_are_told_and_not_run():
    macros = {"xl/vbaProject.bin": b"macro"}
    for name in ("a.xlsm", "a.xltm"):
        answer = read(xlsx('<row r="1"><c r="A1"><v>1</v></c></row>', **macros), name)
        assert answer.metadata["has_macros"] is True
        assert answer.codes == ["has_macros"]
        assert answer.grid() == [["1"]]


def test_numbers_beyond_what_json_holds_do_not_break_it():
    rows = "".join(
        f'<row r="{number}"><c r="A{number}"><v>{value}</v></c></row>'
        for number, value in enumerate(["1e400", "12345678901234567890", "1e-320", "-0"], 1)
    )
    answer = read(xlsx(rows), "a.xlsx")
    assert json.dumps(answer.content, allow_nan=False)
    assert float(answer.grid()[1][0]) == pytest.approx(12345678901234567890)


def test_merged_cells_span_or_are_filled_when_asked():
    def fill(book):
        sheet = book.active
        for row in ("abc", "def", "ghi"):
            sheet.append(list(row))
        sheet.merge_cells("A1:B2")

    data = workbook(fill)
    spanned = read(data, "a.xlsx").tables[0]["rows"]
    assert spanned[0][0] == {"text": "a", "column": 0, "row_span": 2, "col_span": 2}
    assert [cell["text"] for cell in spanned[1]] == ["f"]
    assert read(data, "a.xlsx", fill_merged=True).grid()[:2] == [["a", "a", "c"], ["a", "a", "f"]]


def test_errors_and_formulas_without_value_are_told():
    rows = (
        '<row r="1"><c r="A1"><v>1</v></c><c r="B1" t="e"><v>#N/A</v></c><c r="C1"><f>A1+1</f></c>'
        '<c r="D1"><f>A1*2</f><v>2</v></c></row>'
    )
    answer = read(xlsx(rows), "a.xlsx")
    row = answer.tables[0]["rows"][0]
    assert [cell["text"] for cell in row] == ["1", "#N/A", "", "2"]
    assert row[2]["formula"] == "=A1+1"
    assert "value" not in row[2]
    assert "formula" not in row[3]
    assert answer.warnings == [
        {
            "code": "formula_without_value",
            "message": "1 formulas have no stored value; they are given as formulas: C1",
            "where": "S",
        }
    ]
    assert read(xlsx(rows), "a.xlsx", formulas=True).tables[0]["rows"][0][3]["formula"] == "=A1*2"


def test_hidden_sheets_are_flagged_and_sheets_chosen():
    def fill(book):
        book.active["A1"] = "one"
        hidden = book.create_sheet("secret")
        hidden["A1"], hidden.sheet_state = "two", "hidden"
        book.create_sheet("third")["B7"] = "three"

    data = workbook(fill)
    answer = read(data, "a.xlsx")
    assert [block["text"] for block in answer.blocks if block["type"] == "heading"] == [
        "Sheet",
        "secret",
        "third",
    ]
    assert {"code": "hidden_sheet", "message": "This sheet is hidden.", "where": "secret"} in answer.warnings
    assert [table["sheet"] for table in read(data, "a.xlsx", hidden_sheets=False).tables] == [
        "Sheet",
        "third",
    ]
    chosen = read(data, "a.xlsx", sheets=["third", 1])
    assert [table["sheet"] for table in chosen.tables] == ["Sheet", "third"]
    assert (chosen.tables[1]["first_row"], chosen.tables[1]["first_column"]) == (7, 2)
    with pytest.raises(errors.InvalidSelection, match="'secret'"):
        read(data, "a.xlsx", sheets=["nope"])


def test_a_rectangle_of_cells_is_cut_out():
    def fill(book):
        for row in range(10):
            book.active.append([f"{row}{column}" for column in "abcdef"])

    answer = read(workbook(fill), "a.xlsx", cells="B2:C3")
    assert answer.grid() == [["1b", "1c"], ["2b", "2c"]]


def test_long_sheets_wide_sheets_and_many_sheets_have_limits_that_are_told():
    held = io.BytesIO()
    book = xlsxwriter.Workbook(held, {"constant_memory": True})
    sheet = book.add_worksheet()
    for row in range(20_000):
        sheet.write_row(row, 0, [row, "x"])
    book.add_worksheet("wide").write_row(0, 0, list(range(16_384)))
    book.close()
    answer = read(held.getvalue(), "a.xlsx", max_rows=100)
    assert len(answer.tables[0]["rows"]) == 100
    assert answer.metadata["sheets"][0]["rows"] == 20_000
    assert answer.tables[1]["columns"] == 16_384
    assert answer.codes == ["rows_truncated"]

    def many(book):
        for number in range(250):
            book.create_sheet(f"s{number}")["A1"] = number

    answer = read(workbook(many), "a.xlsx")
    assert answer.codes == ["sheets_truncated"]
    assert len(answer.metadata["sheets"]) == 251


def test_old_workbooks_are_read():
    book = xlwt.Workbook()
    sheet = book.add_sheet("旧")
    for column, value in enumerate(["名", 1.5, dt.date(2001, 2, 3)]):
        style = xlwt.easyxf(num_format_str="YYYY-MM-DD") if column == 2 else xlwt.Style.default_style
        sheet.write(0, column, value, style)
    held = io.BytesIO()
    book.save(held)
    answer = read(held.getvalue(), "a.xls")
    assert answer.grid() == [["名", "1.5", "2001-02-03"]]
    assert answer.metadata["engine"]["name"] == "calamine"


@pytest.mark.parametrize(
    ("name", "make"),
    [
        ("a.xlsx", lambda: workbook(lambda book: book.active.append([7]))),
        ("a.docx", lambda: docx(paragraph("7"), **{"word/media/noise": secrets.token_bytes(9000)})),
    ],
)
def test_a_password_opens_an_encrypted_office_file(name, make):
    held = io.BytesIO()
    msoffcrypto.format.ooxml.OOXMLFile(io.BytesIO(make())).encrypt("geheim", held)
    with pytest.raises(errors.PasswordRequired):
        read(held.getvalue(), name)
    with pytest.raises(errors.PasswordIncorrect):
        read(held.getvalue(), name, password="falsch")
    answer = read(held.getvalue(), name, password="geheim", format="text")
    assert "7" in answer.content


def test_comments_and_charts_follow_their_sheet():
    def fill(book):
        sheet = book.active
        for row in (["year", "ducks"], ["2019", 120], ["2020", 135]):
            sheet.append(row)
        sheet["B2"].comment = openpyxl.comments.Comment("counted twice", "Ada")
        chart = openpyxl.chart.BarChart()
        chart.title = "Ducks"
        chart.add_data(
            openpyxl.chart.Reference(sheet, min_col=2, min_row=1, max_row=3), titles_from_data=True
        )
        sheet.add_chart(chart, "D1")

    answer = read(workbook(fill), "a.xlsx")
    note = answer.blocks[-1]
    assert (note["type"], note["reference"], note["author"]) == ("comment", "B2", "Ada")
    assert note["blocks"][0]["text"] == "counted twice"
    chart = answer.tables[1]
    assert (chart["name"], chart["caption"], chart["sheet"]) == ("chart", "Ducks", "Sheet")


def test_threads_take_the_place_of_the_comments_that_stand_for_them():
    thread = "http://schemas.microsoft.com/office/spreadsheetml/2018/threadedcomments"
    book = xlsx(
        '<row r="1"><c r="A1"><v>1</v></c></row>',
        **{
            "xl/_rels/workbook.xml.rels": relations(
                ("rId1", "worksheet", "worksheets/sheet1.xml"), ("rId2", "person", "persons/person.xml")
            ),
            "xl/worksheets/_rels/sheet1.xml.rels": relations(
                ("rId1", "comments", "../comments1.xml"), ("rId2", "threadedComment", "../threads.xml")
            ),
            "xl/persons/person.xml": f'<personList xmlns="{thread}"><person displayName="Ada" id="{{1}}"/></personList>',
            "xl/comments1.xml": f'<comments {S}><authors><author>tc</author></authors><commentList><comment ref="A1" authorId="0">'
            '<text><t>[Threaded comment]</t></text></comment><comment ref="B2" authorId="0"><text><t>plain</t></text></comment></commentList></comments>',
            "xl/threads.xml": f'<ThreadedComments xmlns="{thread}"><threadedComment ref="A1" dT="2024-01-02T00:00:00" personId="{{1}}">'
            '<text>really?</text></threadedComment><threadedComment ref="A1" personId="{1}"><text>yes</text></threadedComment></ThreadedComments>',
        },
    )
    notes = [block for block in read(book, "a.xlsx").blocks if block["type"] == "comment"]
    assert [(note["reference"], note["author"], note["blocks"][0]["text"]) for note in notes] == [
        ("B2", "tc", "plain"), ("A1", "Ada", "really?"), ("A1", "Ada", "yes"),
    ]  # fmt: skip


def test_a_workbook_without_cells_is_an_answer():
    answer = read(workbook(lambda book: None), "a.xlsx")
    assert answer.tables == []
    assert [block["text"] for block in answer.blocks] == ["Sheet"]


def test_spans_of_time_are_written_with_hours_beyond_a_day():
    spans = [dt.timedelta(hours=30), dt.timedelta(days=2, minutes=5), dt.timedelta(hours=25, seconds=1.5)]
    answer = read(workbook(lambda book: [book.active.append([span]) for span in spans]), "a.xlsx")
    assert answer.grid() == [["30:00:00"], ["48:05:00"], ["25:00:01.500000"]]
    assert [row[0] for row in values(answer)] == [108000, 173100, 90001.5]
