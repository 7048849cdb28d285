"""Lines to blocks and paragraphs in reading order, tables among them."""

from collections.abc import Sequence
from itertools import pairwise
from statistics import median

from dataflowtools.src.logics.ocr.find_tables import FoundTable, borderless_tables, ruled_tables
from dataflowtools.src.logics.ocr.join_text import join_words, needs_space
from dataflowtools.src.logics.ocr.model import Block, Line, Rect, Word, around
from dataflowtools.src.logics.ocr.reading_order import Item, reading_order, rows_of, turned

_VERTICAL_SHARE = 0.6
_JOIN_GAP = 0.45
_SPLIT_GAP = 0.4
_PARAGRAPH_GAP = 0.45
_INDENT = 0.9
_SHORT_END = 0.75


def find_blocks(
    lines: Sequence[Line], grids: Sequence[Sequence[FoundTable]] = (), *, tables: bool = True
) -> list[Block]:
    """Order the lines of an upright page; `grids` are the cells of the tables that are ruled on it."""
    lines = [line for line in lines if line.text.strip()]
    found: list[Block] = []
    if tables:
        found, lines = ruled_tables(lines, grids)
    letters = sum(len(line.text) for line in lines) or 1
    vertical = sum(len(line.text) for line in lines if line.is_tall) > _VERTICAL_SHARE * letters
    if not vertical:
        lines = join_fragments(lines)
        if tables:
            more, lines = borderless_tables(lines)
            found += more
    see = turned if vertical else lambda rect: rect
    items: list[Item[Line | Block]] = [Item(see(line.rect), line) for line in lines]
    items += [Item(see(around([block.quad])), block) for block in found]
    blocks: list[Block] = []
    for group in reading_order(items, None if vertical else split_at):
        blocks += _blocks_of(group, vertical=vertical)
    return blocks


def join_fragments(lines: Sequence[Line]) -> list[Line]:
    """Join pieces of one line that the engine split at wide spaces."""
    joined: list[Line] = []
    for row in rows_of([Item(line.rect, line) for line in lines]):
        pieces = [item.value for item in row]
        start = len(joined)
        for piece in pieces:
            if len(joined) > start and _belongs(joined[-1].rect, piece.rect):
                joined[-1] = _together(joined[-1], piece)
            else:
                joined.append(piece)
    return joined


def _belongs(before: Rect, after: Rect) -> bool:
    height = min(before.height, after.height)
    gap = after.left - before.right
    level = abs(before.centre[1] - after.centre[1]) < 0.35 * height  # a third of a line
    alike = max(before.height, after.height) < 1.5 * height  # letters of one size
    return level and alike and -0.5 * height < gap < _JOIN_GAP * height  # boxes may overlap a little


def split_at(item: Item[Line | Block], gutter: float) -> Sequence[Item[Line | Block]]:
    """Divide a line that was read across a gutter, where the gap between its words is one."""
    line = item.value
    if isinstance(line, Block):
        return [item]
    left = [word for word in line.words if word.rect.centre[0] < gutter]
    right = [word for word in line.words if word.rect.centre[0] >= gutter]
    if not left or not right:
        return [item]
    gap = min(word.rect.left for word in right) - max(word.rect.right for word in left)
    if gap < _SPLIT_GAP * item.rect.height:
        return [item]
    parts = (_part(line, left, gutter, first=True), _part(line, right, gutter, first=False))
    return [Item(part.rect, part) for part in parts]


def _part(line: Line, words: Sequence[Word], gutter: float, *, first: bool) -> Line:
    rect = line.rect
    edge = around([word.quad for word in words])
    box = Rect(rect.left, rect.top, min(edge.right, gutter), rect.bottom)
    if not first:
        box = Rect(max(edge.left, gutter), rect.top, rect.right, rect.bottom)
    return Line(join_words(words), line.confidence, box.quad, words)


def _together(before: Line, after: Line) -> Line:
    space = " " if needs_space(before.text, after.text) else ""
    weight = len(before.text) + len(after.text)
    confidence = (before.confidence * len(before.text) + after.confidence * len(after.text)) / weight
    quad = (before.quad[0], after.quad[1], after.quad[2], before.quad[3])
    return Line(before.text + space + after.text, confidence, quad, [*before.words, *after.words])


def _blocks_of(group: Sequence[Item[Line | Block]], *, vertical: bool) -> list[Block]:
    blocks: list[Block] = []
    waiting: list[Item[Line | Block]] = []
    for item in group:
        if isinstance(item.value, Block):
            blocks += [_text_block(waiting, vertical=vertical)] if waiting else []
            blocks.append(item.value)
            waiting = []
        else:
            waiting.append(item)
    return [*blocks, _text_block(waiting, vertical=vertical)] if waiting else blocks


def _text_block(items: Sequence[Item[Line | Block]], *, vertical: bool) -> Block:
    lines = [item.value for item in items if isinstance(item.value, Line)]
    quad = around([line.quad for line in lines]).quad
    return Block(lines, quad, paragraphs([item.rect for item in items]), vertical)


def paragraphs(rects: Sequence[Rect]) -> list[list[int]]:
    """Split the lines of a block by gaps, indents and short last lines."""
    left, right = min(rect.left for rect in rects), max(rect.right for rect in rects)
    size = median(rect.height for rect in rects) or 1.0
    gaps = [after.top - before.bottom for before, after in pairwise(rects)]
    usual = median(gaps) if gaps else 0.0
    found = [[0]]
    for index, (before, rect) in enumerate(pairwise(rects), start=1):
        wider = rect.top - before.bottom > usual + _PARAGRAPH_GAP * size
        indented = rect.left - left > _INDENT * size and before.left - left < 0.5 * size
        below = rect.top >= before.bottom - 0.5 * size
        ended = below and before.right - left < _SHORT_END * (right - left)
        if wider or indented or ended:
            found.append([])
        found[-1].append(index)
    return found
