"""Tables of rich text: rows of cells that end at edges of their own, merged by marks or by width."""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from dataflowtools.src.logics.file.documents.model import Cell, Table

_NEAR = 20  # twips: edges of one column differ by less
_MAX_EDGES = 2000


@dataclass(slots=True)
class _Definition:
    right: int
    merged: str


@dataclass(slots=True)
class _Row:
    left: int
    cells: list[_Definition]
    texts: list[str]


@dataclass(slots=True)
class RtfTable:
    """Collects the rows of a table while it is read."""

    rows: list[_Row] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    _defined: list[_Definition] = field(default_factory=list)
    _merged: str = ""
    _left: int = 0

    def define(self, word: bytes, number: int | None) -> None:
        """Take a word of a row's definition."""
        if word == b"trowd":
            self._defined, self._merged, self._left = [], "", 0
        elif word == b"trleft":
            self._left = number or 0
        elif word in (b"clmrg", b"clvmrg"):
            self._merged = "left" if word == b"clmrg" else "up"
        elif word == b"cellx" and len(self._defined) < _MAX_EDGES:
            self._defined.append(_Definition(number or 0, self._merged))
            self._merged = ""

    def end_row(self) -> None:
        """Close a row."""
        if self.texts:
            self.rows.append(_Row(self._left, list(self._defined), self.texts))
        self.texts = []

    def taken(self) -> Iterator[Table]:
        """Yield the table so far, if there is one, and begin anew."""
        rows, self.rows = self.rows, []
        if rows:
            yield Table(rows=_grid(rows) if _are_sound(rows) else _as_written(rows))


def _are_sound(rows: Sequence[_Row]) -> bool:
    """Whether every row's cells are defined, from left to right."""
    for row in rows:
        edges = [row.left, *(cell.right for cell in row.cells)]
        if len(row.texts) > len(row.cells) or any(two <= one for one, two in pairwise(edges)):
            return False
    return True


def _as_written(rows: Sequence[_Row]) -> list[list[Cell | None]]:
    return [[Cell(text) for text in row.texts] for row in rows]


def _grid(rows: Sequence[_Row]) -> list[list[Cell | None]]:
    edges = _edges(rows)
    grid: list[list[Cell | None]] = []
    for row in rows:
        line: list[Cell | None] = [None] * _place(edges, row.left)
        for text, cell in zip(row.texts, row.cells, strict=False):
            across = max(_place(edges, cell.right) - len(line), 1)
            kept = _widened(line, across) if cell.merged == "left" else None
            if kept is None and cell.merged == "up":
                kept = _lengthened(grid, len(line))
            line.append(None if kept else Cell(text, col_span=across))
            line.extend([None] * (across - 1))
        grid.append(line)
    return grid


def _edges(rows: Sequence[_Row]) -> list[int]:
    found: list[int] = []
    for edge in sorted({edge for row in rows for edge in (row.left, *(cell.right for cell in row.cells))}):
        if not found or edge - found[-1] > _NEAR:
            found.append(edge)
    return found[:_MAX_EDGES]


def _place(edges: Sequence[int], edge: int) -> int:
    return bisect_left(edges, edge - _NEAR)


def _widened(line: list[Cell | None], across: int) -> bool | None:
    """Let the last cell of the line span so many columns more."""
    for place in range(len(line) - 1, -1, -1):
        if (cell := line[place]) is not None:
            line[place] = cell._replace(col_span=cell.col_span + across)
            return True
    return None


def _lengthened(grid: list[list[Cell | None]], place: int) -> bool | None:
    """Let the cell above span a row more."""
    for back, line in enumerate(reversed(grid), start=1):
        cell = line[place] if place < len(line) else None
        if cell is not None:
            line[place] = cell._replace(row_span=max(cell.row_span, back + 1))
            return True
    return None
