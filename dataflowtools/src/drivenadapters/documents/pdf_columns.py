"""Tables without lines: words that stand in columns over several lines, with white stripes between them."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from dataflowtools.src.drivenadapters.documents.pdf_grids import merged_horizontal
from dataflowtools.src.drivenadapters.documents.pdf_lines import Line, box_of, join, lines_of
from dataflowtools.src.drivenadapters.documents.pdf_page import Page, Word
from dataflowtools.src.logics.file.documents.model import Box, Cell

Rows = list[list[Cell | None]]
_NUMBER = re.compile(
    r"^[(\[<>≤≥~±+\-–−$€£¥*]*\d[\d.,:/%()\[\]'’*+\-–−]*[%a-zA-Z]{0,2}\)?$"
    r"|^[-–—−.*]+$|^n\.?[ad]\.?$|^\(?[XxNS]\)$"
)
_MARK = re.compile(r"^(?:[•●▪■◦○‣·➢✓*–—-]|\(?(?:\d{1,2}|[a-zA-Z])[.)])$")
_WIDE_GAP = 1.0
_TIGHT_GAP = 0.5
_STRIPE = 0.35
_FAR = 3.2
_LEAST_LINES = 3
_PROSE_WORDS = 5.5
_LEAST_FILLED = 0.3
_LEAST_SEVERAL = 0.6
_LEAST_SIGNS = 1.3


def is_figure(text: str) -> bool:
    """Say whether a word is a number, a dash or a mark that stands for one."""
    return _NUMBER.match(text) is not None


@dataclass(slots=True)
class Segment:
    """Words of a line with no wide gap between them."""

    words: list[Word]
    left: float = 0.0
    right: float = 0.0

    def __post_init__(self) -> None:
        """Note the ends."""
        self.left, self.right = self.words[0].left, max(word.right for word in self.words)

    @property
    def text(self) -> str:
        """The words as text."""
        return join([word.text for word in self.words])

    @property
    def is_number(self) -> bool:
        """Say whether it holds figures only."""
        return all(is_figure(word.text) for word in self.words)


@dataclass(slots=True)
class Row:
    """A line on its way to becoming a row."""

    line: Line
    wide: list[Segment]
    tight: list[Segment]
    top: float
    bottom: float
    size: float
    cells: dict[int, list[Word]] = field(default_factory=dict)
    spans: dict[int, int] = field(default_factory=dict)

    @property
    def is_candidate(self) -> bool:
        """Say whether the line looks like a table's: several short pieces."""
        if len(self.wide) < 2:  # noqa: PLR2004  # one piece is text
            return False
        if len(self.wide) == 2 and _MARK.match(self.wide[0].text):  # noqa: PLR2004  # an item of a list
            return False
        words = sum(len(segment.words) for segment in self.wide)
        figures = sum(segment.is_number for segment in self.wide)
        return words / len(self.wide) <= _PROSE_WORDS or figures * 2 >= len(self.wide)


def find_borderless(words: Sequence[Word], page: Page, tables: Sequence[Box]) -> Iterable[tuple[Rows, Box]]:
    """Find tables among the words that no ruled table holds."""
    rows = [_row(line) for line in lines_of(words)]
    least = 0.2 * page.width
    long = (rule for rule in merged_horizontal(page.horizontal) if rule.right - rule.left > least)
    rules = sorted(rule.top for rule in long)
    for region in _regions(rows, tables):
        found = _table(region, rules)
        if found is not None:
            yield found


def _row(line: Line) -> Row:
    box, size = line.box, line.size
    wide, tight = _segments(line, _WIDE_GAP * size), _segments(line, _TIGHT_GAP * size)
    return Row(line, wide, tight, box.top, box.bottom, size)


def _segments(line: Line, gap: float) -> list[Segment]:
    groups = [[line.words[0]]]
    right = line.words[0].right
    for word in line.words[1:]:
        if word.left - right > gap:
            groups.append([])
        groups[-1].append(word)
        right = max(right, word.right)
    return [Segment(group) for group in groups]


def _regions(rows: list[Row], tables: Sequence[Box]) -> Iterable[list[Row]]:
    """Group neighbouring lines that look like a table, with short interruptions."""
    current: list[Row] = []
    pending: list[Row] = []
    for row in rows:
        last = (pending or current)[-1] if current else None
        if last is not None and (row.top - last.bottom > _FAR * row.size or _between(last, row, tables)):
            yield current
            current, pending, last = [], [], None
        if row.is_candidate:
            current += [*pending, row] if current else [row]
            pending = []
        elif current:
            pending.append(row)
            if len(pending) > 2 or _is_prose(row, current):  # noqa: PLR2004  # longer interruptions end a table
                yield current
                current, pending = [], []
    if current:
        yield current


def _between(one: Row, two: Row, tables: Sequence[Box]) -> bool:
    return any(one.bottom <= box.top + 2 and box.bottom - 2 <= two.top for box in tables)


def _is_prose(row: Row, region: list[Row]) -> bool:
    """Say whether a line in one piece runs over most of the region's width."""
    left = min(other.wide[0].left for other in region)
    right = max(other.wide[-1].right for other in region)
    own = row.wide[-1].right - row.wide[0].left
    return len(row.line.words) > 6 and own > 0.7 * (right - left)  # noqa: PLR2004  # words of a short label


def _table(region: list[Row], rules: Sequence[float]) -> tuple[Rows, Box] | None:
    candidates = [row for row in region if row.is_candidate]
    if len(candidates) < _LEAST_LINES:
        return None
    columns = _columns(candidates)
    if len(columns) < 2:  # noqa: PLR2004  # one column is text
        return None
    for row in region:
        _place(row, columns)
    if not _is_table(region, columns):
        return None
    merged = _merge_lines(region, columns, rules)
    rows = [_cells(row, len(columns)) for row in merged]
    return rows, box_of([word for row in region for word in row.line.words])


def _columns(rows: list[Row]) -> list[tuple[float, float]]:
    """Find the stripes that most lines leave white, and the columns between them."""
    most = sorted(len(row.tight) for row in rows)[int(len(rows) * 0.8)]
    dense = [row for row in rows if len(row.tight) >= max(2, 0.6 * most)] or rows
    size = sorted(row.size for row in dense)[len(dense) // 2]
    crossing = int(len(dense) * 0.06)
    events: list[tuple[float, int]] = []
    for row in dense:
        for segment in row.tight:
            events += [(segment.left, 1), (segment.right, -1)]
    events.sort(key=lambda event: (event[0], -event[1]))
    columns: list[tuple[float, float]] = []
    depth, start = 0, None
    for place, step in events:
        depth += step
        if depth > crossing and start is None:
            start = place
        elif depth <= crossing and start is not None:
            columns.append((start, place))
            start = None
    joined: list[tuple[float, float]] = []
    for low, high in columns:
        if joined and low - joined[-1][1] < _STRIPE * size:
            joined[-1] = (joined[-1][0], high)
        else:
            joined.append((low, high))
    return joined


def _place(row: Row, columns: list[tuple[float, float]]) -> None:
    """Put a line's pieces into columns; one that reaches over several spans them."""
    for segment in row.tight:
        covered = [index for index, (low, high) in enumerate(columns) if _overlap(segment, low, high) > 0]
        if not covered:
            middle = (segment.left + segment.right) / 2
            covered = [min(range(len(columns)), key=lambda index: _distance(columns[index], middle))]
        first = covered[0]
        while first in row.cells and first < covered[-1]:
            first += 1
        row.cells.setdefault(first, []).extend(segment.words)
        if covered[-1] > first:
            row.spans[first] = covered[-1] - first + 1


def _overlap(segment: Segment, low: float, high: float) -> float:
    return min(segment.right, high) - max(segment.left, low)


def _distance(column: tuple[float, float], place: float) -> float:
    return max(column[0] - place, place - column[1], 0.0)


def _is_table(region: list[Row], columns: list[tuple[float, float]]) -> bool:
    """Tell tables from columns of prose, lists and scattered words."""
    cells = [words for row in region for words in row.cells.values()]
    figures = sum(all(is_figure(word.text) for word in words) for words in cells)
    words = sum(map(len, cells))
    filled = len(cells) / (len(region) * len(columns))
    several = sum(len(row.cells) > 1 for row in region)
    signs = sum(len(word.text) for one in cells for word in one)
    if filled < _LEAST_FILLED or several < _LEAST_SEVERAL * len(region) or signs < _LEAST_SIGNS * words:
        return False  # scattered words, the axes of a chart, upright text
    if figures >= 0.3 * len(cells):
        return True
    if words / len(cells) > 4.5:  # noqa: PLR2004  # prose
        return False
    if len(columns) == 2:  # noqa: PLR2004  # lists of marks and text are no tables
        firsts = (row.cells[0] for row in region if 0 in row.cells)
        marks = sum(sum(len(word.text) for word in words) <= 3 for words in firsts)  # noqa: PLR2004  # signs of a mark
        if marks > 0.5 * len(region):
            return False
    return len(columns) > 2 or words / len(cells) < 4  # noqa: PLR2004  # short entries


def _merge_lines(region: list[Row], columns: list[tuple[float, float]], rules: Sequence[float]) -> list[Row]:
    """Join lines that go on with the row above."""
    merged = [region[0]]
    for one, two in pairwise(region):
        if _continues(merged[-1], one, two, columns, rules):
            for column, words in two.cells.items():
                merged[-1].cells.setdefault(column, []).extend(words)
        else:
            merged.append(two)
    return merged


def _continues(
    row: Row, above: Row, line: Row, columns: list[tuple[float, float]], rules: Sequence[float]
) -> bool:
    if any(above.bottom - 3 <= rule <= line.top + 3 for rule in rules):
        return False
    if line.top - above.bottom > 0.5 * line.size:
        return False
    figures = any(is_figure(words[0].text) for words in line.cells.values())
    if figures or 0 in line.cells:
        return False
    return all(column in row.cells for column in line.cells) and len(line.cells) < len(columns)


def _cells(row: Row, columns: int) -> list[Cell | None]:
    line: list[Cell | None] = []
    for column in range(columns):
        words = row.cells.get(column)
        if words is None:
            line.append(Cell(""))
            continue
        text = "\n".join(part.text for part in lines_of(words))
        line.append(Cell(text, col_span=1, box=box_of(words)))
    for column, span in row.spans.items():
        covered = range(column + 1, min(column + span, columns))
        if all(index not in row.cells for index in covered):
            cell = line[column]
            if cell is not None:
                line[column] = cell._replace(col_span=len(covered) + 1)
                for index in covered:
                    line[index] = None
    return line
