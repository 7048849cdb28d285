"""The URLs of seeing."""

from dataclasses import dataclass

from dataflowtools.src.driveradapters.ocr.barcode_handler import BarcodeHandler, GenerateHandler
from dataflowtools.src.driveradapters.ocr.extract_handler import ExtractHandler
from dataflowtools.src.logics.file.open_file import OpenFile
from dataflowtools.src.logics.ocr.draw_code import DrawCode
from dataflowtools.src.logics.ocr.extract_text import ExtractText
from dataflowtools.src.logics.ocr.read_codes import ReadCodes
from servicekit.http import Route


@dataclass(frozen=True, slots=True, kw_only=True)
class SeeingUses:
    """The use cases behind /api/ocr."""

    extract_text: ExtractText
    read_codes: ReadCodes
    draw_code: DrawCode
    open_file: OpenFile
    max_body_bytes: int


def ocr_routes(uses: SeeingUses) -> list[Route]:
    """List the routes."""
    shared = {"open_file": uses.open_file, "max_body_bytes": uses.max_body_bytes}
    return [
        Route("/api/ocr/extract", ExtractHandler, {"extract_text": uses.extract_text, **shared}),
        Route("/api/ocr/barcode", BarcodeHandler, {"read_codes": uses.read_codes, **shared}),
        Route("/api/ocr/barcode/generate", GenerateHandler, {"draw_code": uses.draw_code}),
    ]
