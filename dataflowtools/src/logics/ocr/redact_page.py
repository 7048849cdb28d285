"""Blacken what matches given patterns, in the picture and in the text alike."""

from collections.abc import Sequence
from dataclasses import replace

from dataflowtools.src.logics.ocr.model import Block, Line, PageReading, Quad, TableCell, Word
from dataflowtools.src.logics.ocr.ports.page_editor import PageEditor
from dataflowtools.src.logics.ocr.ports.page_source import PagePicture

NAMED_PATTERNS = {
    "email": r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}",
    "phone": r"(?<!\d)(?:\+?86[- ]?)?1[3-9]\d[- ]?\d{4}[- ]?\d{4}(?!\d)|(?<!\d)0\d{2,3}[- ]\d{7,8}(?!\d)",
    "id_number": r"(?<!\d)\d{6}[ ]?(?:18|19|20)\d{2}[ ]?\d{4}[ ]?\d{3}[\dXx](?!\d)",
    "bank_card": r"(?<!\d)(?:\d{4}[ -]?){3,4}\d{1,4}(?!\d)",
}
MASK = "█"
Span = tuple[int, int]


class RedactPage:
    """Finds patterns line by line; a named pattern or a regular expression."""

    def __init__(self, *, editor: PageEditor) -> None:
        self._editor = editor

    async def __call__(
        self, page: PageReading, picture: PagePicture, patterns: Sequence[str]
    ) -> tuple[PageReading, bytes]:
        """Return the page without what matched, and its picture; raises InvalidPattern and what workers raise."""
        wanted = [NAMED_PATTERNS.get(pattern, pattern) for pattern in patterns]
        lines = page.lines
        cells = [cell for block in page.blocks for cell in block.cells]
        texts = [line.text for line in lines] + [cell.text for cell in cells]
        spans = await self._editor.find_patterns(texts, wanted)
        hits = {id(line): found for line, found in zip(lines, spans, strict=False) if found}
        cell_hits = {id(cell): found for cell, found in zip(cells, spans[len(lines) :], strict=True) if found}
        shapes = [shape for line in lines for shape in shapes_of(line, hits.get(id(line), ()))]
        shapes += [cell.quad for cell in cells if id(cell) in cell_hits and not _covered(cell, lines, hits)]
        scaled = [_scaled(shape, 1 / picture.factor) for shape in shapes]
        png = await self._editor.redact(picture.png, scaled) if shapes else picture.png
        blocks = [_masked(block, hits, cell_hits) for block in page.blocks]
        return replace(page, blocks=blocks), png


def shapes_of(line: Line, spans: Sequence[Span]) -> list[Quad]:
    """Where the spans of a line stand: whole words that they touch, or a share of the line."""
    places = word_spans(line)
    shapes: list[Quad] = []
    for start, end in spans:
        touched = [word.quad for (low, high), word in places if low < end and start < high]
        shapes += touched or [_share(line, start, end)]
        if touched and len(places) < len(line.words):
            shapes.append(_share(line, start, end))
    return shapes


def word_spans(line: Line) -> list[tuple[Span, Word]]:
    """Find each word's place in the text of its line, as far as they agree."""
    found = []
    position = 0
    for word in line.words:
        at = line.text.find(word.text, position)
        if at < 0:
            continue
        found.append(((at, at + len(word.text)), word))
        position = at + len(word.text)
    return found


def _share(line: Line, start: int, end: int) -> Quad:
    """A part of the line by its letters' usual widths, with half a letter to spare."""
    widths = [2.0 if ord(letter) > 0x2E7F else 1.0 for letter in line.text]  # noqa: PLR2004  # CJK and what follows
    total = sum(widths)
    low = max(0.0, (sum(widths[:start]) - 1) / total)
    high = min(1.0, (sum(widths[:end]) + 1) / total)
    a, b, c, d = line.quad
    if line.is_tall:
        return _between(a, d, low), _between(b, c, low), _between(b, c, high), _between(a, d, high)
    return _between(a, b, low), _between(a, b, high), _between(d, c, high), _between(d, c, low)


def _between(start: tuple[float, float], end: tuple[float, float], share: float) -> tuple[float, float]:
    return start[0] + (end[0] - start[0]) * share, start[1] + (end[1] - start[1]) * share


def _covered(cell: TableCell, lines: Sequence[Line], hits: dict[int, Sequence[Span]]) -> bool:
    """Whether a line within the cell was blackened already."""
    return any(id(line) in hits and line.text in cell.text for line in lines)


def _scaled(shape: Quad, factor: float) -> Quad:
    first, second, third, fourth = ((x * factor, y * factor) for x, y in shape)
    return first, second, third, fourth


def _masked(block: Block, hits: dict[int, Sequence[Span]], cells: dict[int, Sequence[Span]]) -> Block:
    return replace(
        block,
        lines=[_masked_line(line, hits.get(id(line), ())) for line in block.lines],
        cells=[replace(cell, text=mask_text(cell.text, cells.get(id(cell), ()))) for cell in block.cells],
    )


def _masked_line(line: Line, spans: Sequence[Span]) -> Line:
    if not spans:
        return line
    words = [
        replace(word, text=MASK * len(word.text))
        if any(low < end and start < high for start, end in spans)
        else word
        for (low, high), word in word_spans(line)
    ]
    return replace(line, text=mask_text(line.text, spans), words=words)


def mask_text(text: str, spans: Sequence[Span]) -> str:
    """Put a block in place of every letter of the spans."""
    letters = list(text)
    for start, end in spans:
        letters[start:end] = MASK * (end - start)
    return "".join(letters)
