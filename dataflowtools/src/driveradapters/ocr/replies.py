"""What was read, as the reply's JSON."""

import base64
from typing import Any

from pydantic import BaseModel, Field

from dataflowtools.src.logics.ocr.join_text import block_text, page_text
from dataflowtools.src.logics.ocr.model import (
    Block,
    Caveat,
    DocumentFields,
    Extraction,
    Line,
    PageReading,
    Quad,
)
from dataflowtools.src.logics.ocr.read_codes import CodeReading, FoundCode

Corners = list[list[float]]


class WordReply(BaseModel):
    """A word, or a single ideograph."""

    text: str
    confidence: float
    box: Corners


class LineReply(BaseModel):
    """A line."""

    text: str
    confidence: float
    box: Corners = Field(
        description="Four corners in pixels of the page as given, from where the text begins."
    )
    words: list[WordReply]


class CellReply(BaseModel):
    """A cell of a table."""

    row: int
    column: int
    row_span: int
    column_span: int
    text: str
    box: Corners


class BlockReply(BaseModel):
    """A block: paragraphs as lists of line numbers, or a table."""

    type: str
    text: str
    box: Corners
    vertical: bool
    lines: list[LineReply]
    paragraphs: list[list[int]]
    cells: list[CellReply] | None = None


class PageReply(BaseModel):
    """A page."""

    page: int
    text: str
    width: int
    height: int
    dpi: float | None
    rotation: int = Field(description="Clockwise degrees that make the page upright.")
    skew: float = Field(description="Further degrees, counter-clockwise.")
    source: str = Field(description="text: the PDF's own; ocr: recognised.")
    engine: str
    blocks: list[BlockReply]


class WarningReply(BaseModel):
    """Something to know about the result."""

    code: str
    message: str
    page: int | None = None


class FieldReply(BaseModel):
    """A field of a known kind of document."""

    value: str
    confidence: float
    page: int
    box: Corners | None


class DocumentReply(BaseModel):
    """The fields of a known kind of document and what they were checked for."""

    kind: str
    confidence: float
    fields: dict[str, FieldReply]
    checks: dict[str, bool]


class RedactedReply(BaseModel):
    """A page with what matched blackened."""

    page: int
    media_type: str
    data: str = Field(description="Base64.")


class ExtractReply(BaseModel):
    """Everything that was read."""

    text: str
    pages: list[PageReply]
    warnings: list[WarningReply]
    document: DocumentReply | None = None
    redacted: list[RedactedReply] | None = None


class BarcodeReply(BaseModel):
    """A code."""

    text: str
    format: str
    bytes: str = Field(description="The raw bytes, Base64.")
    polygon: Corners = Field(description="Four corners in pixels of the page, from the code's own top left.")
    page: int
    encoding: str
    binary: bool = Field(description="The bytes are no text in any encoding that is known.")
    content_type: str
    symbology_identifier: str
    error_correction: str | None
    orientation: int
    payload: dict[str, Any] = Field(description="What the code says, as data; nothing is opened or run.")
    extra: dict[str, Any]
    reader: str


class CodePageReply(BaseModel):
    """The size that the polygons of a page refer to."""

    page: int
    width: int
    height: int
    dpi: float | None


class BarcodesReply(BaseModel):
    """All codes."""

    barcodes: list[BarcodeReply]
    pages: list[CodePageReply]
    warnings: list[WarningReply]


def extract_reply(found: Extraction) -> ExtractReply:
    """Write an extraction."""
    redacted = [
        RedactedReply(page=page, media_type="image/png", data=base64.b64encode(png).decode())
        for page, png in found.redacted.items()
    ]
    return ExtractReply(
        text="\n\n".join(text for page in found.pages if (text := page_text(page))),
        pages=[_page(page) for page in found.pages],
        warnings=[_warning(caveat) for caveat in found.warnings],
        document=None if found.document is None else _document(found.document),
        redacted=redacted or None,
    )


def _page(page: PageReading) -> PageReply:
    return PageReply(
        page=page.number, text=page_text(page), width=page.width, height=page.height, dpi=page.dpi,
        rotation=page.rotation, skew=page.skew, source=page.source, engine=page.engine,
        blocks=[_block(block) for block in page.blocks],
    )  # fmt: skip


def _block(block: Block) -> BlockReply:
    cells = [
        CellReply(
            row=cell.row, column=cell.column, row_span=cell.row_span, column_span=cell.column_span,
            text=cell.text, box=_corners(cell.quad),
        )
        for cell in block.cells
    ]  # fmt: skip
    return BlockReply(
        type="table" if cells else "text", text=block_text(block), box=_corners(block.quad),
        vertical=block.vertical, lines=[_line(line) for line in block.lines],
        paragraphs=[list(group) for group in block.paragraphs], cells=cells or None,
    )  # fmt: skip


def _line(line: Line) -> LineReply:
    words = [
        WordReply(text=word.text, confidence=round(word.confidence, 4), box=_corners(word.quad))
        for word in line.words
    ]
    return LineReply(
        text=line.text, confidence=round(line.confidence, 4), box=_corners(line.quad), words=words
    )


def _corners(quad: Quad) -> Corners:
    return [[round(x, 1), round(y, 1)] for x, y in quad]


def _warning(caveat: Caveat) -> WarningReply:
    return WarningReply(code=caveat.code, message=caveat.message, page=caveat.page)


def _document(document: DocumentFields) -> DocumentReply:
    fields = {
        name: FieldReply(
            value=field.value, confidence=round(field.confidence, 4), page=field.page,
            box=None if field.quad is None else _corners(field.quad),
        )
        for name, field in document.fields.items()
    }  # fmt: skip
    return DocumentReply(
        kind=document.kind,
        confidence=round(document.confidence, 4),
        fields=fields,
        checks=dict(document.checks),
    )


def barcodes_reply(found: CodeReading) -> BarcodesReply:
    """Write a reading of codes."""
    return BarcodesReply(
        barcodes=[_barcode(code) for code in found.codes],
        pages=[CodePageReply(**page) for page in found.pages],
        warnings=[_warning(caveat) for caveat in found.warnings],
    )


def _barcode(code: FoundCode) -> BarcodeReply:
    raw = code.raw
    return BarcodeReply(
        text=code.decoded.text, format=raw.format, bytes=base64.b64encode(raw.data).decode(),
        polygon=[[x, y] for x, y in raw.polygon], page=code.page, encoding=code.decoded.encoding,
        binary=code.decoded.binary, content_type=raw.content, symbology_identifier=raw.identifier,
        error_correction=raw.level or None, orientation=raw.orientation, payload=dict(code.payload),
        extra=dict(raw.extra), reader=raw.reader,
    )  # fmt: skip
