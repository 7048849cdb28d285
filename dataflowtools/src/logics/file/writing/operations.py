"""What can be done to a stored document, operation by operation."""

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from dataflowtools.src.common.strict_model import Model
from dataflowtools.src.logics.file.writing.blocks import BlockContent
from dataflowtools.src.logics.file.writing.content import (
    CellStyle,
    Content,
    PageSetup,
    Properties,
    Row,
    SheetContent,
    SheetName,
    Widths,
)

SheetRef = Annotated[str, Field(min_length=1, max_length=31)]
Area = Annotated[str, Field(min_length=1, max_length=40)]
RowNumber = Annotated[int, Field(ge=1, le=1_048_576)]
MAX_OPERATIONS = 1000


class Append(Model):
    """Add content at the end of a Word document or a text."""

    op: Literal["append"]
    content: Content


class InsertAt(Model):
    """Add content at a place of a Word document or a text."""

    op: Literal["insert_at"]
    content: Content
    at: int | None = Field(None, ge=0, description="Number of the paragraph, table or line, from 0.")
    before: str | None = Field(
        None, min_length=1, max_length=1000, description="The first that holds this text."
    )
    after: str | None = Field(None, min_length=1, max_length=1000, description="The same.")
    under: str | None = Field(
        None, min_length=1, max_length=1000, description="Right under the heading of this text."
    )
    bookmark: str | None = Field(
        None, min_length=1, max_length=255, description="After the paragraph or table that it stands in."
    )

    @model_validator(mode="after")
    def _one_place(self) -> "InsertAt":
        places = (self.at, self.before, self.after, self.under, self.bookmark)
        if sum(one is not None for one in places) != 1:
            raise ValueError("give one of at, before, after, under and bookmark")
        return self


class ReplaceText(Model):
    """Replace a text wherever it stands, also where its look changes within it; the look stays."""

    op: Literal["replace_text"]
    find: str = Field(min_length=1, max_length=10_000)
    replace: str = Field(max_length=100_000)
    match_case: bool = True
    whole_words: bool = False
    most: int = Field(0, ge=0, description="Most replacements; 0 replaces all.")


class DeleteBlocks(Model):
    """Remove blocks of a Word document, or lines of a text, counted from 0."""

    op: Literal["delete_blocks"]
    at: int = Field(ge=0)
    count: int = Field(1, ge=1)


class FillControl(Model):
    """Fill a content control of a Word document, by its tag, title or id."""

    op: Literal["fill_control"]
    control: str = Field(min_length=1, max_length=255)
    value: str | bool


class SetMargin(Model):
    """Write the header or footer of a Word document anew."""

    op: Literal["set_header", "set_footer"]
    content: str | list[BlockContent] = Field(description="Text with {page} and {pages}, or blocks.")
    kind: Literal["default", "first"] = "default"


class SetPage(Model):
    """Set the paper and margins of a Word document; what is not given stays."""

    op: Literal["set_page"]
    page: PageSetup


class SetProperties(Model):
    """Set title, author, subject or keywords of a Word document or workbook; what is not given stays."""

    op: Literal["set_properties"]
    properties: Properties


class SetTableCell(Model):
    """Write a cell of a table of a Word document anew; all numbers count from 0, columns as of the grid."""

    op: Literal["set_table_cell"]
    table: int = Field(ge=0)
    row: int = Field(ge=0)
    column: int = Field(ge=0)
    text: str = Field(max_length=100_000)


class AppendTableRows(Model):
    """Add rows to a table of a Word document, in the look of its last row."""

    op: Literal["append_table_rows"]
    table: int = Field(ge=0)
    rows: list[list[str]] = Field(min_length=1, max_length=10_000)


class SetRange(Model):
    """Write cells of a sheet, from one corner on; null empties a cell, looks stay unless given."""

    op: Literal["set_range"]
    sheet: SheetRef
    start: Area
    rows: list[Row] = Field(min_length=1, max_length=1_048_576)


class AppendRows(Model):
    """Write rows below the last one of a sheet."""

    op: Literal["append_rows"]
    sheet: SheetRef
    rows: list[Row] = Field(min_length=1, max_length=1_048_576)


class InsertRows(Model):
    """Make room for rows; formulas, names, charts, tables, merges and pictures move along."""

    op: Literal["insert_rows"]
    sheet: SheetRef
    at: RowNumber
    count: int = Field(1, ge=1, le=1_048_576)
    rows: list[Row] = Field(default=[], max_length=1_048_576, description="What to write into them.")


class DeleteRows(Model):
    """Remove rows."""

    op: Literal["delete_rows"]
    sheet: SheetRef
    at: RowNumber
    count: int = Field(1, ge=1, le=1_048_576)


class ShiftColumns(Model):
    """Make room for columns, or remove them."""

    op: Literal["insert_columns", "delete_columns"]
    sheet: SheetRef
    at: str = Field(pattern="^[A-Za-z]{1,3}$", description="Letters of the first column.")
    count: int = Field(1, ge=1, le=16_384)


class AddSheet(Model):
    """Add a sheet."""

    op: Literal["add_sheet"]
    sheet: SheetContent
    at: int | None = Field(None, ge=0, description="Place from 0; the end when not given.")


class CopySheet(Model):
    """Copy a sheet with its charts, pictures, comments and tables."""

    op: Literal["copy_sheet"]
    sheet: SheetRef
    name: SheetName
    at: int | None = Field(None, ge=0, description="Place from 0; behind the original when not given.")


class MoveSheet(Model):
    """Move a sheet to another place."""

    op: Literal["move_sheet"]
    sheet: SheetRef
    at: int = Field(ge=0, description="Place from 0.")


class HideSheet(Model):
    """Hide a sheet, or show it again."""

    op: Literal["hide_sheet", "show_sheet"]
    sheet: SheetRef


class SetLayout(Model):
    """Set widths of columns, what stays in view, and the filter of a sheet; what is not given stays."""

    op: Literal["set_layout"]
    sheet: SheetRef
    widths: Widths = Field(default={}, description="Widths of columns in characters, by letter.")
    freeze: str | None = Field(
        None, max_length=20, description="First cell that scrolls, like A2; A1 frees all."
    )
    autofilter: bool | None = Field(None, description="Over all that the sheet holds, or none.")


class RenameSheet(Model):
    """Rename a sheet; what refers to it follows."""

    op: Literal["rename_sheet"]
    sheet: SheetRef
    name: SheetName


class DeleteSheet(Model):
    """Remove a sheet with all that only it holds."""

    op: Literal["delete_sheet"]
    sheet: SheetRef


class SetStyle(Model):
    """Change the look of cells; what the style does not say stays."""

    op: Literal["set_style"]
    sheet: SheetRef
    range: Area
    style: CellStyle


class MergeCells(Model):
    """Make one cell of several, or several of one."""

    op: Literal["merge_cells", "unmerge_cells"]
    sheet: SheetRef
    range: Area


class MergeFiles(Model):
    """Put the pages of other PDF files into this one."""

    op: Literal["merge"]
    file_ids: list[Annotated[str, Field(min_length=1, max_length=100)]] = Field(min_length=1, max_length=100)
    at: int | None = Field(
        None, ge=0, description="Before the page at this place, from 0; the end when not given."
    )


class Pages(Model):
    """Keep or remove pages of a PDF."""

    op: Literal["delete_pages", "keep_pages"]
    pages: str = Field(min_length=1, max_length=1000, description="Like 1-3,7,10-.")


class Rotate(Model):
    """Turn pages of a PDF clockwise."""

    op: Literal["rotate"]
    angle: Literal[90, 180, 270, -90, -180, -270]
    pages: str = Field("", max_length=1000, description="Like 1-3,7,10-; all when not given.")


class FillForm(Model):
    """Fill the fields of a PDF form by their full names."""

    op: Literal["fill_form"]
    fields: dict[Annotated[str, Field(max_length=1000)], str | bool] = Field(min_length=1, max_length=10_000)


class ReorderPages(Model):
    """Put pages of a PDF into another order; those that are not named follow in theirs."""

    op: Literal["reorder_pages"]
    pages: str = Field(min_length=1, max_length=10_000, description="In the new order, like 3,1,7-9.")


class FlattenForm(Model):
    """Make what the fields of a PDF form show a part of the pages, so that nobody fills them anew."""

    op: Literal["flatten_form"]


class Split(Model):
    """Store parts of a PDF as new files; the file itself stays. It stands alone."""

    op: Literal["split"]
    every: int | None = Field(None, ge=1, description="Pages of each part.")
    parts: list[Annotated[str, Field(max_length=1000)]] | None = Field(
        None, min_length=1, max_length=1000, description="Pages of each part, like 1-3,7."
    )

    @model_validator(mode="after")
    def _one_way(self) -> "Split":
        if (self.every is None) == (self.parts is None):
            raise ValueError("give either every or parts")
        return self


Operation = Annotated[
    Append | InsertAt | ReplaceText | DeleteBlocks | FillControl | SetMargin | SetPage | SetProperties
    | SetTableCell | AppendTableRows | SetRange | AppendRows | InsertRows | DeleteRows | ShiftColumns | AddSheet
    | CopySheet | MoveSheet | HideSheet | SetLayout | RenameSheet | DeleteSheet | SetStyle | MergeCells | MergeFiles
    | Pages | ReorderPages | Rotate | FillForm | FlattenForm | Split,
    Field(discriminator="op"),
]  # fmt: skip


def message_of(operation: Any) -> dict[str, Any]:
    """Write an operation for a worker."""
    message: dict[str, Any] = operation.model_dump(exclude_defaults=True)
    if isinstance(operation, Append | InsertAt):
        message["content"] = operation.content.as_message()
    if isinstance(operation, SetPage):
        message["page"] = operation.page.model_dump(exclude_unset=True)
    return message
