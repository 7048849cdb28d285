"""Blocks as a caller sends them: what reading a document gives, and what only writing can use beside it."""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from dataflowtools.src.common.strict_model import Model

_CONTROL = frozenset(map(chr, [*range(32), 127, 0xFFFE, 0xFFFF]))


def _without_controls(text: str) -> str:
    if not _CONTROL.isdisjoint(text):
        raise ValueError("a name holds no control characters")
    return text


Align = Literal["", "left", "center", "right", "justify"]
Colour = Annotated[str, Field(pattern=r"^(#?[0-9A-Fa-f]{6})?$")]
Points = Annotated[float, Field(ge=0, le=10_000)]
Printable = Annotated[str, AfterValidator(_without_controls)]
Number = Annotated[float, Field(allow_inf_nan=False)]  # JSON has no infinity, but 1e999 reads as one
Scalar = str | int | Number | bool | None
MAX_TEXT = 1_000_000


class _Read(Model):
    """What reading tells of a block and writing has no use for."""

    page: int | None = Field(None, description="Where the block was read; not used.")
    box: list[float] | None = Field(None, max_length=4, description="The same.")


class RunContent(Model):
    """A stretch of text of one look."""

    text: str = Field(max_length=MAX_TEXT)
    bold: bool = False
    italic: bool = False
    underline: bool = False
    code: bool = False
    struck: bool = False
    script: Literal["", "super", "sub"] = ""
    link: str = Field("", max_length=4000, description="http, https, mailto, tel or ftp.")
    note: str = Field("", max_length=100, description="Reference of a footnote.")
    color: Colour = ""
    size: float = Field(0, ge=0, le=400, description="Points; 0 leaves it to the style.")
    font: Printable = Field("", max_length=100)


class _TextContent(_Read):
    text: str = Field("", max_length=MAX_TEXT, description="Ignored when runs are given.")
    runs: list[RunContent] | None = Field(None, max_length=100_000)
    align: Align = ""
    style: str = Field("", max_length=255, description="Name of a style of the Word document.")


class HeadingContent(_TextContent):
    """A heading."""

    type: Literal["heading"]
    level: int = Field(1, ge=1, le=9)


class ParagraphContent(_TextContent):
    """A paragraph."""

    type: Literal["paragraph"]


class ItemContent(Model):
    """One item of a list."""

    blocks: list["BlockContent"] = Field(default=[], max_length=10_000)
    text: str = Field("", max_length=MAX_TEXT, description="Short for one paragraph.")
    marker: str = Field("", max_length=100, description="What the document showed; not used.")


class ListContent(_Read):
    """A list, numbered or not."""

    type: Literal["list"]
    ordered: bool = False
    start: int = Field(1, ge=0, le=1_000_000)
    items: list[ItemContent | str] = Field(max_length=100_000)


class CellContent(Model):
    """A cell; without column it takes the next free place of its row."""

    text: str = Field("", max_length=MAX_TEXT)
    column: int | None = Field(None, ge=0, le=16_383)
    row_span: int = Field(1, ge=1, le=100_000)
    col_span: int = Field(1, ge=1, le=16_384)
    header: bool = False
    value: Scalar = None
    formula: str | None = Field(None, max_length=8192)
    blocks: list["BlockContent"] = Field(default=[], max_length=10_000)
    box: list[float] | None = Field(None, max_length=4)


class TableContent(_Read):
    """A grid of cells; a plain value is short for its text."""

    type: Literal["table"]
    rows: list[list[CellContent | Scalar]] = Field(max_length=1_048_576)
    columns: int | None = Field(None, ge=0, description="As reading counts them; not used.")
    name: str = Field("", max_length=255)
    caption: str = Field("", max_length=10_000)
    sheet: str = Field("", max_length=255)
    first_row: int = Field(1, ge=1)
    first_column: int = Field(1, ge=1)
    style: str = Field("", max_length=255, description="Name of a table style of the Word document.")
    widths: list[Points] | None = Field(None, max_length=1000, description="Points, column by column.")


class PictureContent(_Read):
    """A picture: a stored file, or base64."""

    type: Literal["picture"]
    file_id: str | None = Field(None, min_length=1, max_length=100)
    data: str | None = Field(None, description="Base64 of the picture.")
    reference: str = Field("", max_length=4000, description="As reading gives it; cannot be written.")
    alt: str = Field("", max_length=10_000)
    media_type: str = Field("", max_length=127, description="Found out by the content; not used.")
    external: bool = False
    width: Points = Field(0, description="Points; 0 follows from the picture.")
    height: Points = Field(0, description="The same.")
    align: Align = ""


class CodeContent(_Read):
    """Text whose spaces and line ends count."""

    type: Literal["code"]
    text: str = Field(max_length=MAX_TEXT)
    language: str = Field("", max_length=100)


class FormulaContent(_Read):
    """A formula as linear text."""

    type: Literal["formula"]
    text: str = Field(max_length=MAX_TEXT)


class QuoteContent(_Read):
    """What is quoted."""

    type: Literal["quote"]
    blocks: list["BlockContent"] = Field(max_length=10_000)


class RegionContent(_Read):
    """A header or footer of all pages, a text box, or a speaker's notes."""

    type: Literal["header", "footer", "text_box", "notes"]
    blocks: list["BlockContent"] = Field(max_length=10_000)


class NoteContent(_Read):
    """A footnote, an endnote or a comment."""

    type: Literal["footnote", "endnote", "comment"]
    reference: str = Field("", max_length=100)
    author: str = Field("", max_length=255)
    date: str = Field("", max_length=100)
    blocks: list["BlockContent"] = Field(max_length=10_000)


class PageBreakContent(_Read):
    """The end of a page."""

    type: Literal["page_break"]


BlockContent = Annotated[
    HeadingContent
    | ParagraphContent
    | ListContent
    | TableContent
    | PictureContent
    | CodeContent
    | FormulaContent
    | QuoteContent
    | RegionContent
    | NoteContent
    | PageBreakContent,
    Field(discriminator="type"),
]
for _kind in (ItemContent, ListContent, CellContent, TableContent, QuoteContent, RegionContent, NoteContent):
    _kind.model_rebuild()


def message_of(blocks: list[Any]) -> list[dict[str, Any]]:
    """Write blocks for a worker, without what says nothing."""
    return [block.model_dump(exclude_defaults=True) for block in blocks]
