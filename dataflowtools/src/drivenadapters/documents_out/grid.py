"""The places of a table's cells, where some span rows and columns."""

from collections.abc import Sequence

from dataflowtools.src.errors import InvalidContent
from dataflowtools.src.logics.file.documents.model import Cell

MAX_CELLS = 2_000_000

Grid = list[list[Cell | None]]


def placed(rows: Sequence[Sequence[Cell]], columns: Sequence[Sequence[int | None]]) -> Grid:
    """Put each cell at its column, or at the next free one; None stands where another cell spans."""
    taken: set[tuple[int, int]] = set()
    grid: dict[tuple[int, int], Cell] = {}
    width = 0
    for row_number, (row, wanted) in enumerate(zip(rows, columns, strict=True)):
        place = 0
        for cell, column in zip(row, wanted, strict=True):
            place = _free(taken, row_number, place) if column is None else column
            own = _spanned(cell, row_number, place, len(rows))
            if own & taken or len(taken) + len(own) > MAX_CELLS:
                raise InvalidContent(f"Row {row_number + 1} of a table: cells overlap or are too many.")
            taken |= own
            grid[row_number, place] = cell
            place += cell.col_span
            width = max(width, place)
    if width * len(rows) > MAX_CELLS:
        raise InvalidContent(f"A table holds at most {MAX_CELLS} cells.")
    return [
        [_at(grid, taken, row_number, column) for column in range(width)] for row_number in range(len(rows))
    ]


def _free(taken: set[tuple[int, int]], row: int, column: int) -> int:
    while (row, column) in taken:
        column += 1
    return column


def _spanned(cell: Cell, row: int, column: int, rows: int) -> set[tuple[int, int]]:
    last = min(row + cell.row_span, rows)
    if (last - row) * cell.col_span > MAX_CELLS:
        raise InvalidContent("A cell spans more than a table may hold.")
    return {(one, other) for one in range(row, last) for other in range(column, column + cell.col_span)}


def _at(grid: dict[tuple[int, int], Cell], taken: set[tuple[int, int]], row: int, column: int) -> Cell | None:
    if (row, column) in grid:
        return grid[row, column]
    return None if (row, column) in taken else Cell("")
