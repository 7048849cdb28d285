"""Tables of Word documents, with cells that span."""

from collections.abc import Callable, Sequence

from dataflowtools.src.drivenadapters.documents.safe_xml import Element
from dataflowtools.src.drivenadapters.documents_out.word.markup import make
from dataflowtools.src.logics.file.documents import model

_TWIPS_A_POINT = 20
_HEADER_FILL = "D9E2F3"
_CELL_MARGINS = 12.0  # points, left and right together
Inside = Callable[[model.Cell, float], list[Element]]


def table_element(table: model.Table, style: str, width: float, inside: Inside) -> Element:
    """Write a table as wide as the text, or with columns as wide as it says."""
    columns = _widths(table, width)
    properties = make(
        "tblPr",
        make("tblStyle", val=style),
        make("tblW", w=sum(columns), type="dxa"),
        make("tblLayout", type="fixed"),
        make("tblLook", val="04A0"),
    )
    element = make("tbl", properties, make("tblGrid", *(make("gridCol", w=one) for one in columns)))
    heads = _header_rows(table.rows)
    for number, _ in enumerate(table.rows):
        element.append(_row(table.rows, number, columns, inside, repeated=number < heads))
    return element


def _widths(table: model.Table, width: float) -> list[int]:
    count = max(len(row) for row in table.rows)
    said = [max(points, 1.0) for points in table.widths][:count]
    rest = max((width - sum(said)) / max(count - len(said), 1), 12.0)
    return [round(points * _TWIPS_A_POINT) for points in [*said, *[rest] * (count - len(said))]]


def _header_rows(rows: Sequence[Sequence[model.Cell | None]]) -> int:
    for number, row in enumerate(rows):
        if not all(cell is None or cell.header for cell in row):
            return number
    return 0  # a table of nothing but headers repeats none


def _row(
    rows: Sequence[Sequence[model.Cell | None]],
    number: int,
    columns: list[int],
    inside: Inside,
    *,
    repeated: bool,
) -> Element:
    element = make("tr", make("trPr", make("tblHeader")) if repeated else None)
    place = 0
    while place < len(rows[number]):
        cell = rows[number][place]
        top = _covering(rows, number, place) if cell is None else (number, place)
        owner = rows[top[0]][top[1]] if top is not None else None
        across = 1 if owner is None else min(owner.col_span, len(columns) - place)
        element.append(_cell(owner, columns[place : place + across], inside, continued=cell is None))
        place += across
    return element


def _covering(rows: Sequence[Sequence[model.Cell | None]], number: int, place: int) -> tuple[int, int] | None:
    """Find the cell above that reaches down to here; the grid has it in the same column."""
    for above in range(number - 1, -1, -1):
        cell = rows[above][place] if place < len(rows[above]) else None
        if cell is not None:
            return (above, place) if above + cell.row_span > number else None
    return None


def _cell(owner: model.Cell | None, widths: list[int], inside: Inside, *, continued: bool) -> Element:
    properties = make("tcPr", make("tcW", w=sum(widths), type="dxa"))
    if len(widths) > 1:
        properties.append(make("gridSpan", val=len(widths)))
    if owner is not None and owner.row_span > 1:
        properties.append(make("vMerge", val=None if continued else "restart"))
    if owner is not None and owner.header:
        properties.append(make("shd", val="clear", color="auto", fill=_HEADER_FILL))
    room = sum(widths) / _TWIPS_A_POINT - _CELL_MARGINS
    content = [make("p")] if continued or owner is None else inside(owner, room)
    return make("tc", properties, *content)
