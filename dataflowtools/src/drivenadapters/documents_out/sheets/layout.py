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
        entry = entries_of(columns, number, number)[0]
        entry.set("width", f"{width:g}")
        entry.set("customWidth", "1")


def entries_of(columns: Element, first: int, last: int) -> list[Element]:
    """Find or make the entries of just these columns; one that speaks of others too is cut in pieces."""
    found, free = [], first
    for entry in list(columns):
        low, high = int(entry.get("min")), int(entry.get("max"))
        if high < first or low > last:
            continue
        if low < first:
            entry.addprevious(_reach(copy.deepcopy(entry), low, first - 1))
        if high > last:
            entry.addnext(_reach(copy.deepcopy(entry), last + 1, high))
        low, high = max(low, first), min(high, last)
        if free < low:
            found.append(_made(columns, free, low - 1))
        found.append(_reach(entry, low, high))
        free = high + 1
    if free <= last:
        found.append(_made(columns, free, last))
    return found


def _made(columns: Element, first: int, last: int) -> Element:
    made = _reach(etree.Element(s("col")), first, last)
    following = next((entry for entry in columns if int(entry.get("min")) > last), None)
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
