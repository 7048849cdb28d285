"""Tables of Word documents, with cells that span columns and rows."""

from collections.abc import Callable, Sequence

from dataflowtools.src.drivenadapters.documents.docx_numbering import W
from dataflowtools.src.drivenadapters.documents.safe_xml import Element, local, whole
from dataflowtools.src.logics.file.documents.model import Block, Cell, Paragraph, Table
from dataflowtools.src.logics.file.documents.render_text import blocks_text

_MAX_COLUMNS = 1000
_TRANSPARENT = frozenset({"sdt", "sdtContent", "customXml", "ins"})


def _children(parent: Element, name: str) -> list[Element]:
    found: list[Element] = []
    for child in parent:
        if local(child) == name:
            found.append(child)
        elif local(child) in _TRANSPARENT:
            found.extend(_children(child, name))
    return found


def _number(element: Element | None, default: int) -> int:
    text = "" if element is None else element.get(W + "val", "")
    return min(whole(text, default), _MAX_COLUMNS)


def read_table(table: Element, read_cell: Callable[[Element], list[Block]]) -> Table:
    """Read a table; cells that go on from the row above are counted into its span."""
    grid: list[list[Cell | None]] = []
    open_cells: dict[int, tuple[int, int]] = {}
    for index, row in enumerate(_children(table, "tr")):
        header = row.find(f"{W}trPr/{W}tblHeader") is not None
        line: list[Cell | None] = [None] * _number(row.find(f"{W}trPr/{W}gridBefore"), 0)
        for cell in _children(row, "tc"):
            column = len(line)
            span = max(1, _number(cell.find(f"{W}tcPr/{W}gridSpan"), 1))
            merge = cell.find(f"{W}tcPr/{W}vMerge")
            if merge is not None and merge.get(W + "val") != "restart" and column in open_cells:
                _stretch(grid, open_cells[column])
                line.extend([None] * span)
                continue
            open_cells.pop(column, None)
            if merge is not None:
                open_cells[column] = (index, column)
            line.append(_cell(read_cell(cell), span, header=header))
            line.extend([None] * (span - 1))
        grid.append(line[:_MAX_COLUMNS])
    return Table(rows=grid)


def _stretch(grid: list[list[Cell | None]], place: tuple[int, int]) -> None:
    cell = grid[place[0]][place[1]]
    if cell is not None:
        grid[place[0]][place[1]] = cell._replace(row_span=cell.row_span + 1)


def _cell(blocks: Sequence[Block], span: int, *, header: bool) -> Cell:
    rich = any(not _is_plain(block) for block in blocks)
    return Cell(blocks_text(blocks), col_span=span, header=header, blocks=blocks if rich else ())


def _is_plain(block: Block) -> bool:
    return isinstance(block, Paragraph) and not any(any(run[1:]) for run in block.runs)
