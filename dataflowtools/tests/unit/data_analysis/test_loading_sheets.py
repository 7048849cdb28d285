"""Sheets as people make them: titles above the header, times among other values, very many sheets."""

import datetime as dt
import io

import openpyxl
import pytest
import xlsxwriter

from dataflowtools.tests.unit.data_analysis.tables import codes


def sheet(*rows, merged=()):
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    for area in merged:
        book.active.merge_cells(area)
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


HEADER, VALUES = ["region", "amount"], ["N", 5]


@pytest.mark.parametrize(
    ("rows", "merged"),
    [
        ([["Sales report 2024"], [], HEADER, VALUES], []),
        ([["Sales report 2024"], HEADER, VALUES], ["A1:B1"]),
        ([["Sales report 2024"], [*HEADER, "day"], [*VALUES, "x"]], []),
        ([["Sales report 2024"], ["of the north"], [], [*HEADER, "day"], [*VALUES, "x"]], []),
    ],
)
def test_titles_above_the_header_are_left_out_and_told(read, rows, merged):
    found = read(sheet(*rows, merged=merged), "a.xlsx")
    assert found.collected().columns[:2] == HEADER
    assert found.collected().rows()[0][:2] == tuple(VALUES)
    told = next(one for one in found.warnings if one["code"] == "rows_above_header")
    assert told["rows"][0] == "Sales report 2024"


@pytest.mark.parametrize(
    "rows",
    [
        [["name", None], ["x", "y"]],
        [[None, "amount"], ["x", 1]],
        [["name", None, None], ["x", 1, 2]],
        [["name"], ["x"], ["y"]],
    ],
)
def test_a_header_with_nameless_columns_is_no_title(read, rows):
    found = read(sheet(*rows), "a.xlsx")
    assert found.collected().height == len(rows) - 1
    assert "rows_above_header" not in codes(found)


def test_titles_above_several_header_rows_are_left_out_too(read):
    rows = [["Report"], [], ["2024", None, "2025"], ["a", "b", "a"], [1, 2, 3]]
    found = read(sheet(*rows, merged=["A3:B3"]), "a.xlsx", header_rows=2, fill_merged=True)
    assert found.collected().rows(named=True) == [{"2024 a": 1, "2024 b": 2, "2025 a": 3}]


def test_times_among_other_values_are_texts_and_the_other_columns_keep_their_types(read):
    day = dt.date(2024, 1, 5)
    found = read(sheet(["n", "t", "d"], [1, dt.time(10, 30), day], [2, dt.timedelta(days=3), day]), "a.xlsx")
    assert found.collected().schema.to_python() == {"n": int, "t": str, "d": dt.date}
    assert found.collected()["t"][0] == "10:30:00"


def test_a_book_of_very_many_sheets_is_read_in_one_pass(read):
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True}) as book:
        for number in range(2000):
            book.add_worksheet().write_column(0, 0, ["n", number])
    found = read(buffer.getvalue(), "a.xlsx", sheet=1500)
    assert found.collected().rows() == [(1499,)]
