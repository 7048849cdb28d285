"""Rows of a sheet put together anew: some repeated, some left out, and all that refers to them told."""

import copy
from collections import defaultdict
from collections.abc import Sequence

from lxml import etree

from dataflowtools.src.drivenadapters.documents.safe_xml import Element
from dataflowtools.src.drivenadapters.documents_out.sheets.cells import MAX_ROWS
from dataflowtools.src.drivenadapters.documents_out.sheets.looks import s
from dataflowtools.src.drivenadapters.documents_out.sheets.references import (
    LOST,
    Axis,
    column_letters,
    letters_of,
    rewrite,
    shift_area,
)
from dataflowtools.src.drivenadapters.documents_out.sheets.sheet_part import SheetPart
from dataflowtools.src.drivenadapters.documents_out.sheets.structure import move_ranges, move_things, shifting
from dataflowtools.src.drivenadapters.documents_out.sheets.workbook import Workbook
from dataflowtools.src.errors import InvalidTemplate
from dataflowtools.src.logics.file.documents.options import cell_range


class RowMap:
    """Where the rows 1 to `bottom` of a template are in the result, which lists them in their new order."""

    axis: Axis = "rows"
    limit = MAX_ROWS

    def __init__(self, order: Sequence[int], bottom: int) -> None:
        if len(order) > MAX_ROWS:
            raise InvalidTemplate(f"A sheet holds {MAX_ROWS} rows.")
        self.order, self.bottom = order, bottom
        self.places: dict[int, list[int]] = defaultdict(list)
        for place, row in enumerate(order, start=1):
            self.places[row].append(place)

    def one(self, place: int) -> int | None:
        """Where a row is first; None when it is gone."""
        if place > self.bottom:
            return place + len(self.order) - self.bottom
        return self.places[place][0] if place in self.places else None

    def last(self, place: int) -> int | None:
        """Where a row is last."""
        return self.places[place][-1] if place in self.places else self.one(place)

    def span(self, first: int, last: int) -> tuple[int, int] | None:
        """From where the first row left is first to where the last one is last."""
        low = next((found for row in range(first, last + 1) if (found := self.one(row))), None)
        high = next((found for row in range(last, first - 1, -1) if (found := self.last(row))), None)
        return None if low is None or high is None else (low, max(low, high))

    def gap(self, place: int) -> int:
        """Where the row would be that is gone."""
        return next((found for row in range(place, self.bottom + 2) if (found := self.one(row))), 1)

    def repeated(self, place: int) -> bool:
        """Whether a row is there more than once."""
        return len(self.places.get(place, ())) > 1


def rebuild(book: Workbook, name: str, rows: RowMap) -> None:
    """Put a sheet's rows together, with their formulas, merges, tables, charts and names."""
    sheet, part = book.sheet(name), book.part_of(name)
    sheet.unshare_formulas()
    own = _take_formulas(sheet, rows.bottom)
    book.rewrite_everywhere(shifting(rows, name), name)
    merges = sheet.root.find(s("mergeCells"))
    if merges is not None:
        place = sheet.root.index(merges)
        sheet.root.remove(merges)
    move_ranges(sheet.root, rows)
    if merges is not None:
        _merge(merges, rows)
        sheet.root.insert(place, merges)
    move_things(book.package, part, rows)
    _copy_rows(sheet, rows, own, name)
    sheet.index()


def _take_formulas(sheet: SheetPart, bottom: int) -> dict[int, dict[str, str]]:
    """Take the formulas of the template's rows away, by row and column, for each copy gets its own."""
    taken: dict[int, dict[str, str]] = defaultdict(dict)
    for element in sheet.formulas():
        cell = element.getparent()
        row = int("".join(filter(str.isdigit, cell.get("r"))))
        if row <= bottom and element.text:
            taken[row][letters_of(cell.get("r"))] = element.text
            element.text = ""
    return taken


def _copy_rows(sheet: SheetPart, rows: RowMap, own: dict[int, dict[str, str]], name: str) -> None:
    old = {int(row.get("r")): row for row in sheet.data.iterfind(s("row"))}
    made = []
    for place, number in enumerate(rows.order, start=1):
        if number in old:
            made.append(_copied(old[number], number, place, rows, own.get(number, {}), name))
    for number, row in old.items():
        if number > rows.bottom:
            made.append(_numbered(row, rows.one(number) or number))
    sheet.data[:] = made


def _copied(  # noqa: PLR0917  # the row, its old and new place, and what its formulas need
    row: Element, number: int, place: int, rows: RowMap, formulas: dict[str, str], name: str
) -> Element:
    fresh = _numbered(copy.deepcopy(row), place)
    for cell in fresh.iterfind(s("c")):
        letters = letters_of(cell.get("r"))
        element = cell.find(s("f"))
        if element is not None and letters in formulas:
            element.text = _formula(formulas[letters], number, place, rows, name)
            if element.get("ref"):
                element.set("ref", cell.get("r"))
    return fresh


def _numbered(row: Element, number: int) -> Element:
    row.set("r", str(number))
    for cell in row.iterfind(s("c")):
        cell.set("r", letters_of(cell.get("r")) + str(number))
    return row


def _formula(formula: str, number: int, place: int, rows: RowMap, name: str) -> str:
    """Move a repeated row's formula: what it says of its own row and its neighbours in the loop goes along."""

    def change(prefix: str, named: str | None, reference: str) -> str:
        if named is not None and named.casefold() != name.casefold():
            return prefix + reference
        corners = reference.split(":")
        if all(_goes_along(corner, number, rows) for corner in corners):
            return prefix + ":".join(_moved(corner, place - number) for corner in corners)
        return prefix + (shift_area(reference, rows) or LOST)

    return rewrite(formula, change)


def _goes_along(corner: str, number: int, rows: RowMap) -> bool:
    digits = "".join(filter(str.isdigit, corner))
    if not digits or corner[: -len(digits)].endswith("$"):
        return False
    return int(digits) == number or (rows.repeated(int(digits)) and rows.repeated(number))


def _moved(corner: str, distance: int) -> str:
    digits = "".join(filter(str.isdigit, corner))
    return corner[: -len(digits)] + str(int(digits) + distance)


def _merge(merges: Element, rows: RowMap) -> None:
    """Repeat merged cells with their rows."""
    areas = [cell_range(entry.get("ref")) for entry in merges]
    merges[:] = []
    for area in areas:
        height = area.last_row - area.first_row
        found = rows.places.get(area.first_row) if area.first_row <= rows.bottom else None
        tops = found if found is not None and rows.repeated(area.first_row) else [rows.one(area.first_row)]
        for top in tops:
            if top is not None:
                first, last = column_letters(area.first_column), column_letters(area.last_column)
                etree.SubElement(merges, s("mergeCell"), ref=f"{first}{top}:{last}{top + height}")
    merges.set("count", str(len(merges)))
