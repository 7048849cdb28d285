"""The document model: blocks in reading order, the same for every format."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple

Scalar = str | int | float | bool | None


class Box(NamedTuple):
    """A place on a page in points, from the top left corner."""

    left: float
    top: float
    right: float
    bottom: float


class Run(NamedTuple):
    """A stretch of text of one look."""

    text: str
    bold: bool = False
    italic: bool = False
    code: bool = False
    struck: bool = False
    script: str = ""  # "super" or "sub"
    link: str = ""
    note: str = ""  # the reference of the note that is attached here
    underline: bool = False
    color: str = ""  # RRGGBB; this and what follows is for writing, reading leaves it
    size: float = 0.0  # points
    font: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """What every block may tell about where it stands."""

    page: int | None = None
    box: Box | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Heading(Block):
    """A heading; level 1 is the highest."""

    level: int
    runs: Sequence[Run]
    style: str = ""
    align: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Paragraph(Block):
    """A paragraph of running text."""

    runs: Sequence[Run]
    style: str = ""
    align: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListItem:
    """One item with whatever it holds, lists within it too; the marker is what the document shows."""

    blocks: Sequence[Block]
    marker: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class BulletList(Block):
    """A list, numbered or not."""

    items: Sequence[ListItem]
    ordered: bool = False
    start: int = 1


class Cell(NamedTuple):
    """A cell; `blocks` where it holds more than plain text, `value` where the format has types."""

    text: str
    row_span: int = 1
    col_span: int = 1
    header: bool = False
    value: Scalar = None
    formula: str | None = None
    blocks: Sequence[Block] = ()
    box: Box | None = None
    link: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table(Block):
    """A grid; None stands where a cell above or to the left spans."""

    rows: Sequence[Sequence[Cell | None]]
    name: str = ""
    caption: str = ""
    sheet: str = ""
    first_row: int = 1
    first_column: int = 1
    style: str = ""
    widths: Sequence[float] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture(Block):
    """A picture by reference: a part of the document, or an address outside that nobody has followed."""

    reference: str
    alt: str = ""
    media_type: str = ""
    external: bool = False
    width: float = 0.0  # points
    height: float = 0.0
    align: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Code(Block):
    """Text whose spaces and line ends count."""

    text: str
    language: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Formula(Block):
    """A formula as linear text."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote(Block):
    """What is quoted."""

    blocks: Sequence[Block]


class RegionKind(StrEnum):
    """What stands beside the running text."""

    HEADER = "header"
    FOOTER = "footer"
    TEXT_BOX = "text_box"
    NOTES = "notes"


@dataclass(frozen=True, slots=True, kw_only=True)
class Region(Block):
    """A header, a footer, a text box or a speaker's notes."""

    kind: RegionKind
    blocks: Sequence[Block]


class NoteKind(StrEnum):
    """What a note is attached for."""

    FOOTNOTE = "footnote"
    ENDNOTE = "endnote"
    COMMENT = "comment"


@dataclass(frozen=True, slots=True, kw_only=True)
class Note(Block):
    """A footnote, an endnote or a comment."""

    kind: NoteKind
    reference: str
    blocks: Sequence[Block]
    author: str = ""
    date: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PageBreak(Block):
    """The end of a page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Caveat:
    """Something a reader should know: what is missing, changed or doubtful, and where."""

    code: str
    message: str
    where: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PageInfo:
    """A page of a fixed layout: its size in points and where its text comes from."""

    number: int
    width: float
    height: float
    source: str = "text"
    rotation: int = 0
    needs_ocr: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A document that was read."""

    blocks: Sequence[Block]
    metadata: Mapping[str, Any] = field(default_factory=dict)
    warnings: Sequence[Caveat] = ()
    pages: Sequence[PageInfo] = ()


def plain(text: str) -> tuple[Run, ...]:
    """Wrap plain text as runs."""
    return (Run(text),) if text else ()


def text_of(runs: Sequence[Run]) -> str:
    """Join the text of runs."""
    return "".join(run.text for run in runs)
