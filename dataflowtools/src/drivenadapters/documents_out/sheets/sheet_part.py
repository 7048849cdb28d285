"""One sheet's part: its cells found, written and counted, everything else left as it is."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from lxml import etree

from dataflowtools.src.drivenadapters.documents.safe_xml import Element
from dataflowtools.src.drivenadapters.documents_out.sheets.cells import (
    MAX_TEXT,
    checked_formula,
    date_of,
    in_range,
    serial_of,
)
from dataflowtools.src.drivenadapters.documents_out.sheets.looks import Looks, s
from dataflowtools.src.drivenadapters.documents_out.sheets.references import (
    column_letters,
    letters_of,
    translate,
)
from dataflowtools.src.drivenadapters.documents_out.word.markup import SPACE, legal
from dataflowtools.src.errors import CorruptFile, InvalidEdit
from dataflowtools.src.logics.file.documents.options import column_number

_PLACE = re.compile(r"([A-Za-z]{1,3})(\d{1,7})")
_EXACT = 1 << 53
_MOST_LETTERS = 3


class SheetPart:
    """The tree of a sheet, with an index of its rows."""

    def __init__(self, root: Element, looks: Looks) -> None:
        self.root = root
        self._looks = looks
        data = root.find(s("sheetData"))
        if data is None:
            raise CorruptFile("A sheet has no data.")
        self.data = data
        self._rows: dict[int, Element] = {}
        self._last = 0
        self.index()

    def index(self) -> None:
        """Number the rows and cells that carry no number, and learn where rows are."""
        self._rows.clear()
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
        self._last = max(self._rows, default=0)

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
        line = self._rows.get(row)
        if line is None:
            line = self._new_row(row)
        name = f"{column_letters(column)}{row}"
        place = 0
        for place, cell in enumerate(line):  # noqa: B007  # where the new one goes
            if cell.get("r") == name:
                return cell
            if _column(cell) > column:
                break
        else:
            place = len(line)
        made = etree.Element(s("c"), r=name)
        line.attrib.pop("spans", None)
        line.insert(place, made)
        return made

    def _new_row(self, number: int) -> Element:
        made = etree.Element(s("row"), r=str(number))
        if number > self._last:
            self.data.append(made)
            self._last = number
        else:
            following = min(one for one in self._rows if one > number)
            self._rows[following].addprevious(made)
        self._rows[number] = made
        return made

    def write(self, row: int, column: int, value: Any) -> None:
        """Write a value, or an entry with value, formula, type and style; the look stays unless given."""
        entry = value if isinstance(value, Mapping) else {"value": value}
        cell = self.cell(row, column)
        style = entry.get("style")
        if isinstance(style, str):
            raise InvalidEdit("Styles by name are for new sheets; give the style itself.")
        if style:
            cell.set("s", str(self._looks.index(int(cell.get("s", 0)), style)))
        _put(cell, entry, self._looks)

    def put_value(self, row: int, letters: str, value: Any) -> None:
        """Write a value into a cell; its look stays."""
        _put(self.cell(row, column_number(letters)), {"value": value}, self._looks)

    def style(self, row: int, column: int, style: Mapping[str, Any]) -> None:
        """Lay a style over a cell's look."""
        cell = self.cell(row, column)
        cell.set("s", str(self._looks.index(int(cell.get("s", 0)), style)))

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
        filled = {number: row for number, row in self._rows.items() if len(row)}
        if filled:
            first = column_letters(min(_column(row[0]) for row in filled.values()))
            last = column_letters(max(_column(row[-1]) for row in filled.values()))
            note.set("ref", f"{first}{min(filled)}:{last}{max(filled)}")


def _column(cell: Element) -> int:
    letters = letters_of(cell.get("r") or "")
    if not (letters.isascii() and letters.isalpha() and len(letters) <= _MOST_LETTERS):
        raise CorruptFile("A cell's place is not written as places are.")
    return column_number(letters)


def _put(cell: Element, entry: Mapping[str, Any], looks: Looks) -> None:
    for child in list(cell):
        cell.remove(child)
    cell.attrib.pop("t", None)
    value = entry.get("value")
    if entry.get("formula"):
        etree.SubElement(cell, s("f")).text = legal(checked_formula(entry["formula"])[1:])
        if value is not None:
            _put_cached(cell, value)
    elif entry.get("type") == "date":
        moment = date_of(value)
        cell.set("s", str(looks.date(int(cell.get("s", 0)), with_time=len(str(value)) > len("yyyy-mm-dd"))))
        etree.SubElement(cell, s("v")).text = repr(serial_of(moment)).removesuffix(".0")
    elif value is not None:
        _put_value(cell, value)


def _put_value(cell: Element, value: Any) -> None:
    if isinstance(value, bool):
        cell.set("t", "b")
        etree.SubElement(cell, s("v")).text = "1" if value else "0"
    elif isinstance(value, str) or abs(value) > _EXACT:
        cell.set("t", "inlineStr")
        text = etree.SubElement(etree.SubElement(cell, s("is")), s("t"))
        text.text = legal(str(value))[:MAX_TEXT]
        text.set(SPACE, "preserve")
    elif value - value == 0:
        etree.SubElement(cell, s("v")).text = repr(value)


def _put_cached(cell: Element, value: Any) -> None:
    kind = "b" if isinstance(value, bool) else "str" if isinstance(value, str) else ""
    if kind:
        cell.set("t", kind)
    etree.SubElement(cell, s("v")).text = ("1" if value else "0") if kind == "b" else legal(str(value))
