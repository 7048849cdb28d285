"""What is read off a page: words, lines, blocks, tables and pages, with their places."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

Point = tuple[float, float]
Quad = tuple[Point, Point, Point, Point]


class Rect(NamedTuple):
    """An upright rectangle in pixels from the top left corner."""

    left: float
    top: float
    right: float
    bottom: float

    @property
    def width(self) -> float:
        """Its extent across."""
        return self.right - self.left

    @property
    def height(self) -> float:
        """Its extent down."""
        return self.bottom - self.top

    @property
    def centre(self) -> Point:
        """Its middle."""
        return (self.left + self.right) / 2, (self.top + self.bottom) / 2

    def holds(self, point: Point) -> bool:
        """Whether a point lies within."""
        return self.left <= point[0] <= self.right and self.top <= point[1] <= self.bottom

    @property
    def quad(self) -> Quad:
        """Its corners, clockwise from the top left."""
        return (
            (self.left, self.top),
            (self.right, self.top),
            (self.right, self.bottom),
            (self.left, self.bottom),
        )


def around(quads: Sequence[Quad]) -> Rect:
    """Draw the smallest rectangle around some shapes."""
    xs = [x for quad in quads for x, _ in quad]
    ys = [y for quad in quads for _, y in quad]
    return Rect(min(xs), min(ys), max(xs), max(ys))


@dataclass(frozen=True, slots=True)
class Word:
    """A word, or a single ideograph."""

    text: str
    confidence: float
    quad: Quad

    @property
    def rect(self) -> Rect:
        """The rectangle around it."""
        return around([self.quad])


@dataclass(frozen=True, slots=True)
class Line:
    """A line of text; the quad starts at the corner where the text begins."""

    text: str
    confidence: float
    quad: Quad
    words: Sequence[Word] = ()

    @property
    def rect(self) -> Rect:
        """The rectangle around it."""
        return around([self.quad])

    @property
    def is_tall(self) -> bool:
        """Whether its letters stand below each other."""
        rect = self.rect
        return rect.height > 1.5 * rect.width and len(self.text) > 1


@dataclass(frozen=True, slots=True)
class TableCell:
    """A cell of a table; rows and columns count from 0."""

    row: int
    column: int
    row_span: int
    column_span: int
    text: str
    quad: Quad


@dataclass(frozen=True, slots=True)
class Block:
    """Lines that belong together: a paragraph or several, or a table."""

    lines: Sequence[Line]
    quad: Quad
    paragraphs: Sequence[Sequence[int]] = ()
    vertical: bool = False
    cells: Sequence[TableCell] = ()

    @property
    def is_table(self) -> bool:
        """Whether it has cells."""
        return bool(self.cells)


@dataclass(frozen=True, slots=True, kw_only=True)
class Caveat:
    """Something the reader should know, and on which page."""

    code: str
    message: str
    page: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PageReading:
    """One page with all that was read off it; places are pixels of the picture as it was given."""

    number: int
    width: int
    height: int
    rotation: int = 0
    skew: float = 0.0
    source: str = "ocr"
    engine: str = ""
    dpi: float | None = None
    blocks: Sequence[Block] = ()

    @property
    def lines(self) -> list[Line]:
        """All lines in reading order."""
        return [line for block in self.blocks for line in block.lines]


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One field of a known kind of document, how sure it is, and where it stands."""

    value: str
    confidence: float
    page: int
    quad: Quad | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentFields:
    """What was found by the rules of a kind of document, and whether it agrees with itself."""

    kind: str
    fields: Mapping[str, Field]
    checks: Mapping[str, bool]
    confidence: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Extraction:
    """Everything that was read off a file."""

    format: str
    pages: Sequence[PageReading]
    warnings: Sequence[Caveat] = ()
    document: DocumentFields | None = None
    redacted: Mapping[int, bytes] = field(default_factory=dict)
    pdf: bytes | None = None
