"""What a caller may ask for when pictures are read."""

from collections.abc import Sequence
from dataclasses import dataclass

from dataflowtools.src.logics.ocr.model import Rect

ENGINES = ("auto", "rapidocr", "tesseract", "external")
KINDS = ("none", "auto", "invoice", "idcard")


@dataclass(frozen=True, slots=True)
class Region:
    """A part of a page, or of all pages; in pixels, or in fractions of the page."""

    rect: Rect
    page: int | None = None
    fraction: bool = False

    def on(self, width: int, height: int) -> Rect:
        """Give the region in pixels of a page."""
        if not self.fraction:
            return self.rect
        left, top, right, bottom = self.rect
        return Rect(left * width, top * height, right * width, bottom * height)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtractOptions:
    """The choices of one extraction."""

    languages: Sequence[str] = ("zh", "en")
    engine: str = "auto"
    pages: str = ""
    regions: Sequence[Region] = ()
    orientation: str = "auto"
    deskew: bool = True
    source: str = "auto"
    tables: bool = True
    kind: str = "none"
    redact: Sequence[str] = ()
    dpi: int = 200
    password: str | None = None
    pdf: bool = False
    min_confidence: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeOptions:
    """The choices of one reading of codes."""

    formats: Sequence[str] = ()
    pages: str = ""
    retries: bool = True
    dpi: int = 200
    password: str | None = None


@dataclass(frozen=True, slots=True)
class SeeingLimits:
    """What one request may cost."""

    pages: int
