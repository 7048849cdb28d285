"""What a new document holds: blocks, Markdown, plain text, or sheets of a workbook."""

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from dataflowtools.src.common.strict_model import Model
from dataflowtools.src.logics.file.writing.blocks import (
    BlockContent,
    Colour,
    Points,
    Printable,
    Scalar,
    message_of,
)

MAX_CHARACTERS = 20_000_000
_KINDS = ("blocks", "markdown", "text", "sheets")


class CellStyle(Model):
    """How cells look."""

    bold: bool = False
    italic: bool = False
    underline: bool = False
    struck: bool = False
    color: Colour = ""
    background: Colour = ""
    size: float = Field(0, ge=0, le=400)
    font: Printable = Field("", max_length=31)
    number_format: Printable = Field(
        "", max_length=255, description="As spreadsheets write it: 0.00, yyyy-mm-dd."
    )
    align: Literal["", "left", "center", "right", "justify"] = ""
    valign: Literal["", "top", "center", "bottom"] = ""
    wrap: bool = False
    border: bool = Field(False, description="A thin line all around.")


class SheetCell(Model):
    """A value with a look, or a formula."""

    value: Scalar = None
    formula: str | None = Field(
        None, max_length=8192, description="Calculated by the spreadsheet; value is the cached result."
    )
    style: str | CellStyle | None = Field(None, description="A name among styles, or the style itself.")
    type: Literal["", "date"] = Field("", description="date: value is ISO 8601 and becomes a true date.")


Row = list[SheetCell | Scalar]
Letters = Annotated[str, Field(pattern=r"^[A-Za-z]{1,3}$")]
SheetName = Annotated[Printable, Field(min_length=1, max_length=31)]
Widths = dict[Letters, Annotated[float, Field(gt=0, le=255)]]


class SheetContent(Model):
    """A sheet of a workbook. A text that begins with = stays a text."""

    name: SheetName
    rows: list[Row] = Field(default=[], max_length=1_048_576)
    styles: dict[str, CellStyle] = Field(default={}, max_length=1000, description="Styles by name.")
    header: bool = Field(False, description="Whether the first row is bold and stays in view.")
    widths: Widths = Field(default={}, description="Widths of columns in characters, by letter.")
    merges: list[Annotated[str, Field(max_length=40)]] = Field(
        default=[], max_length=10_000, description="Ranges like A1:C1."
    )
    freeze: str = Field("", max_length=20, description="First cell that scrolls, like A2.")
    autofilter: bool = False


class Content(Model):
    """One of blocks, markdown, text and sheets."""

    blocks: list[BlockContent] | None = Field(None, max_length=100_000)
    markdown: str | None = Field(None, max_length=MAX_CHARACTERS)
    text: str | None = Field(None, max_length=MAX_CHARACTERS)
    sheets: list[SheetContent] | None = Field(None, min_length=1, max_length=255)
    pages: list[dict[str, Any]] | None = Field(None, description="As reading gives them; not used.")

    @model_validator(mode="before")
    @classmethod
    def _bare_list(cls, value: Any) -> Any:
        return {"blocks": value} if isinstance(value, list) else value

    @model_validator(mode="after")
    def _one_kind(self) -> "Content":
        if sum(getattr(self, kind) is not None for kind in _KINDS) != 1:
            raise ValueError(f"give one of {', '.join(_KINDS)}")
        return self

    def as_message(self) -> dict[str, Any]:
        """Write the content for a worker."""
        if self.blocks is not None:
            return {"blocks": message_of(self.blocks)}
        if self.sheets is not None:
            return {"sheets": [sheet.model_dump(exclude_defaults=True) for sheet in self.sheets]}
        return {"markdown": self.markdown} if self.markdown is not None else {"text": self.text}


class PageSetup(Model):
    """Paper and margins of docx and pdf."""

    size: Literal["A3", "A4", "A5", "B5", "letter", "legal"] = "A4"
    orientation: Literal["portrait", "landscape"] = "portrait"
    margin: Points = Field(72, description="Points on all four sides.")
    margins: dict[Literal["top", "right", "bottom", "left"], Points] = Field(
        default={}, description="Points, where they differ from margin."
    )


class Properties(Model):
    """What a document says of itself."""

    title: str = Field("", max_length=1000)
    author: str = Field("", max_length=1000)
    subject: str = Field("", max_length=1000)
    keywords: str = Field("", max_length=2000)


class WordStyle(Model):
    """How paragraphs of a style look in docx and pdf."""

    font: Printable = Field("", max_length=100)
    size: float = Field(0, ge=0, le=400)
    color: Colour = ""
    bold: bool | None = None
    italic: bool | None = None
    align: Literal["", "left", "center", "right", "justify"] = ""
    space_before: Points | None = None
    space_after: Points | None = None
    line_spacing: float | None = Field(None, gt=0, le=10, description="Lines.")
