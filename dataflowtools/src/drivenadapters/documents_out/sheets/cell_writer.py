"""Values and formulas written into the cells of a sheet's part."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lxml import etree

from dataflowtools.src.drivenadapters.documents.safe_xml import Element
from dataflowtools.src.drivenadapters.documents_out.caveats import Caveats
from dataflowtools.src.drivenadapters.documents_out.sheets.cells import (
    MAX_TEXT,
    checked_formula,
    date_of,
    is_kept_as_text,
    serial_of,
)
from dataflowtools.src.drivenadapters.documents_out.sheets.looks import Looks, s
from dataflowtools.src.drivenadapters.documents_out.word.markup import SPACE, legal

_ESCAPE_LIKE = re.compile("_(?=x[0-9A-Fa-f]{4}_)")  # spreadsheets read _x0041_ as A
_OWN_ATTRIBUTES = ("t", "cm", "vm")  # the type, and notes on an array or a rich value that the cell held


@dataclass(frozen=True, slots=True)
class CellWriter:
    """Writes as one workbook counts days and looks."""

    looks: Looks
    caveats: Caveats
    from_1904: bool = False

    def put(self, cell: Element, entry: Mapping[str, Any]) -> None:
        """Write an entry with value, formula and type in the place of what the cell held; its look stays."""
        empty(cell)
        value = entry.get("value")
        if entry.get("formula"):
            etree.SubElement(cell, s("f")).text = checked_formula(entry["formula"])[1:]
            if value is not None:
                self._put_cached(cell, value)
        elif entry.get("type") == "date":
            self._put_date(cell, value)
        elif value is not None:
            self._put_value(cell, value)

    def _put_date(self, cell: Element, value: Any) -> None:
        serial = serial_of(date_of(value), from_1904=self.from_1904)
        look = self.looks.date(int(cell.get("s", 0)), with_time=len(str(value)) > len("yyyy-mm-dd"))
        cell.set("s", str(look))
        etree.SubElement(cell, s("v")).text = repr(serial).removesuffix(".0")

    def _put_value(self, cell: Element, value: Any) -> None:
        if isinstance(value, bool):
            cell.set("t", "b")
            etree.SubElement(cell, s("v")).text = "1" if value else "0"
        elif is_kept_as_text(value):
            cell.set("t", "inlineStr")
            text = etree.SubElement(etree.SubElement(cell, s("is")), s("t"))
            text.text = self._shown(str(value))
            text.set(SPACE, "preserve")
        else:
            etree.SubElement(cell, s("v")).text = repr(value)

    def _put_cached(self, cell: Element, value: Any) -> None:
        kind = "b" if isinstance(value, bool) else "str" if isinstance(value, str) else ""
        if kind:
            cell.set("t", kind)
        shown = ("1" if value else "0") if kind == "b" else self._shown(str(value))
        etree.SubElement(cell, s("v")).text = shown

    def _shown(self, text: str) -> str:
        if len(text) > MAX_TEXT:
            message = f"Texts longer than the {MAX_TEXT} characters of a cell were cut."
            self.caveats.add("texts_cut", message)
        return _ESCAPE_LIKE.sub("_x005F_", legal(text[:MAX_TEXT]))


def empty(cell: Element) -> bool:
    """Take a cell's content away, its look not, and tell whether it held any."""
    held = len(cell) > 0
    for child in list(cell):
        cell.remove(child)
    for name in _OWN_ATTRIBUTES:
        cell.attrib.pop(name, None)
    return held
