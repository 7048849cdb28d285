"""Sheets and tables as text and back: every row, and every value as it is."""

import csv
import datetime as dt
import io

import openpyxl
import pytest

from dataflowtools.tests.http.converting.converting import book, convert, converted
from servicekit.testing import assert_problem

pytestmark = pytest.mark.asyncio(loop_scope="package")


def rows(data: bytes, delimiter: str = ",") -> list[list[str]]:
    return list(csv.reader(io.StringIO(data.decode()), delimiter=delimiter))


@pytest.mark.parametrize("to", ["csv", "tsv"])
async def test_titles_above_a_table_names_given_twice_and_errors_stay(client, to):
    sheet = [
        ["季度报告 2024"],
        [None],
        ["a", "a", None, "NA"],
        [1, 0.5, "007", "=1+1"],
        ["x\ny", None, True, "#N/A"],
    ]
    made = openpyxl.load_workbook(io.BytesIO(book(sheet)))
    made.active["D4"].data_type = "s"
    held = io.BytesIO()
    made.save(held)
    text, reply = await converted(client, held.getvalue(), "a.xlsx", to)

    assert [step["by"] for step in reply["route"]] == ["cells"]
    assert rows(text, "\t" if to == "tsv" else ",") == [
        ["季度报告 2024", "", "", ""],
        ["", "", "", ""],
        ["a", "a", "", "NA"],
        ["1", "0.5", "007", "=1+1"],
        ["x\ny", "", "TRUE", "#N/A"],
    ]


async def test_dates_and_times_are_written_as_such(client):
    day, moment, time = dt.date(2024, 1, 2), dt.datetime(2024, 1, 2, 3, 4, 5), dt.time(3, 4)
    text, _ = await converted(client, book([["d", "m", "t"], [day, moment, time]]), "a.xlsx", "csv")

    assert rows(text)[1] == ["2024-01-02", "2024-01-02 03:04:05", "03:04:00"]


async def test_the_first_sheet_that_is_seen_is_taken_or_the_chosen_one(client):
    made = openpyxl.load_workbook(io.BytesIO(book([["hidden"]], Second=[["second"]], Third=[["third"]])))
    made.worksheets[0].sheet_state = "hidden"
    made.active = 1
    held = io.BytesIO()
    made.save(held)
    first, _ = await converted(client, held.getvalue(), "a.xlsx", "csv")
    third, _ = await converted(client, held.getvalue(), "a.xlsx", "csv", sheet="Third")
    hidden, _ = await converted(client, held.getvalue(), "a.xlsx", "csv", sheet="1")

    assert [rows(one) for one in (first, third, hidden)] == [[["second"]], [["third"]], [["hidden"]]]
    assert_problem(
        await convert(client, held.getvalue(), "a.xlsx", "csv", sheet="none"), 422, "invalid_selection"
    )


async def test_formulas_are_escaped_where_asked_and_empty_where_never_calculated(client):
    made = openpyxl.load_workbook(io.BytesIO(book([["=cmd()", -1, "-1", "@x"], ["=SUM(B1:B1)"]])))
    made.active["A1"].data_type = "s"
    held = io.BytesIO()
    made.save(held)
    plain, reply = await converted(client, held.getvalue(), "a.xlsx", "csv")
    escaped, _ = await converted(client, held.getvalue(), "a.xlsx", "csv", escape_formulas="true")

    assert rows(plain) == [["=cmd()", "-1", "-1", "@x"], ["", "", "", ""]]
    assert rows(escaped)[0] == ["'=cmd()", "-1", "'-1", "'@x"]
    assert [one["code"] for one in reply["warnings"]] == ["formula_without_value"]


async def test_a_sheet_too_long_to_be_held_is_converted_nevertheless(client):
    made = openpyxl.Workbook(write_only=True)
    sheet = made.create_sheet()
    sheet.append(["n"])
    for number in range(200_001):
        sheet.append([number])
    held = io.BytesIO()
    made.save(held)
    text, _ = await converted(client, held.getvalue(), "a.xlsx", "csv")

    assert text.count(b"\n") == 200_002
    assert text.startswith(b"n\n0\n")


async def test_texts_that_look_missing_are_texts(client):
    made, _ = await converted(client, b"code,note\nNA,null\nN/A,\n", "a.csv", "xlsx")
    sheet = openpyxl.load_workbook(io.BytesIO(made)).active

    assert [[cell.value for cell in row] for row in sheet.rows] == [
        ["code", "note"],
        ["NA", "null"],
        ["N/A", None],
    ]
