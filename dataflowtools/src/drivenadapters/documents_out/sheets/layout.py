"""Widths of columns, what stays in view and what is filtered, of sheets that are there already."""

import copy
from collections.abc import Mapping
from typing import Any

from lxml import etree

from dataflowtools.src.drivenadapters.documents.safe_xml import Element
from dataflowtools.src.drivenadapters.documents_out.sheets.cells import in_range
from dataflowtools.src.drivenadapters.documents_out.sheets.looks import s
from dataflowtools.src.drivenadapters.documents_out.sheets.references import column_letters
from dataflowtools.src.drivenadapters.documents_out.sheets.sheet_order import child
from dataflowtools.src.logics.file.documents.options import cell_range, column_number


def set_widths(root: Element, widths: Mapping[str, float]) -> None:
    """Set widths in characters, by the letters of columns; a column's look stays."""
    columns = child(root, "cols")
    for letters, width in widths.items():
        number = column_number(letters)
        in_range(0, number - 1)
        entry = own_entry(columns, number)
        entry.set("width", f"{width:g}")
        entry.set("customWidth", "1")


def own_entry(columns: Element, number: int) -> Element:
    """Find or make the entry of one column; one that speaks of several is cut in pieces."""
    for entry in columns:
        first, last = int(entry.get("min")), int(entry.get("max"))
        if first <= number <= last:
            for low, high in ((first, number - 1), (number + 1, last)):
                if low <= high:
                    piece = copy.deepcopy(entry)
                    _reach(piece, low, high)
                    (entry.addprevious if low < number else entry.addnext)(piece)
            return _reach(entry, number, number)
    made = _reach(etree.Element(s("col")), number, number)
    following = next((entry for entry in columns if int(entry.get("min")) > number), None)
    if following is None:
        columns.append(made)
    else:
        following.addprevious(made)
    return made


def _reach(entry: Element, first: int, last: int) -> Element:
    entry.set("min", str(first))
    entry.set("max", str(last))
    return entry


def freeze(root: Element, corner: str) -> None:
    """Keep what stands above and left of a cell in view; with A1 or nothing all of the sheet scrolls."""
    views = child(root, "sheetViews")
    if not len(views):
        etree.SubElement(views, s("sheetView"), workbookViewId="0")
    place = cell_range(corner or "A1")
    in_range(place.first_row - 1, place.first_column - 1)
    for view in views:
        for old in [*view.findall(s("pane")), *view.findall(s("selection"))]:
            view.remove(old)
        if place[:2] != (1, 1):
            view.insert(0, _pane(place.first_row - 1, place.first_column - 1))


def _pane(rows: int, columns: int) -> Element:
    said: dict[str, Any] = {"xSplit": columns, "ySplit": rows}
    active = "bottomRight" if rows and columns else "bottomLeft" if rows else "topRight"
    attributes = {name: str(value) for name, value in said.items() if value}
    corner = f"{column_letters(columns + 1)}{rows + 1}"
    return etree.Element(s("pane"), **attributes, topLeftCell=corner, activePane=active, state="frozen")


def set_filter(root: Element, area: str) -> None:
    """Put the buttons of a filter over an area, or take them away."""
    old = root.find(s("autoFilter"))
    if old is not None:
        root.remove(old)
    if area:
        child(root, "autoFilter").set("ref", area)
