"""One sheet's part: its cells found, written and counted, everything else left as it is."""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping
from typing import Any

from lxml import etree

from dataflowtools.src.drivenadapters.documents.safe_xml import Element
from dataflowtools.src.drivenadapters.documents_out.sheets import layout
from dataflowtools.src.drivenadapters.documents_out.sheets.cell_writer import CellWriter, empty
from dataflowtools.src.drivenadapters.documents_out.sheets.cells import in_range
from dataflowtools.src.drivenadapters.documents_out.sheets.looks import s
from dataflowtools.src.drivenadapters.documents_out.sheets.references import (
    column_letters,
    letters_of,
    translate,
)
from dataflowtools.src.drivenadapters.documents_out.sheets.sheet_order import child
from dataflowtools.src.errors import CorruptFile, InvalidEdit
from dataflowtools.src.logics.file.documents.options import CellRange, cell_range, column_number

_PLACE = re.compile(r"([A-Za-z]{1,3})(\d{1,7})")
_MOST_LETTERS = 3
_USUAL_WIDTH = "9.140625"


class _Line:
    """The row that is being written, with its cells by their columns."""

    def __init__(self, number: int, element: Element) -> None:
        self.number, self._element = number, element
        self._cells = {_column(cell): cell for cell in element.iterfind(s("c"))}
        self._columns = sorted(self._cells)

    def cell(self, column: int) -> Element:
        """Find a cell, or make it where it belongs."""
        if column in self._cells:
            return self._cells[column]
        made = etree.Element(s("c"), r=f"{column_letters(column)}{self.number}")
        place = bisect_left(self._columns, column)
        if place == len(self._columns):
            self._element.append(made)
        else:
            self._cells[self._columns[place]].addprevious(made)
        self._element.attrib.pop("spans", None)
        self._columns.insert(place, column)
        self._cells[column] = made
        return made


class SheetPart:
    """The tree of a sheet, with an index of its rows."""

    def __init__(self, root: Element, writer: CellWriter) -> None:
        self.root = root
        self._writer = writer
        data = root.find(s("sheetData"))
        if data is None:
            raise CorruptFile("A sheet has no data.")
        self.data = data
        self._rows: dict[int, Element] = {}
        self._numbers: list[int] = []
        self._line: _Line | None = None
        self._arrays: list[CellRange] | None = None
        self.index()

    def index(self) -> None:
        """Number the rows and cells that carry no number, and learn where rows are."""
        self._rows.clear()
        self._line = self._arrays = None
        number = 0
        for row in self.data.iterfind(s("row")):
            number = int(row.get("r") or number + 1)
            row.set("r", str(number))
            self._rows[number] = row
            column = 0
            for cell in row.iterfind(s("c")):
                if cell.get("r"):
                    column = _column(cell)
                    continue
                column += 1
                cell.set("r", f"{column_letters(column)}{number}")
        self._numbers = sorted(self._rows)

    @property
    def last_row(self) -> int:
        """The number of the last row that holds a value; 0 when none does."""
        filled = (
            number for number, row in self._rows.items() if any(len(cell) for cell in row.iterfind(s("c")))
        )
        return max(filled, default=0)

    def cell(self, row: int, column: int) -> Element:
        """Find a cell, counted from 1, or make it where it belongs."""
        in_range(row - 1, column - 1)
        if self._line is None or self._line.number != row:
            self._line = _Line(row, self._row(row))
        return self._line.cell(column)

    def _row(self, number: int) -> Element:
        if number in self._rows:
            return self._rows[number]
        made = etree.Element(s("row"), r=str(number))
        place = bisect_left(self._numbers, number)
        if place == len(self._numbers):
            self.data.append(made)
        else:
            self._rows[self._numbers[place]].addprevious(made)
        self._numbers.insert(place, number)
        self._rows[number] = made
        return made

    def write(self, row: int, column: int, value: Any) -> None:
        """Write a value, or an entry with value, formula, type and style; the look stays unless given."""
        entry = value if isinstance(value, Mapping) else {"value": value}
        cell = self.cell(row, column)
        style = entry.get("style")
        if isinstance(style, str):
            raise InvalidEdit("Styles by name are for new sheets; give the style itself.")
        self._free(cell, row, column)
        if style:
            cell.set("s", str(self._writer.looks.index(int(cell.get("s", 0)), style)))
        self._writer.put(cell, entry)

    def empty(self, area: CellRange, *, but: tuple[int, int]) -> int:
        """Empty the cells of an area but one, and return how many held something."""
        return sum(
            empty(cell)
            for row in self._numbers[
                bisect_left(self._numbers, area[0]) : bisect_right(self._numbers, area[2])
            ]
            for cell in self._rows[row].iterfind(s("c"))
            if area[1] <= _column(cell) <= area[3] and (row, _column(cell)) != but
        )

    def _free(self, cell: Element, row: int, column: int) -> None:
        """See to it that no other cell's formula goes with this one's."""
        formula = cell.find(s("f"))
        if formula is not None and formula.get("t") == "shared" and formula.text:
            self.unshare_formulas()
        for top, left, bottom, right in self._array_areas():
            if top <= row <= bottom and left <= column <= right:
                area = f"{column_letters(left)}{top}:{column_letters(right)}{bottom}"
                raise InvalidEdit(
                    f"{cell.get('r')} is part of the array formula of {area}, which is changed as a whole only."
                )

    def _array_areas(self) -> list[CellRange]:
        if self._arrays is None:
            named = (one.get("ref", "") for one in self.formulas() if one.get("t") in {"array", "dataTable"})
            self._arrays = [cell_range(area) for area in named if ":" in area]
        return self._arrays

    def put_value(self, row: int, letters: str, value: Any) -> None:
        """Write a value into a cell; its look stays."""
        self._writer.put(self.cell(row, column_number(letters)), {"value": value})

    def style(self, row: int, column: int, style: Mapping[str, Any]) -> None:
        """Lay a style over a cell's look."""
        cell = self.cell(row, column)
        cell.set("s", str(self._writer.looks.index(int(cell.get("s", 0)), style)))

    def style_columns(self, first: int, last: int, style: Mapping[str, Any]) -> None:
        """Lay a style over whole columns: over the cells that there are, and those that will be."""
        in_range(0, last - 1)
        listed = child(self.root, "cols")
        for entry in layout.entries_of(listed, first, last):
            entry.set("style", str(self._writer.looks.index(int(entry.get("style", 0)), style)))
            if not entry.get("width"):
                entry.set("width", _USUAL_WIDTH)
        for row, line in self._rows.items():
            for cell in line.iterfind(s("c")):
                if first <= _column(cell) <= last:
                    self.style(row, _column(cell), style)

    def formulas(self) -> Iterator[Element]:
        """Yield the elements of all formulas in cells."""
        yield from self.data.iter(s("f"))

    def unshare_formulas(self) -> None:
        """Write every formula that shares another's text out in full."""
        masters: dict[str, tuple[str, int, int]] = {}
        for element in self.formulas():
            if element.get("t") != "shared":
                continue
            place = _PLACE.fullmatch(element.getparent().get("r"))
            if place is None:
                raise CorruptFile("A cell's place is not written as places are.")
            row, column, identity = int(place[2]), column_number(place[1]), element.get("si", "")
            if element.text:
                masters[identity] = (element.text, row, column)
            elif identity in masters:
                text, first_row, first_column = masters[identity]
                element.text = translate(text, row - first_row, column - first_column)
            for name in ("t", "si", "ref"):
                element.attrib.pop(name, None)

    def measure(self) -> None:
        """Bring the sheet's own note of its size up to date."""
        note = self.root.find(s("dimension"))
        if note is None:
            return
        area = self.used_area()
        if area:
            note.set("ref", area)

    def used_area(self) -> str:
        """Name the area that holds cells; nothing when none does."""
        filled = {number: row for number, row in self._rows.items() if len(row)}
        if not filled:
            return ""
        first = column_letters(min(_column(row[0]) for row in filled.values()))
        last = column_letters(max(_column(row[-1]) for row in filled.values()))
        return f"{first}{min(filled)}:{last}{max(filled)}"


def _column(cell: Element) -> int:
    letters = letters_of(cell.get("r") or "")
    if not (letters.isascii() and letters.isalpha() and len(letters) <= _MOST_LETTERS):
        raise CorruptFile("A cell's place is not written as places are.")
    return column_number(letters)
