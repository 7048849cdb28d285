"""Rows and columns that come and go: every part that says where something stands is told."""

from collections.abc import Callable

from lxml import etree

from dataflowtools.src.drivenadapters.documents.safe_xml import Element
from dataflowtools.src.drivenadapters.documents_out.office_package import OutPackage
from dataflowtools.src.drivenadapters.documents_out.sheets.looks import s
from dataflowtools.src.drivenadapters.documents_out.sheets.references import (
    LOST,
    Moves,
    Shift,
    column_letters,
    letters_of,
    shift_area,
    shift_formula,
)
from dataflowtools.src.drivenadapters.documents_out.sheets.sheet_part import SheetPart
from dataflowtools.src.errors import InvalidEdit
from dataflowtools.src.logics.file.documents.options import column_number

_DRAWING = "{http://schemas.openxmlformats.org/drawingml/2006/spreadsheetDrawing}"
_FORMULAS = {"f", "formula", "formula1", "formula2", "calculatedColumnFormula", "totalsRowFormula"}
_RANGED = ("ref", "sqref")
# What a sheet lists under one roof: with the last entry the roof goes too.
_LISTS = {
    "mergeCells",
    "hyperlinks",
    "conditionalFormatting",
    "dataValidations",
    "protectedRanges",
    "ignoredErrors",
}
Rewrite = Callable[[str, str | None], str]


def local(element: Element) -> str:
    """Name an element without its namespace."""
    return etree.QName(element).localname if isinstance(element.tag, str) else ""


def shift_sheet(package: OutPackage, sheet: SheetPart, part: str, shift: Shift) -> None:
    """Move what stands on the sheet: cells, ranges, tables, drawings and comments."""
    sheet.unshare_formulas()
    _move_cells(sheet, shift)
    move_ranges(sheet.root, shift)
    _move_breaks(sheet.root, shift)
    if shift.axis == "columns":
        _move_widths(sheet.root, shift)
    move_things(package, part, shift)
    sheet.index()
    sheet.measure()


def move_things(package: OutPackage, part: str, shift: Moves) -> None:
    """Move a sheet's tables, pivot tables, drawings and comments."""
    ranged = {"table": move_ranges, "pivotTable": move_ranges, "comments": move_ranges}
    for kind, move in {**ranged, "drawing": _move_anchors}.items():
        for target in package.targets(part, kind).values():
            if target in package:
                move(package.change(target), shift)
    for kind in ("vmlDrawing", "threadedComment"):
        for target in package.targets(part, kind).values():
            if target in package:
                (_move_notes if kind == "vmlDrawing" else move_ranges)(package.change(target), shift)


def rewrite_formulas(root: Element, home: str | None, rewrite: Rewrite) -> int:
    """Rewrite every formula of a part, and where links within the workbook lead, and return how many changed."""
    changed = 0
    for element in root.iter():
        old = _formula(element)
        new = rewrite(old, home) if old else old
        if new == old or (local(element) == "hyperlink" and LOST in new):
            continue
        _set_formula(element, new)
        changed += 1
    return changed


def _formula(element: Element) -> str:
    """Read what an element says of places: a formula, or the target of a link."""
    name = local(element)
    if name in _FORMULAS:
        return str(element.text or "")
    if name == "hyperlink":
        return str(element.get("location") or "")
    return str(element.get("val") or "") if name == "cfvo" and element.get("type") == "formula" else ""


def _set_formula(element: Element, new: str) -> None:
    name = local(element)
    if name == "hyperlink":
        element.set("location", new)
    elif name == "cfvo":
        element.set("val", new)
    else:
        element.text = new


def shifting(shift: Moves, sheet: str) -> Rewrite:
    """Make what rewrites formulas for a shift on a sheet."""

    def rewrite(formula: str, home: str | None) -> str:
        return shift_formula(formula, shift, sheet=sheet, home=home)

    return rewrite


def _move_cells(sheet: SheetPart, shift: Shift) -> None:
    for row in list(sheet.data.iterfind(s("row"))):
        number = int(row.get("r"))
        if shift.axis == "rows":
            moved = shift.one(number)
            if moved is None:
                sheet.data.remove(row)
                continue
            _refuse_beyond(moved, shift)
            row.set("r", str(moved))
            number = moved
        else:
            row.attrib.pop("spans", None)
        _move_row(row, number, shift)


def _move_row(row: Element, number: int, shift: Shift) -> None:
    for cell in list(row.iterfind(s("c"))):
        letters = letters_of(cell.get("r"))
        if shift.axis == "columns":
            moved = shift.one(column_number(letters))
            if moved is None:
                row.remove(cell)
                continue
            _refuse_beyond(moved, shift)
            letters = column_letters(moved)
        cell.set("r", f"{letters}{number}")


def _refuse_beyond(place: int, shift: Shift) -> None:
    if place > shift.limit:
        raise InvalidEdit(f"Cells would be pushed over the edge of the sheet ({shift.limit} {shift.axis}).")


def move_ranges(root: Element, shift: Moves) -> None:
    """Move the attributes and texts that hold ranges; what is wholly gone is taken out."""
    for element in list(root.iter()):
        for name in _RANGED:
            if element.get(name) and local(element) != "dimension":
                _move_range(element, name, shift)
        if local(element) == "sqref" and element.text:
            element.text = _moved(element.text, shift) or "A1"
    for roof in root.findall("*"):
        if local(roof) in _LISTS and not len(roof):
            root.remove(roof)


def _move_range(element: Element, name: str, shift: Moves) -> None:
    moved = _moved(element.get(name), shift)
    kept = moved and not (local(element) == "mergeCell" and ":" not in moved)
    if kept:
        element.set(name, moved)
    elif element.getparent() is not None:
        parent = element.getparent()
        parent.remove(element)
        if parent.get("count"):
            parent.set("count", str(len(parent)))


def _moved(ranges: str, shift: Moves) -> str:
    return " ".join(moved for area in ranges.split() if (moved := shift_area(area, shift)) is not None)


def _move_widths(root: Element, shift: Shift) -> None:
    columns = root.find(s("cols"))
    if columns is None:
        return
    for column in list(columns):
        span = shift.span(int(column.get("min")), int(column.get("max")))
        if span is None:
            columns.remove(column)
            continue
        column.set("min", str(span[0]))
        column.set("max", str(min(span[1], shift.limit)))
    if not len(columns):
        root.remove(columns)


def _move_breaks(root: Element, shift: Shift) -> None:
    """Move the breaks between pages; each names the last row or column before it."""
    breaks = root.find(s("rowBreaks" if shift.axis == "rows" else "colBreaks"))
    if breaks is None:
        return
    for entry in list(breaks):
        moved = shift.one(int(entry.get("id") or 0))
        if moved is None:
            breaks.remove(entry)
        else:
            entry.set("id", str(moved))
    for attribute in ("count", "manualBreakCount"):
        if breaks.get(attribute):
            breaks.set(attribute, str(len(breaks)))
    if not len(breaks):
        root.remove(breaks)


def _move_anchors(root: Element, shift: Moves) -> None:
    """Move pictures and charts with the cells that they stand on; one on removed cells stays at the gap."""
    tag = f"{_DRAWING}{'row' if shift.axis == 'rows' else 'col'}"
    for entry in root.iter(tag):
        place = int(entry.text or 0) + 1
        moved = shift.one(place)
        entry.text = str((shift.gap(place) if moved is None else moved) - 1)


def _move_notes(root: Element, shift: Moves) -> None:
    """Move the boxes of comments."""
    wanted = "Row" if shift.axis == "rows" else "Column"
    for entry in root.iter():
        if local(entry) == wanted and (entry.text or "").strip().isdigit():
            place = int(entry.text) + 1
            moved = shift.one(place)
            entry.text = str((shift.gap(place) if moved is None else moved) - 1)


def refers_to(root: Element, name: str) -> bool:
    """Whether a formula of a part names a sheet."""
    return any(name.casefold() in _formula(element).casefold() for element in root.iter())
