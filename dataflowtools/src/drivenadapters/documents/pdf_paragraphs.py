"""Lines of a PDF page as headings, paragraphs and lists, judged by size, weight, leading and marks."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from dataflowtools.src.drivenadapters.documents.lists import FlatItem
from dataflowtools.src.drivenadapters.documents.pdf_lines import (
    SOFT_HYPHEN,
    Line,
    box_of,
    columns,
    join,
    lines_of,
)
from dataflowtools.src.drivenadapters.documents.pdf_page import Page, Word
from dataflowtools.src.logics.file.documents.model import Block, Heading, Paragraph, Run, plain

_BULLET = re.compile(r"^([•●▪■◦○‣⁃·➢➤✓\uf0b7\uf0a7])\s*(?=\S|$)|^([-–—*])\s+")
_NUMBER = re.compile(r"^(\(?(?:\d{1,3}|[a-zA-Z])[.)]|\([ivx]{1,5}\))\s+\S")
_HEADING_RATIO = 1.15
_HEADING_WORDS = 25
_MAX_LEVELS = 6


@dataclass(frozen=True, slots=True)
class Type:
    """The sizes of a document: what is body text, and the sizes of headings, largest first."""

    body: float
    headings: tuple[float, ...]


def measure(pages: Iterable[Page]) -> Type:
    """Find the size of most of the text, and the larger ones."""
    sizes: Counter[float] = Counter()
    for page in pages:
        for word in page.words:
            sizes[round((word.points or word.size) * 2) / 2] += len(word.text)
    if not sizes:
        return Type(10.0, ())
    body = sizes.most_common(1)[0][0]
    larger = sorted((size for size in sizes if size >= body * _HEADING_RATIO), reverse=True)
    return Type(body, tuple(larger))


def level_of(size: float, kind: Type) -> int:
    """Rank a heading's size."""
    rounded = round(size * 2) / 2
    rank = sum(1 for larger in kind.headings if larger > rounded) + 1
    return min(rank, _MAX_LEVELS)


def blocks_of(
    words: Sequence[Word], number: int, kind: Type, *, placed: bool = True
) -> Iterator[tuple[Block | FlatItem, float]]:
    """Yield blocks with the height at which they start, column by column."""
    for column in columns(words):
        for lines in _paragraphs(lines_of(column)):
            if placed:
                yield _block(lines, number, kind), lines[0].box.top
            else:
                text = join([line.text for line in lines])
                yield Paragraph(runs=plain(text), page=number), 0.0


def _paragraphs(lines: list[Line]) -> Iterator[list[Line]]:
    if not lines:
        return
    leadings = sorted(two.box.top - one.box.bottom for one, two in pairwise(lines)) or [0.0]
    usual = min(leadings[len(leadings) // 2], lines[0].size)
    current = [lines[0]]
    for one, two in pairwise(lines):
        if _parts(one, two, usual):
            yield current
            current = []
        current.append(two)
    yield current


def _parts(one: Line, two: Line, usual: float) -> bool:
    """Say whether a new paragraph starts with the second line."""
    size = min(one.size, two.size)
    gap = two.box.top - one.box.bottom
    other_type = abs(one.points - two.points) > 0.12 * max(one.points, two.points)
    if gap > max(usual, 0.0) + 0.35 * size or other_type:
        return True
    if _BULLET.match(two.text) or _NUMBER.match(two.text):
        return True
    if _is_bold(one) != _is_bold(two) and len(one.words) <= _HEADING_WORDS:
        return True
    indented = two.box.left - one.box.left > 0.8 * size
    return indented and one.text.endswith((".", "。", ":", "!", "?"))


def _is_bold(line: Line) -> bool:
    return all(word.bold for word in line.words)


def _runs(lines: list[Line], text: str) -> tuple[Run, ...]:
    """Make runs of the text, parted where links begin and end."""
    words = [word for line in lines for word in line.words]
    if not any(word.link for word in words):
        return plain(text)
    runs: list[Run] = []
    for word in words:
        last = runs[-1].text[-1:] if runs else ""
        piece = join([last, word.text])[len(last) :] if last != SOFT_HYPHEN else word.text
        if runs and last == SOFT_HYPHEN:
            runs[-1] = runs[-1]._replace(text=runs[-1].text[:-1])
        if runs and runs[-1].link == word.link:
            runs[-1] = runs[-1]._replace(text=runs[-1].text + piece)
        else:
            runs.append(Run(piece, link=word.link))
    return tuple(runs)


def _block(lines: list[Line], number: int, kind: Type) -> Block | FlatItem:
    text = join([line.text for line in lines])
    box = box_of([word for line in lines for word in line.words])
    bullet = _BULLET.match(text)
    if bullet is not None and text[bullet.end() :].strip():
        paragraph = Paragraph(runs=plain(text[bullet.end() :].strip()), page=number, box=box)
        return FlatItem(0, ordered=False, number=1, marker="", blocks=(paragraph,))
    points = lines[0].points
    words = sum(len(line.words) for line in lines)
    if words <= _HEADING_WORDS and points >= kind.body * _HEADING_RATIO:
        return Heading(level=level_of(points, kind), runs=_runs(lines, text), page=number, box=box)
    bold = all(_is_bold(line) for line in lines)
    if bold and words <= _HEADING_WORDS // 2 and not text.endswith((".", ",", ";", "。")):
        level = min(len(kind.headings) + 1, _MAX_LEVELS)
        return Heading(level=level, runs=_runs(lines, text), page=number, box=box)
    return Paragraph(runs=_runs(lines, text), page=number, box=box)
