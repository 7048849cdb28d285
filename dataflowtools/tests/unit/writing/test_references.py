"""References within formulas: shifted as spreadsheets shift them, whatever else stands around."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataflowtools.src.drivenadapters.documents_out.sheets.references import (
    Shift,
    column_letters,
    quoted,
    rename_in_formula,
    shift_area,
    shift_formula,
    translate,
    unquoted,
)
from dataflowtools.src.logics.file.documents.options import column_number

INSERT = Shift("rows", 3, 2)
DELETE = Shift("rows", 3, -2)


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        ("SUM(A1:A10)+B3*$C$2", "SUM(A1:A12)+B5*$C$2"),
        ('"A5"&A5', '"A5"&A7'),
        ("LOG10(5)+ATAN2(A3,1)", "LOG10(5)+ATAN2(A5,1)"),
        ("Table1[[#All],[A5]]+A5", "Table1[[#All],[A5]]+A7"),
        ("A:A+3:4+A5x+x.A5", "A:A+5:6+A5x+x.A5"),
        ("Other!A5+'It''s me'!A5+Me!A5", "Other!A5+'It''s me'!A5+Me!A7"),
        ("[1]Me!A5+Me:You!A5", "[1]Me!A5+Me:You!A5"),
        ("A10:A1", "A12:A1"),
    ],
)
def test_inserted_rows_move_what_stands_below(formula, expected):
    assert shift_formula(formula, INSERT, sheet="Me", home="me") == expected


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        ("A3+A9", "#REF!+A7"),
        ("SUM(A2:A9)", "SUM(A2:A7)"),
        ("SUM(A4:A9)", "SUM(A3:A7)"),
        ("SUM(A1:A3)", "SUM(A1:A2)"),
        ("SUM(A3:A4)", "SUM(#REF!)"),
    ],
)
def test_deleted_rows_shorten_or_lose_references(formula, expected):
    assert shift_formula(formula, DELETE, sheet="Me", home="Me") == expected


def test_only_references_to_the_sheet_move():
    assert shift_formula("A5+Me!A5", INSERT, sheet="Me", home="Other") == "A5+Me!A7"
    assert shift_formula("A5", INSERT, sheet="Me", home=None) == "A5"


def test_sheets_are_renamed_and_lost():
    formula = "Old!A1+'Old'!B2:B3+Older!A1"
    assert rename_in_formula(formula, "old", "It's new") == "'It''s new'!A1+'It''s new'!B2:B3+Older!A1"
    assert rename_in_formula(formula, "Old", None) == "#REF!+#REF!+Older!A1"


def test_shared_formulas_read_as_they_stand():
    assert translate("A1+$B$2+C$3:D4+Other!A1", 2, 1) == "B3+$B$2+D$3:E6+Other!B3"


@given(st.integers(1, 16_384))
def test_column_letters_read_back(number):
    assert column_number(column_letters(number)) == number


@given(st.text(min_size=1, max_size=31))
def test_sheet_names_read_back(name):
    assert unquoted(quoted(name)) == name


@given(st.integers(1, 500), st.integers(0, 500), st.integers(1, 500), st.integers(1, 50))
def test_what_is_inserted_and_removed_again_leaves_every_range_as_it_was(first, length, at, count):
    area = f"B{first}:C{first + length}"
    there = shift_area(area, Shift("rows", at, count))
    assert there is not None
    assert shift_area(there, Shift("rows", at, -count)) == area


@given(st.text(alphabet="AB1$:!'\"[](),+Sheet ", max_size=60))
def test_any_text_is_taken(formula):
    shift_formula(formula, INSERT, sheet="S", home="S")
    rename_in_formula(formula, "Sheet", "Other")
    translate(formula, 1, 1)
