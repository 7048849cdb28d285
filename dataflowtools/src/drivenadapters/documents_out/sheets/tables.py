"""Tables of a sheet, kept right when cells in them or below them are written."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from dataflowtools.src.drivenadapters.documents.safe_xml import Element
from dataflowtools.src.drivenadapters.documents_out.office_package import OutPackage
from dataflowtools.src.drivenadapters.documents_out.sheets.looks import s
from dataflowtools.src.drivenadapters.documents_out.sheets.references import LOST, column_letters
from dataflowtools.src.drivenadapters.documents_out.sheets.sheet_part import SheetPart
from dataflowtools.src.drivenadapters.documents_out.sheets.workbook import Workbook
from dataflowtools.src.errors import InvalidEdit
from dataflowtools.src.logics.file.documents.options import CellRange, cell_range

_SPECIAL = re.compile(r"([\[\]#'@])")  # what a column's name writes with ' before it within a formula
_BRACKETS = r"\[(?:[^\[\]]|\[[^\]]*\])*\]"
_TEXTS = re.compile(r'("(?:[^"]|"")*")')
Rows = Sequence[Sequence[Any]]


def tables_of(package: OutPackage, part: str) -> Iterator[tuple[str, Element, CellRange]]:
    """Yield the tables of a sheet: the part, its tree to look at, its area."""
    for target in package.targets(part, "table").values():
        if target in package:
            root = package.look(target)
            yield target, root, cell_range(root.get("ref") or "A1")


def grow(book: Workbook, name: str, first: int, rows: Rows) -> None:
    """Let a table that ends right above rows written from column A on reach down over them, as typing does."""
    for target, root, area in list(tables_of(book.package, book.part_of(name))):
        ends_above = area.last_row == first - 1 and not int(root.get("totalsRowCount", 0))
        if not ends_above or max(map(len, rows), default=0) < area.first_column:
            continue
        bottom = first + len(rows) - 1
        corner = f"{column_letters(area.first_column)}{area.first_row}"
        reach = f"{corner}:{column_letters(area.last_column)}{bottom}"
        changed = book.package.change(target)
        changed.set("ref", reach)
        for entry in changed.iterfind(s("autoFilter")):
            entry.set("ref", reach)
        filled = changed.iter(s("tableColumn"))
        _calculate(book.sheet(name), list(filled), area.first_column, first, rows)


def _calculate(sheet: SheetPart, columns: Sequence[Element], left: int, first: int, rows: Rows) -> None:
    """Write the formulas of calculated columns where a row says nothing."""
    for place, column in enumerate(columns, start=left):
        formula = column.findtext(s("calculatedColumnFormula"))
        if not formula:
            continue
        for number, row in enumerate(rows):
            if len(row) < place or row[place - 1] is None:
                sheet.write(first + number, place, {"formula": formula})


def rename_columns(book: Workbook, name: str, row: int, column: int, rows: Rows) -> None:
    """Call the columns of tables what their header cells say, once some of these were written."""
    for target, root, area in list(tables_of(book.package, book.part_of(name))):
        number = area.first_row - row
        if root.get("headerRowCount") == "0" or not 0 <= number < len(rows):
            continue
        for place, value in enumerate(rows[number], start=column):
            if area.first_column <= place <= area.last_column:
                text = _header(value)
                book.sheet(name).write(area.first_row, place, text)
                _rename(book, name, book.package.change(target), place - area.first_column, text)


def _header(value: Any) -> str:
    value = value.get("value") if isinstance(value, Mapping) else value
    text = "" if value is None else str(value)
    if not text.strip():
        raise InvalidEdit("The header of a table needs a text in every column.")
    return text


def _rename(book: Workbook, name: str, table: Element, place: int, new: str) -> None:
    columns = list(table.iter(s("tableColumn")))
    old, called = str(columns[place].get("name")), table.get("displayName") or ""
    if old == new:
        return
    others = {str(one.get("name")).casefold() for one in columns if one is not columns[place]}
    if new.casefold() in others:
        raise InvalidEdit(f"The table {called} has a column {new[:60]!r} already.")
    columns[place].set("name", new.replace("\n", "_x000a_"))
    for element in [*_own_formulas(book, name, table), *table.iter(s("calculatedColumnFormula"))]:
        element.text = rename_in_this_row(element.text or "", old, new)
    book.rewrite_everywhere(lambda formula, _: rename_in_structured(formula, called, old, new), called)


def _own_formulas(book: Workbook, name: str, table: Element) -> Iterator[Element]:
    area = cell_range(table.get("ref"))
    for element in book.sheet(name).formulas():
        place = cell_range(element.getparent().get("r"))
        if area[0] <= place[0] <= area[2] and area[1] <= place[1] <= area[3]:
            yield element


def rename_in_structured(formula: str, table: str, old: str, new: str) -> str:
    """Rename a column where a formula names it with its table: T[old] and T[[#This Row],[old]]."""
    wanted = re.compile(rf"(?<![\w.]){re.escape(table)}(?={_BRACKETS})({_BRACKETS})", re.IGNORECASE)
    return _renamed(formula, wanted, old, new)


def lose_column(book: Workbook, table: str, old: str) -> None:
    """Write #REF! wherever a formula names a column that is no more."""
    wanted = re.compile(rf"(?<![\w.]){re.escape(table)}(?={_BRACKETS})({_BRACKETS})", re.IGNORECASE)
    book.rewrite_everywhere(lambda formula, _: _renamed(formula, wanted, old, None), table)


def rename_in_this_row(formula: str, old: str, new: str) -> str:
    """Rename a column where a formula of the table itself names it without: [[#This Row],old]."""
    return _renamed(
        formula, re.compile(rf"(?<![\w.\]])(?=\[\[#This Row\])({_BRACKETS})", re.IGNORECASE), old, new
    )


def _renamed(formula: str, wanted: re.Pattern[str], old: str, new: str | None) -> str:
    before, after = _SPECIAL.sub(r"'\1", old), LOST if new is None else _SPECIAL.sub(r"'\1", new)
    column = re.compile(rf"(?<=[\[,:]){re.escape(before)}(?=[\],:])", re.IGNORECASE)

    def put(match: re.Match[str]) -> str:
        start = match.start(1) - match.start()
        return match[0][:start] + column.sub(lambda _: after, match[0][start:])

    pieces = _TEXTS.split(formula)
    return "".join(piece if piece.startswith('"') else wanted.sub(put, piece) for piece in pieces)
