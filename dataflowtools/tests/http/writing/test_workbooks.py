"""Workbooks of other programs changed over a real socket, and read back by another program."""

import datetime as dt
import io
import re

import openpyxl
import pytest
import xlsxwriter
from openpyxl.worksheet.hyperlink import Hyperlink
from openpyxl.worksheet.pagebreak import Break

from dataflowtools.tests.http.writing.calls import call, stored, written
from dataflowtools.tests.http.writing.test_edit import changed, edited, unpacked, workbook
from dataflowtools.tests.unit.documents.making import zipped
from servicekit.testing import assert_problem

pytestmark = pytest.mark.asyncio(loop_scope="package")


def opened(data: bytes):
    return openpyxl.load_workbook(io.BytesIO(data))


def saved(book) -> bytes:
    held = io.BytesIO()
    book.save(held)
    return held.getvalue()


async def plain(client, rows=(("x",),)) -> bytes:
    return await written(client, {"sheets": [{"name": "S", "rows": [list(row) for row in rows]}]}, to="xlsx")


async def with_rows(client, rows: str) -> bytes:
    """A workbook whose sheet holds just these rows of markup."""
    inside = unpacked(await written(client, {"sheets": [{"name": "S"}]}, to="xlsx"))
    part = "xl/worksheets/sheet1.xml"
    inside[part] = inside[part].replace(b"<sheetData/>", f"<sheetData>{rows}</sheetData>".encode())
    return zipped(inside)


def put(rows, start="A1", sheet="S"):
    return {"op": "set_range", "sheet": sheet, "start": start, "rows": rows}


def day(text):
    return {"value": text, "type": "date"}


async def test_dates_are_the_same_in_workbooks_that_count_from_1904(client):
    book = openpyxl.Workbook()
    book.epoch = openpyxl.utils.datetime.CALENDAR_MAC_1904
    book.active.title = "S"
    after, _ = await edited(client, "a.xlsx", saved(book), put([[day("2020-01-02")]]))

    assert opened(after)["S"]["A1"].value == dt.datetime(2020, 1, 2)


async def test_the_first_days_of_1900_are_counted_as_spreadsheets_do(client):
    after, _ = await edited(
        client, "a.xlsx", await plain(client), put([[day("1900-01-15")], [day("1900-03-01")]])
    )

    assert [row[0].value.date() for row in opened(after)["S"].rows] == [
        dt.date(1900, 1, 15),
        dt.date(1900, 3, 1),
    ]


async def test_numbers_stay_numbers_and_only_long_integers_become_text(client):
    row = [1e300, 1.25e17, 6222021234567891, "007", -0.5, "_x0041_"]
    fresh = await plain(client, [row])
    after, _ = await edited(client, "a.xlsx", await plain(client), put([row]))

    expected = [1e300, 1.25e17, "6222021234567891", "007", -0.5]
    assert [cell.value for cell in opened(fresh)["S"][1]][:5] == expected
    assert [cell.value for cell in opened(after)["S"][1]][:5] == expected
    assert b">_x005F_x0041_<" in unpacked(after)["xl/worksheets/sheet1.xml"]  # else programs read it as A


async def test_a_text_longer_than_a_cell_is_cut_and_told(client):
    _, reply = await edited(client, "a.xlsx", await plain(client), put([["x" * 40_000]]))

    assert [warning["code"] for warning in reply["warnings"]] == ["texts_cut"]


async def test_a_value_over_the_first_of_shared_formulas_leaves_the_others(client):
    rows = '<row r="1"><c r="A1"><v>1</v></c><c r="B1"><f t="shared" ref="B1:B3" si="0">A1*2</f></c></row>'
    rows += "".join(f'<row r="{n}"><c r="B{n}"><f t="shared" si="0"/></c></row>' for n in (2, 3))
    after, _ = await edited(client, "a.xlsx", await with_rows(client, rows), put([[99]], "B1"))

    assert [opened(after)["S"][f"B{n}"].value for n in (1, 2, 3)] == [99, "=A2*2", "=A3*2"]


async def test_a_part_of_an_array_formula_is_not_overwritten(client):
    rows = '<row r="1"><c r="A1"><f t="array" ref="A1:A2">B1:B2*2</f></c></row><row r="2"><c r="A2"><v>4</v></c></row>'
    file = await stored(client, "a.xlsx", await with_rows(client, rows))
    reply = await call(client, "edit", {"file_id": file["file_id"], "operations": [put([[1]], "A2")]})

    problem = assert_problem(reply, 422, "invalid_edit")
    assert "array formula of A1:A2" in problem["detail"]
    assert problem["errors"][0]["pointer"] == "/operations/0"


def table_book() -> bytes:
    held = io.BytesIO()
    book = xlsxwriter.Workbook(held)
    sheet = book.add_worksheet("S")
    columns = [{"header": "a"}, {"header": "b"}, {"header": "c", "formula": "=[@a]+[@b]"}]
    sheet.add_table("A1:C3", {"data": [[1, 2], [4, 5]], "columns": columns})
    sheet.write_formula("E1", "=SUM(Table1[a])")
    book.close()
    return held.getvalue()


async def test_rows_below_a_table_join_it_and_get_its_calculated_columns(client):
    after, _ = await edited(
        client, "a.xlsx", table_book(), {"op": "append_rows", "sheet": "S", "rows": [[7, 8], [9, 1, "own"]]}
    )
    sheet = opened(after)["S"]

    assert [(table.ref, table.autoFilter.ref) for table in sheet.tables.values()] == [("A1:C5", "A1:C5")]
    assert sheet["C4"].value == sheet["C3"].value
    assert sheet["C5"].value == "own"


async def test_a_header_of_a_table_that_is_written_renames_its_column_everywhere(client):
    after, _ = await edited(client, "a.xlsx", table_book(), put([["net [€]"]]))
    sheet = opened(after)["S"]

    assert [column.name for column in sheet.tables["Table1"].tableColumns] == ["net [€]", "b", "c"]
    assert sheet["E1"].value == "=SUM(Table1[net '[€']])"
    assert sheet["C2"].value == "=[[#This Row],net '[€']]+[[#This Row],b]"
    for header in ("b", "", None):
        file = await stored(client, "a.xlsx", table_book())
        reply = await call(client, "edit", {"file_id": file["file_id"], "operations": [put([[header]])]})
        assert_problem(reply, 422, "invalid_edit")


async def test_merging_empties_what_would_be_hidden(client):
    before = await plain(client, [[1, 2], [3, 4]])
    after, reply = await edited(
        client, "a.xlsx", before, {"op": "merge_cells", "sheet": "S", "range": "A1:B2"}
    )

    assert reply["results"] == [{"op": "merge_cells", "emptied": 3}]
    assert b"<v>4</v>" not in unpacked(after)["xl/worksheets/sheet1.xml"]


async def test_links_and_page_breaks_move_with_the_cells(client):
    book = openpyxl.Workbook()
    book.active.title = "S"
    book.active["A9"] = "end"
    book.active.row_breaks.append(Break(id=5))
    other = book.create_sheet("Other")
    other["A1"] = "to"
    other["A1"].hyperlink = Hyperlink(ref="A1", location="S!A9")
    after, _ = await edited(
        client,
        "a.xlsx",
        saved(book),
        {"op": "insert_rows", "sheet": "S", "at": 2, "count": 2},
        {"op": "rename_sheet", "sheet": "S", "name": "My sheet"},
    )
    again = opened(after)

    assert [entry.id for entry in again["My sheet"].row_breaks.brk] == [7]
    assert again["Other"]["A1"].hyperlink.location == "'My sheet'!A11"


async def test_wide_rows_and_rows_far_above_others_are_written_in_no_time(client):
    before = await plain(client)
    far, _ = await edited(client, "a.xlsx", before, put([["far"]], "A900000"))
    after, _ = await edited(
        client, "a.xlsx", far, put([list(range(16_384))]), put([[n] for n in range(20_000)], "B2")
    )
    sheet = opened(after)["S"]

    assert (sheet["XFD1"].value, sheet["B20001"].value, sheet["A900000"].value) == (16_383, 19_999, "far")


async def test_a_deleted_sheet_leaves_no_order_of_calculation_behind(client):
    inside = unpacked(workbook())
    inside["xl/calcChain.xml"] = (
        b'<calcChain xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><c r="C2" i="1"/></calcChain>'
    )
    kind = b"http://schemas.openxmlformats.org/officeDocument/2006/relationships/calcChain"
    relations = "xl/_rels/workbook.xml.rels"
    entry = b'<Relationship Id="rId99" Type="' + kind + b'" Target="calcChain.xml"/></Relationships>'
    inside[relations] = inside[relations].replace(b"</Relationships>", entry)
    after, _ = await edited(client, "a.xlsx", zipped(inside), {"op": "delete_sheet", "sheet": "Data"})

    assert "xl/calcChain.xml" not in unpacked(after)


async def test_a_sheet_is_copied_with_all_that_it_holds(client):
    before = workbook()
    after, reply = await edited(
        client,
        "a.xlsx",
        before,
        {"op": "copy_sheet", "sheet": "Data", "name": "Copy"},
        put([["only here"]], "A3", "Copy"),
    )
    book = opened(after)

    assert reply["results"][0]["at"] == 1
    assert book.sheetnames == ["Data", "Copy", "My other"]
    assert (book["Copy"]["A3"].value, book["Data"]["A3"].value) == (
        "only here",
        opened(before)["Data"]["A3"].value,
    )
    assert list(book["Copy"].tables) == ["T1_2"]
    assert len(book["Copy"]._charts) == len(book["Copy"]._images) == 1
    assert book["Copy"]["A2"].comment.text == "look"
    assert "xl/worksheets/sheet1.xml" not in changed(before, after)


async def test_sheets_are_moved_hidden_and_shown(client):
    after, _ = await edited(
        client,
        "a.xlsx",
        workbook(),
        {"op": "move_sheet", "sheet": "Data", "at": 1},
        {"op": "hide_sheet", "sheet": "My other"},
    )
    book = opened(after)
    assert [(sheet.title, sheet.sheet_state) for sheet in book] == [
        ("My other", "hidden"),
        ("Data", "visible"),
    ]
    assert book.active.title == "Data"

    file = await stored(client, "b.xlsx", after)
    reply = await call(
        client, "edit", {"file_id": file["file_id"], "operations": [{"op": "hide_sheet", "sheet": "Data"}]}
    )
    assert_problem(reply, 422, "invalid_edit")
    shown, _ = await edited(client, "c.xlsx", after, {"op": "show_sheet", "sheet": "My other"})
    assert [sheet.sheet_state for sheet in opened(shown)] == ["visible", "visible"]


async def test_the_layout_of_sheets_is_set(client):
    layout = {"widths": {"B": 20}, "freeze": "B2", "autofilter": True}
    after, _ = await edited(
        client,
        "a.xlsx",
        await plain(client, [["a", "b"], [1, 2]]),
        {"op": "set_layout", "sheet": "S", **layout},
        {"op": "set_style", "sheet": "S", "range": "B1:B1048576", "style": {"bold": True}},
        {
            "op": "add_sheet",
            "sheet": {"name": "N", "rows": [["h"], [1]], "header": True, "widths": {"A": 30}},
        },
    )
    book = opened(after)
    sheet = book["S"]

    assert (sheet.freeze_panes, sheet.auto_filter.ref) == ("B2", "A1:B2")
    assert (sheet.column_dimensions["B"].width, sheet["B2"].font.bold, sheet["A2"].font.bold) == (
        20,
        True,
        False,
    )
    assert (book["N"].freeze_panes, book["N"].column_dimensions["A"].width) == ("A2", 30)


@pytest.mark.parametrize(
    ("formula", "stored_as"),
    [
        ("=TEXTJOIN(A1,B1:B2,C1)", "=_xlfn.TEXTJOIN(A1,B1:B2,C1)"),
        ('=IF(A1="IFS(","x",IFS(A1>0,1))', '=IF(A1="IFS(","x",_xlfn.IFS(A1>0,1))'),
        ("=_xlfn.STDEV.S(A1:A3)", "=_xlfn.STDEV.S(A1:A3)"),
    ],
)
async def test_later_functions_are_stored_by_the_names_that_files_use(client, formula, stored_as):
    fresh = await plain(client, [[{"formula": formula}]])
    after, _ = await edited(client, "a.xlsx", await plain(client), put([[{"formula": formula}]]))

    assert opened(fresh)["S"]["A1"].value == stored_as
    assert opened(after)["S"]["A1"].value == stored_as


@pytest.mark.parametrize(
    "formula",
    ["='[o.xlsx]S'!A1", "=[1]S!A1", "=1+'\\\\host\\[x.xlsx]S 1'!A1", "='https://e.org/[x.xlsx]S'!A1"],
)
async def test_a_formula_that_reads_another_workbook_is_refused(client, formula):
    sheets = [{"name": "S", "rows": [[{"formula": formula}]]}]
    reply = await call(client, "write", {"to": "xlsx", "content": {"sheets": sheets}})
    assert "reach out" in assert_problem(reply, 422, "invalid_content")["detail"]
    kept = [[{"formula": "=\"'[x]y'!\"&T[a]+S!A1+'S'!A1"}]]
    await edited(client, "a.xlsx", await plain(client), put(kept))


@pytest.mark.parametrize("formula", ["=SUM(", "=A1)", '="open', "=)A1("])
async def test_a_formula_that_no_program_could_read_is_refused(client, formula):
    sheets = [{"name": "S", "rows": [[{"formula": formula}]]}]
    problem = assert_problem(
        await call(client, "write", {"to": "xlsx", "content": {"sheets": sheets}}), 422, "invalid_content"
    )
    assert "not complete" in problem["detail"]


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"content": {"sheets": [{"name": "a\x01b"}]}}, "/content/sheets/0/name"),
        (
            {"content": {"sheets": [{"name": "a", "rows": [[{"style": {"font": "a\x01"}}]]}]}},
            "/content/sheets/0/rows/0/0/style/font",
        ),
        ({"content": {"text": "x"}, "styles": {"a\x01": {}}}, "/styles/a\x01"),
    ],
)
async def test_control_characters_in_names_are_refused_where_they_stand(client, body, pointer):
    problem = assert_problem(await call(client, "write", {"to": "xlsx", **body}), 422, "validation_failed")

    assert pointer in [error["pointer"] for error in problem["errors"]]


async def test_a_number_beyond_all_numbers_is_refused(client):
    raw = b'{"to": "xlsx", "content": {"sheets": [{"name": "S", "rows": [[1e999]]}]}}'
    reply = await client.request(
        "POST", "/api/file/write", body=raw, headers={"Content-Type": "application/json"}
    )

    assert_problem(reply, 422, "validation_failed")


async def test_control_characters_in_cells_and_formulas_leave_the_workbook_readable(client):
    rows = [["a\x01b"], [{"formula": '="a\x01b"', "value": "a\x01b"}]]
    after, _ = await edited(client, "a.xlsx", await plain(client, rows), put(rows, "B1"))

    assert opened(after)["S"]["B2"].value == '="ab"'


async def test_columns_come_into_tables_and_leave_them(client):
    after, _ = await edited(
        client, "a.xlsx", table_book(), {"op": "insert_columns", "sheet": "S", "at": "B", "count": 2}
    )
    sheet = opened(after)["S"]
    assert [column.name for column in sheet.tables["Table1"].tableColumns] == [
        "a",
        "Column1",
        "Column2",
        "b",
        "c",
    ]
    assert [cell.value for cell in sheet[1]][:5] == ["a", "Column1", "Column2", "b", "c"]
    assert sheet.tables["Table1"].ref == sheet.tables["Table1"].autoFilter.ref == "A1:E3"
    assert sheet["G1"].value == "=SUM(Table1[a])"

    back, _ = await edited(
        client, "b.xlsx", after, {"op": "delete_columns", "sheet": "S", "at": "A", "count": 2}
    )
    sheet = opened(back)["S"]
    assert [column.name for column in sheet.tables["Table1"].tableColumns] == ["Column2", "b", "c"]
    assert sheet["E1"].value == "=SUM(Table1[#REF!])"


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "delete_columns", "sheet": "S", "at": "A", "count": 3},
        {"op": "delete_rows", "sheet": "S", "at": 1, "count": 3},
    ],
)
async def test_a_table_whose_cells_are_all_removed_is_gone(client, operation):
    shifted = {"op": "set_range", "sheet": "S", "start": "H9", "rows": [[{"formula": "=SUM(Table1[a])+1"}]]}
    after, _ = await edited(client, "a.xlsx", table_book(), shifted, operation)
    inside = unpacked(after)

    assert not opened(after)["S"].tables
    assert not any("table" in name for name in inside)
    assert b"SUM(#REF!)+1" in inside["xl/worksheets/sheet1.xml"]


async def test_a_style_of_all_columns_keeps_what_single_ones_have(client):
    before, _ = await edited(
        client, "a.xlsx", await plain(client), {"op": "set_layout", "sheet": "S", "widths": {"C": 30}}
    )
    after, _ = await edited(
        client,
        "b.xlsx",
        before,
        {"op": "set_style", "sheet": "S", "range": "A1:XFD1048576", "style": {"bold": True}},
        {"op": "set_layout", "sheet": "S", "widths": {"E": 7}},
    )
    part = unpacked(after)["xl/worksheets/sheet1.xml"].decode()

    spans = [
        (int(low), int(high))
        for low, high in re.findall(r'<col min="(\d+)" max="(\d+)"', part.replace("\n", ""))
    ]
    assert spans == [(1, 2), (3, 3), (4, 4), (5, 5), (6, 16384)]
    assert opened(after)["S"].column_dimensions["C"].width == 30


@pytest.mark.parametrize("code", ["[[[", '0"', "0;0;0;0;0", "0]"])
async def test_a_number_format_that_is_none_is_refused(client, code):
    style = {"number_format": code}
    sheets = [{"name": "S", "rows": [[{"value": 1, "style": style}]]}]
    reply = await call(client, "write", {"to": "xlsx", "content": {"sheets": sheets}})
    assert_problem(reply, 422, "invalid_content")
    file_id = (await stored(client, "a.xlsx", await plain(client)))["file_id"]
    operation = {"op": "set_style", "sheet": "S", "range": "A1", "style": style}
    assert_problem(
        await call(client, "edit", {"file_id": file_id, "operations": [operation]}), 422, "invalid_content"
    )


async def test_formats_of_all_kinds_are_taken_and_a_merge_stays_on_the_sheet(client):
    codes = ["[$€-407] #,##0.00;[Red]-0", '_-* "a;b["0', "yyyy\\-mm", "[>=100]0;0.0", "@"]
    rows = [[{"value": 1, "style": {"number_format": code}} for code in codes]]
    after, _ = await edited(client, "a.xlsx", await plain(client), put(rows))
    assert [cell.number_format for cell in opened(after)["S"][1]] == codes
    file_id = (await stored(client, "b.xlsx", after))["file_id"]
    merge = {"op": "merge_cells", "sheet": "S", "range": "A1:XFE9"}
    assert_problem(
        await call(client, "edit", {"file_id": file_id, "operations": [merge]}), 422, "invalid_content"
    )
