"""Tables of Word documents changed: cells written, rows added."""

import copy
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from dataflowtools.src.drivenadapters.documents.safe_xml import Element
from dataflowtools.src.drivenadapters.documents_out.word.markup import make, text_elements, w
from dataflowtools.src.errors import InvalidEdit

# What a copied row would have twice in the document, or should not have at all.
_OF_ONE_ROW = (
    "tblHeader",
    "ins",
    "del",
    "bookmarkStart",
    "bookmarkEnd",
    "commentRangeStart",
    "commentRangeEnd",
)
_IDS = (
    "{http://schemas.microsoft.com/office/word/2010/wordml}paraId",
    "{http://schemas.microsoft.com/office/word/2010/wordml}textId",
)


def set_table_cell(table: Element, order: Mapping[str, Any]) -> None:
    """Write the cell that covers a row and a column of the grid, both counted from 0."""
    rows, row, column = _rows(table), order["row"], order["column"]
    cell = _cell_at(rows[row], column) if row < len(rows) else None
    if cell is None:
        raise InvalidEdit(f"The table has no cell at row {row}, column {column}; it has {len(rows)} rows.")
    while row and _continues(cell):
        row -= 1
        cell = _cell_at(rows[row], column)
        if cell is None:
            raise InvalidEdit("The table's merged cells are broken.")
    _set_cell(cell, order["text"])


def append_rows(table: Element, rows: Sequence[Sequence[str]]) -> None:
    """Add rows in the look of the last one."""
    known = _rows(table)
    if not known:
        raise InvalidEdit("The table has no row to take the look from.")
    pattern = _pattern(known[-1])
    count = len(pattern.findall(w("tc")))
    for texts in rows:
        if len(texts) > count:
            raise InvalidEdit(f"A row of the table has {count} cells; {len(texts)} were given.")
        row = copy.deepcopy(pattern)
        for cell, text in zip(row.findall(w("tc")), [*texts, *[""] * (count - len(texts))], strict=True):
            _set_cell(cell, text)
        table.append(row)


def _pattern(last: Element) -> Element:
    """Copy a row without what may be there once only."""
    row = copy.deepcopy(last)
    for control in row.findall(w("sdt")):
        control.addprevious(next(control.iter(w("tc"))))
        row.remove(control)
    for element in [one for name in _OF_ONE_ROW for one in row.iter(w(name))]:
        element.getparent().remove(element)
    for merge in list(row.iter(w("vMerge"))):
        merge.getparent().remove(merge)
    for element in row.iter():
        for name in _IDS:
            element.attrib.pop(name, None)
    return row


def _rows(table: Element) -> list[Element]:
    return list(_inside(table, "tr"))


def _inside(parent: Element, name: str) -> Iterator[Element]:
    """Yield rows of a table or cells of a row, those in content controls too."""
    for child in parent:
        if child.tag == w(name):
            yield child
        elif child.tag in {w("sdt"), w("sdtContent")}:
            yield from _inside(child, name)


def _cell_at(row: Element, column: int) -> Element | None:
    place = _number(row, "trPr", "gridBefore", 0)
    for cell in _inside(row, "tc"):
        across = _number(cell, "tcPr", "gridSpan", 1)
        if place <= column < place + across:
            return cell
        place += across
    return None


def _number(parent: Element, properties: str, name: str, usual: int) -> int:
    found = parent.find(f"{w(properties)}/{w(name)}")
    return usual if found is None else int(found.get(w("val")) or usual)


def _continues(cell: Element) -> bool:
    merge = cell.find(f"{w('tcPr')}/{w('vMerge')}")
    return merge is not None and merge.get(w("val"), "continue") == "continue"


def _set_cell(cell: Element, text: str) -> None:
    """Write a cell's text in the look that its first run has."""
    first = cell.find(w("p"))
    paragraph = first if first is not None else make("p")
    run = next(paragraph.iter(w("r")), None)
    look = None if run is None else run.find(w("rPr"))
    kept = [child for child in paragraph if child.tag == w("pPr")]
    paragraph[:] = [*kept, make("r", copy.deepcopy(look) if look is not None else None, *text_elements(text))]
    cell[:] = [*(child for child in cell if child.tag == w("tcPr")), paragraph]
