"""Tables as cells: by their ruled lines where they have them, otherwise by text that stands in columns."""

from collections.abc import Mapping, Sequence
from statistics import fmean, median
from typing import Any

from dataflowtools.src.logics.ocr.join_text import join_words, needs_space
from dataflowtools.src.logics.ocr.model import Block, Line, Rect, TableCell, Word, around
from dataflowtools.src.logics.ocr.reading_order import Item, rows_of

FoundTable = Mapping[str, Any]
_LEAST_ROWS = 3
_LEAST_COLUMNS = 3
_LONG_CELL = 10.0
_TEXT_CELL = 6.0
_FULL_CELL = 0.85
_FULL_SHARE = 0.6
_FILLED = 0.6
_CELL_HEIGHTS = 1.1


def ruled_tables(
    lines: Sequence[Line], grids: Sequence[Sequence[FoundTable]]
) -> tuple[list[Block], list[Line]]:
    """Put lines into the cells of ruled tables; returns the tables and the lines that are in none."""
    blocks: list[Block] = []
    rest = list(lines)
    for grid in grids:
        outline = around([Rect(*cell["box"]).quad for cell in grid])
        inside = [line for line in rest if outline.holds(line.rect.centre)]
        block = _filled(grid, inside, outline)
        if block is not None:
            blocks.append(block)
            rest = [line for line in rest if line not in inside]
    return blocks, rest


def _filled(grid: Sequence[FoundTable], lines: Sequence[Line], outline: Rect) -> Block | None:
    boxes = [Rect(*cell["box"]) for cell in grid]
    if not lines or median(box.height for box in boxes) < _CELL_HEIGHTS * median(
        _size(line) for line in lines
    ):
        return None  # strokes of large letters, or a pattern
    pieces: dict[int, list[Line]] = {}
    for line in lines:
        for index, piece in _by_cell(line, boxes):
            pieces.setdefault(index, []).append(piece)
    if len(pieces) < 2:  # noqa: PLR2004  # a frame around text, or lines without any
        return None
    cells = []
    for index, cell in enumerate(grid):
        text = _cell_text(pieces.get(index, []))
        place = (cell["row"], cell["column"], cell["row_span"], cell["column_span"])
        cells.append(TableCell(*place, text, boxes[index].quad))
    in_order = sorted(pieces, key=lambda index: (cells[index].row, cells[index].column))
    return Block([piece for index in in_order for piece in _sorted(pieces[index])], outline.quad, cells=cells)


def _by_cell(line: Line, boxes: Sequence[Rect]) -> list[tuple[int, Line]]:
    """Split a line that runs through several cells at the words."""
    if not line.words:
        return [(_cell_of(line.rect, boxes), line)]
    parts: dict[int, list[Word]] = {}
    for word in line.words:
        parts.setdefault(_cell_of(word.rect, boxes), []).append(word)
    if len(parts) == 1:
        return [(next(iter(parts)), line)]
    return [
        (index, Line(join_words(words), line.confidence, around([word.quad for word in words]).quad, words))
        for index, words in parts.items()
    ]


def _cell_of(rect: Rect, boxes: Sequence[Rect]) -> int:
    """The cell that holds the middle, or the nearest one: no text is lost."""
    x, y = rect.centre
    return min(range(len(boxes)), key=lambda index: _distance(x, y, boxes[index]))


def _distance(x: float, y: float, box: Rect) -> float:
    return max(box.left - x, 0.0, x - box.right) + max(box.top - y, 0.0, y - box.bottom)


def _size(line: Line) -> float:
    return min(line.rect.width, line.rect.height)


def _sorted(lines: Sequence[Line]) -> list[Line]:
    return [item.value for row in rows_of([Item(line.rect, line) for line in lines]) for item in row]


def _cell_text(lines: Sequence[Line]) -> str:
    rows = rows_of([Item(line.rect, line) for line in lines])
    texts = []
    for row in rows:
        text = ""
        for item in row:
            text += (" " if needs_space(text, item.value.text) else "") + item.value.text
        texts.append(text)
    return "\n".join(texts)


def borderless_tables(lines: Sequence[Line]) -> tuple[list[Block], list[Line]]:
    """Find runs of rows whose short texts stand below each other in three columns or more."""
    rows = rows_of([Item(line.rect, line) for line in lines])
    blocks: list[Block] = []
    taken: list[Line] = []
    run: list[list[Item[Line]]] = []
    for row in [*rows, []]:
        if len(row) >= _LEAST_COLUMNS - (1 if len(run) >= 2 else 0):  # noqa: PLR2004  # a gap within a table
            run.append(row)
            continue
        block = _table_of(run)
        if block is not None:
            blocks.append(block)
            taken += block.lines
        run = []
    return blocks, [line for line in lines if line not in taken]


def _table_of(run: Sequence[Sequence[Item[Line]]]) -> Block | None:
    if len(run) < _LEAST_ROWS:
        return None
    columns = _columns([item.rect for row in run for item in row])
    size = fmean(item.rect.height for row in run for item in row)
    lengths = [item.rect.width / size for row in run for item in row]
    filled = sum(len(row) for row in run) / (len(run) * len(columns))
    if len(columns) < _LEAST_COLUMNS or fmean(lengths) > _LONG_CELL or filled < _FILLED:
        return None
    if any(_is_running_text(run, column, size) for column in columns):
        return None
    cells = []
    for number, row in enumerate(run):
        for column, (low, high) in enumerate(columns):
            here = [item.value for item in row if low <= item.rect.centre[0] <= high]
            if here:
                quad = around([line.quad for line in here]).quad
                cells.append(TableCell(number, column, 1, 1, _cell_text(here), quad))
    lines = [item.value for row in run for item in row]
    return Block(lines, around([line.quad for line in lines]).quad, cells=cells)


def _is_running_text(run: Sequence[Sequence[Item[Line]]], column: tuple[float, float], size: float) -> bool:
    """Whether the texts of a column are long and fill it, as lines of a paragraph do."""
    low, high = column
    widths = [item.rect.width for row in run for item in row if low <= item.rect.centre[0] <= high]
    full = sum(width > _FULL_CELL * (high - low) for width in widths)
    return fmean(widths) > _TEXT_CELL * size and full > _FULL_SHARE * len(widths)


def _columns(rects: Sequence[Rect]) -> list[tuple[float, float]]:
    """Merge what overlaps across to columns."""
    columns: list[tuple[float, float]] = []
    for rect in sorted(rects, key=lambda rect: rect.left):
        if columns and rect.left < columns[-1][1]:
            columns[-1] = (columns[-1][0], max(columns[-1][1], rect.right))
        else:
            columns.append((rect.left, rect.right))
    return columns
