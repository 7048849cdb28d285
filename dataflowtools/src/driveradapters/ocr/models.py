"""Requests about pictures, as JSON or as the fields of a form."""

import re
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from dataflowtools.src.logics.ocr.model import Rect
from dataflowtools.src.logics.ocr.options import CodeOptions, ExtractOptions, Region
from dataflowtools.src.logics.ocr.ports.codes import CodeOrder
from servicekit.http import Body

Output = Literal["json", "text", "markdown", "hocr", "pdf"]
Language = Annotated[str, StringConstraints(pattern=r"^[A-Za-z]{2,3}([_-][A-Za-z]{1,12}){0,3}$")]
Pattern = Annotated[str, StringConstraints(min_length=1, max_length=500)]
FormatName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9 _./-]{1,40}$")]
_MAX_COORDINATE = 1_000_000
Data = bytes | None  # a field below is named bytes too
Coordinate = Annotated[float, Field(ge=0, le=_MAX_COORDINATE, allow_inf_nan=False)]


class RegionModel(Body):
    """A part of a page that is to be read; the rest is ignored."""

    left: Coordinate
    top: Coordinate
    right: Coordinate
    bottom: Coordinate
    page: int | None = Field(None, ge=1, description="Only this page; all when left out.")
    unit: Literal["pixel", "fraction"] = "pixel"

    @model_validator(mode="after")
    def has_extent(self) -> Self:
        """Refuse what holds nothing, and fractions above 1."""
        if self.right <= self.left or self.bottom <= self.top:
            raise ValueError("a region has left < right and top < bottom")
        if self.unit == "fraction" and max(self.right, self.bottom) > 1:
            raise ValueError("fractions are at most 1")
        return self

    def as_region(self) -> Region:
        """Hand it to the use case."""
        rect = Rect(self.left, self.top, self.right, self.bottom)
        return Region(rect, self.page, self.unit == "fraction")


class FileChoice(Body):
    """What both readings have in common."""

    file_id: str | None = Field(None, max_length=100, description="A stored file, in place of an upload.")
    pages: str = Field("", max_length=500, description="Pages or frames, like 1-3,7,10-; all when empty.")
    password: str | None = Field(None, max_length=200, repr=False, description="Opens an encrypted PDF.")
    dpi: int = Field(200, ge=50, le=600, description="How fine PDF pages are drawn.")


class ExtractRequest(FileChoice):
    """What is to be read, and how."""

    languages: list[Language] = Field(
        ["zh", "en"],
        min_length=1,
        max_length=8,
        description="ISO 639 codes; zh-hant for traditional Chinese.",
    )
    engine: Literal["auto", "rapidocr", "tesseract", "external"] = "auto"
    output: Output = Field("json", description="json, or the text itself as text, markdown, hocr or pdf.")
    orientation: Literal["auto", "0", "90", "180", "270"] = Field(
        "auto", description="Clockwise degrees that make the pages upright; auto finds them."
    )
    deskew: bool = Field(True, description="Straighten pages that are a little askew.")
    source: Literal["auto", "ocr"] = Field(
        "auto", description="ocr ignores the text that a PDF has of its own."
    )
    tables: bool = Field(True, description="Recognise tables as cells.")
    kind: Literal["none", "auto", "invoice", "idcard"] = Field(
        "none", description="Read a known kind's fields."
    )
    regions: list[RegionModel] = Field([], max_length=50)
    redact: list[Pattern] = Field(
        [], max_length=20,
        description="Regular expressions, or email, phone, id_number, bank_card: blackened and masked.",
    )  # fmt: skip
    min_confidence: float = Field(0.0, ge=0, le=1, description="Lines below are left out.")

    def as_options(self) -> ExtractOptions:
        """Hand it to the use case."""
        return ExtractOptions(
            languages=tuple(dict.fromkeys(_language(name) for name in self.languages)),
            engine=self.engine, pages=self.pages, password=self.password, dpi=self.dpi,
            regions=tuple(region.as_region() for region in self.regions),
            orientation=self.orientation, deskew=self.deskew, source=self.source, tables=self.tables,
            kind=self.kind, redact=tuple(self.redact), pdf=self.output == "pdf",
            min_confidence=self.min_confidence,
        )  # fmt: skip


def _language(name: str) -> str:
    """Accept what people write for Chinese; other tags in small letters, packs as they are called."""
    usual = {
        "zh-cn": "zh", "zh-hans": "zh", "ch": "zh", "chi_sim": "zh", "eng": "en",
        "zh-tw": "zh-hant", "zh-hk": "zh-hant", "chi_tra": "zh-hant",
    }  # fmt: skip
    return usual.get(name.lower(), name.lower() if "_" not in name else name)


class BarcodeRequest(FileChoice):
    """Where codes are to be looked for."""

    formats: list[FormatName] = Field([], max_length=50, description="Only these, like QRCode or EAN13.")
    try_harder: bool = Field(True, description="Look again in other scales, blurs, contrasts, and inverted.")

    def as_options(self) -> CodeOptions:
        """Hand it to the use case."""
        return CodeOptions(
            formats=tuple(re.sub(r"[^A-Za-z0-9]", "", name) for name in self.formats),
            pages=self.pages, retries=self.try_harder, dpi=self.dpi, password=self.password,
        )  # fmt: skip


class GenerateRequest(Body):
    """A code to be drawn."""

    format: FormatName = Field("QRCode", description="A symbology, like QRCode, DataMatrix, EAN13, Code128.")
    text: str | None = Field(None, min_length=1, max_length=8000)
    bytes: str | None = Field(None, min_length=1, max_length=12_000, description="Base64, in place of text.")
    output: Literal["png", "svg"] = "png"
    scale: int = Field(4, ge=1, le=40, description="Pixels a module.")
    error_correction: str | None = Field(None, max_length=4, description="QR: L, M, Q, H; others: as theirs.")
    gs1: bool = Field(False, description="The text is a GS1 element string with identifiers in brackets.")
    human_readable: bool = Field(False, description="Print the text below linear codes.")
    quiet_zone: bool = Field(True, description="Leave the empty border that readers need.")

    @model_validator(mode="after")
    def has_one_content(self) -> Self:
        """Refuse none and both."""
        if (self.text is None) == (self.bytes is None):
            raise ValueError("give either text or bytes")
        return self

    def as_order(self, data: Data) -> CodeOrder:
        """Hand it to the use case."""
        return CodeOrder(
            format=re.sub(r"[^A-Za-z0-9]", "", self.format), text=self.text or "", data=data,
            output=self.output, scale=self.scale, level=self.error_correction or "", gs1=self.gs1,
            human_readable=self.human_readable, quiet_zone=self.quiet_zone,
        )  # fmt: skip
