"""Tables on a PDF page: first what lines enclose, then what stands in columns without any."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from dataflowtools.src.drivenadapters.documents.pdf_columns import find_borderless, is_figure
from dataflowtools.src.drivenadapters.documents.pdf_grids import Grid, find_grids
from dataflowtools.src.drivenadapters.documents.pdf_lines import box_of, lines_of
from dataflowtools.src.drivenadapters.documents.pdf_page import Page, Word
from dataflowtools.src.logics.file.documents.model import Box, Cell

_LEAST_CELLS = 4
_LEAST_FILLED = 0.3
_SPLIT_LINES = 3
_SPLIT_FILLED = 0.6
_SPLIT_FIGURES = 0.35
_HEAD_LINES = 5
_OPEN_GAP = 0.5


@dataclass(frozen=True, slots=True)
class FoundTable:
    """A table with its place."""

    rows: Sequence[Sequence[Cell | None]]
    box: Box


def find_tables(page: Page) -> list[FoundTable]:
    """Find tables from top to bottom."""
    tables: list[FoundTable] = []
    rest = list(page.words)
    for grid in find_grids(page):
        if _goes_on(grid, rest):
            continue  # lines enclose its head only; the columns below tell the rest
        found = _ruled(grid, rest)
        if found is not None:
            tables.append(found)
            rest = [word for word in rest if not _inside(word, found.box)]
    for rows, box in find_borderless(rest, page, [table.box for table in tables]):
        tables.append(FoundTable(rows, box))
    return sorted(tables, key=lambda table: (table.box.top, table.box.left))


def _goes_on(grid: Grid, words: list[Word]) -> bool:
    """Say whether rows without lines follow right below a grid of few rows."""
    if len(grid.ys) > _HEAD_LINES:
        return False
    box = grid.box
    below = [
        word
        for word in words
        if box.left - 5 <= (word.left + word.right) / 2 <= box.right + 5
        and box.bottom < (word.top + word.bottom) / 2 < box.bottom + 4 * word.size
    ]
    lines = lines_of(below)[:2]
    return len(lines) > 1 and all(_is_row(line.words, len(grid.xs) - 1) for line in lines)


def _is_row(words: list[Word], columns: int) -> bool:
    gaps = sum(two.left - one.right > two.size for one, two in pairwise(words))
    return gaps + 1 >= max(2, columns // 2) and len(words) <= 4 * (gaps + 1)


def _inside(word: Word, box: Box) -> bool:
    x, y = (word.left + word.right) / 2, (word.top + word.bottom) / 2
    return box.left <= x <= box.right and box.top <= y <= box.bottom


def _slot(places: Sequence[float], value: float) -> int:
    for index in range(len(places) - 1):
        if places[index] <= value <= places[index + 1]:
            return index
    return -1


def _ruled(grid: Grid, words: list[Word]) -> FoundTable | None:
    own = [word for word in words if _inside(word, grid.box)]
    if not own:
        return None
    rows, columns = len(grid.ys) - 1, len(grid.xs) - 1
    owner = _merged(grid, own)
    held: dict[tuple[int, int], list[Word]] = {}
    for word in own:
        place = (
            _slot(grid.ys, (word.top + word.bottom) / 2),
            _slot(grid.xs, (word.left + word.right) / 2),
        )
        held.setdefault(owner[place], []).append(word)
    filled_boxes = sum(1 for place, root in owner.items() if root in held)
    filled = len(held)
    if filled < _LEAST_CELLS or filled_boxes < _LEAST_FILLED * rows * columns:
        return None
    owner, held, rows = _split_rows(owner, held, rows, columns)
    table = _cells(owner, held, rows, columns)
    if len(table) < 2 or max(map(len, table)) < 2:  # noqa: PLR2004  # a single row or column is a frame
        return None
    return FoundTable(table, grid.box)


def _is_open(grid: Grid, row: int, words: list[Word]) -> bool:
    """Say whether a row without inner posts is filled as if the posts of other rows stood there too."""
    inner = grid.xs[1:-1]
    if any(grid.has_left_edge(row, column) for column in range(1, len(grid.xs) - 1)):
        return False
    own = [word for word in words if grid.ys[row] <= (word.top + word.bottom) / 2 <= grid.ys[row + 1]]
    if any(word.left + 1 < x < word.right - 1 for word in own for x in inner):
        return False
    for line in lines_of(own):
        for one, two in pairwise(line.words):
            parted = any(one.right <= x + 1 and two.left >= x - 1 for x in inner)
            if parted and two.left - one.right < _OPEN_GAP * one.size:
                return False
    filled = {_slot(grid.xs, (word.left + word.right) / 2) for word in own}
    return len(filled) > 1


def _merged(grid: Grid, words: list[Word]) -> dict[tuple[int, int], tuple[int, int]]:
    """Join boxes that no line parts; each is named by its top left one."""
    rows, columns = len(grid.ys) - 1, len(grid.xs) - 1
    open_rows = {row for row in range(rows) if _is_open(grid, row, words)}
    owner = {(row, column): (row, column) for row in range(rows) for column in range(columns)}

    def find(place: tuple[int, int]) -> tuple[int, int]:
        while owner[place] != place:
            place = owner[place]
        return place

    for row in range(rows):
        for column in range(columns):
            if column and row not in open_rows and not grid.has_left_edge(row, column):
                one, two = sorted((find((row, column - 1)), find((row, column))))
                owner[two] = one
            if row and not grid.has_top_edge(row, column):
                one, two = sorted((find((row - 1, column)), find((row, column))))
                owner[two] = one
    return {place: find(place) for place in owner}


Place = tuple[int, int]
Places = dict[Place, Place]
Held = dict[Place, list[Word]]


@dataclass(slots=True)
class _Splitting:
    """Parts ruled rows that hold several rows of text; rows are numbered anew on the way."""

    owner: Places
    held: Held
    columns: int
    new_owner: Places
    new_held: Held
    moved: Places
    rows: int = 0

    def keep(self, row: int) -> None:
        for column in range(self.columns):
            root = self.owner[row, column]
            if root[0] == row:
                self.moved[root] = (self.rows, root[1])
                if root in self.held:
                    self.new_held[self.rows, root[1]] = self.held[root]
            self.new_owner[self.rows, column] = self.moved[root]
        self.rows += 1

    def split(self, row: int, parts: list[tuple[float, float]]) -> None:
        roots = [self.owner[row, column] for column in range(self.columns)]
        for low, high in parts:
            for column, root in enumerate(roots):
                self.new_owner[self.rows, column] = (self.rows, root[1])
                words = [
                    word for word in self.held.get(root, ()) if low <= (word.top + word.bottom) / 2 < high
                ]
                if words:
                    self.new_held[self.rows, root[1]] = words
            self.rows += 1

    def is_alone(self, row: int, rows: int) -> bool:
        """Say whether no cell of the row reaches into another one."""
        own = all(self.owner[row, column][0] == row for column in range(self.columns))
        below = row + 1 == rows or all(
            self.owner[row + 1, column][0] == row + 1 for column in range(self.columns)
        )
        return own and below


def _split_rows(owner: Places, held: Held, rows: int, columns: int) -> tuple[Places, Held, int]:
    """Part a ruled row that holds several rows of text: most of its cells have words on each baseline."""
    splitting = _Splitting(owner, held, columns, {}, {}, {})
    for row in range(rows):
        own = [
            root for root in dict.fromkeys(owner[row, column] for column in range(columns)) if root in held
        ]
        parts: list[tuple[float, float]] = []
        if splitting.is_alone(row, rows):
            parts = _baselines([word for root in own for word in held[root]])
        if len(parts) >= _SPLIT_LINES and _is_split(own, held, parts):
            splitting.split(row, parts)
        else:
            splitting.keep(row)
    return splitting.new_owner, splitting.new_held, splitting.rows


def _baselines(words: list[Word]) -> list[tuple[float, float]]:
    """List the stripes of the lines of text."""
    middles = [(line.box.top + line.box.bottom) / 2 for line in lines_of(words)]
    edges = [float("-inf"), *((one + two) / 2 for one, two in pairwise(middles)), float("inf")]
    return list(pairwise(edges))


def _is_split(
    own: list[tuple[int, int]], held: dict[tuple[int, int], list[Word]], parts: list[tuple[float, float]]
) -> bool:
    middles = {root: [(word.top + word.bottom) / 2 for word in held[root]] for root in own}
    filled = sum(any(low <= middle < high for middle in middles[root]) for root in own for low, high in parts)
    words = [word for root in own for word in held[root]]
    figures = sum(is_figure(word.text) for word in words)
    enough = filled >= _SPLIT_FILLED * len(own) * len(parts)
    return len(own) > 1 and enough and figures >= _SPLIT_FIGURES * len(words)


def _cells(
    owner: dict[tuple[int, int], tuple[int, int]],
    held: dict[tuple[int, int], list[Word]],
    rows: int,
    columns: int,
) -> list[list[Cell | None]]:
    spans: dict[tuple[int, int], tuple[int, int]] = {}
    for (row, column), root in owner.items():
        down, across = spans.get(root, (0, 0))
        spans[root] = (max(down, row - root[0] + 1), max(across, column - root[1] + 1))
    used_rows = [row for row in range(rows) if any((row, column) in held for column in range(columns))]
    used_columns = [column for column in range(columns) if any((row, column) in held for row in range(rows))]
    table: list[list[Cell | None]] = []
    for row in used_rows:
        line: list[Cell | None] = []
        for column in used_columns:
            root = owner[row, column]
            if root != (row, column) and root in held and root[0] in used_rows and root[1] in used_columns:
                line.append(None)
                continue
            down, across = spans[root]
            span = (
                sum(root[0] <= one < root[0] + down for one in used_rows) if root in held else 1,
                sum(root[1] <= one < root[1] + across for one in used_columns) if root in held else 1,
            )
            line.append(_cell(held.get(root, []) if root == (row, column) else [], *span))
        table.append(line)
    return table


def _cell(words: Sequence[Word], down: int = 1, across: int = 1) -> Cell:
    if not words:
        return Cell("")
    text = "\n".join(line.text for line in lines_of(words))
    return Cell(text, max(down, 1), max(across, 1), box=box_of(words))
