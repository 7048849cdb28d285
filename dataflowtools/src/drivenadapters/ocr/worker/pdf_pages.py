"""Pages of a PDF: rendered within a bound of pixels, and the text that they bring along."""

import ctypes
import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO

import numpy as np
import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c

from dataflowtools.src.drivenadapters.ocr.worker.pixels import Pixels
from dataflowtools.src.errors import CorruptFile, PasswordIncorrect, PasswordRequired

_POINTS_PER_INCH = 72
_MAX_TEXT_RECTS = 20_000
_INVISIBLE = 3
_MAX_IMAGES = 1000


@contextmanager
def opened_pdf(file: BinaryIO, password: str | None) -> Iterator[pdfium.PdfDocument]:
    """Open a PDF; PasswordRequired, PasswordIncorrect or CorruptFile when it does not open."""
    file.seek(0)
    try:
        document = pdfium.PdfDocument(file, password=password)
    except pdfium.PdfiumError as exc:
        if "password" not in str(exc).lower():
            raise CorruptFile("The PDF is broken.", field="/file") from exc
        if password is None:
            raise PasswordRequired("The PDF is encrypted; give its password.", field="/password") from exc
        raise PasswordIncorrect("The password does not open the PDF.", field="/password") from exc
    try:
        yield document
    finally:
        document.close()


@contextmanager
def opened_page(document: pdfium.PdfDocument, number: int) -> Iterator[pdfium.PdfPage]:
    """Open one page, counted from 1."""
    try:
        page = document[number - 1]
    except pdfium.PdfiumError as exc:
        raise CorruptFile(f"Page {number} is broken.", field="/file") from exc
    try:
        yield page
    finally:
        page.close()


def render(page: pdfium.PdfPage, dpi: float, working_pixels: int) -> tuple[Pixels, float]:
    """Draw a page; a huge one at fewer dots an inch, which are returned."""
    width, height = (max(1.0, side / _POINTS_PER_INCH) for side in page.get_size())
    used = min(dpi, math.sqrt(working_pixels / (width * height)))
    try:
        bitmap = page.render(scale=used / _POINTS_PER_INCH, fill_color=(255, 255, 255, 255))
    except pdfium.PdfiumError as exc:
        raise CorruptFile("A page cannot be drawn.", field="/file") from exc
    try:
        array = np.ascontiguousarray(bitmap.to_numpy()[:, :, :3])
    finally:
        bitmap.close()
    if (array[:, :, 0] == array[:, :, 1]).all() and (array[:, :, 1] == array[:, :, 2]).all():
        array = np.ascontiguousarray(array[:, :, 0])
    return Pixels(array, array.shape[1], array.shape[0], 1.0), used


def text_lines(page: pdfium.PdfPage, width: int, height: int) -> list[dict[str, Any]]:
    """List the visible text of a page with its boxes in the pixels of the rendering."""
    if not _shows_text(page):
        return []
    text_page = page.get_textpage()
    try:
        found = []
        for index in range(min(text_page.count_rects(), _MAX_TEXT_RECTS)):
            rect = text_page.get_rect(index)
            text = text_page.get_text_bounded(*rect).replace("\r\n", " ").strip()
            if text:
                found.append({"text": text, "box": _in_pixels(page, rect, width, height)})
        return found
    finally:
        text_page.close()


def _shows_text(page: pdfium.PdfPage) -> bool:
    """Whether any text is drawn; a layer that is wholly invisible is an earlier OCR's and is not trusted."""
    for drawn in page.get_objects(filter=[pdfium_c.FPDF_PAGEOBJ_TEXT], max_depth=4):
        if pdfium_c.FPDFTextObj_GetTextRenderMode(drawn.raw) != _INVISIBLE:
            return True
    return False


def image_share(page: pdfium.PdfPage) -> float:
    """How much of the page its largest picture covers."""
    width, height = page.get_size()
    largest = 0.0
    for index, drawn in enumerate(page.get_objects(filter=[pdfium_c.FPDF_PAGEOBJ_IMAGE], max_depth=4)):
        if index >= _MAX_IMAGES:
            break
        left, bottom, right, top = drawn.get_bounds()
        largest = max(largest, (right - left) * (top - bottom) / max(1.0, width * height))
    return min(1.0, largest)


def _in_pixels(
    page: pdfium.PdfPage, rect: tuple[float, float, float, float], width: int, height: int
) -> list[float]:
    left, bottom, right, top = rect
    across, down = ctypes.c_int(), ctypes.c_int()
    xs, ys = [], []
    scale = 16  # the call answers whole pixels of a page this much larger
    for x, y in ((left, bottom), (right, top)):
        pdfium_c.FPDF_PageToDevice(
            page.raw, 0, 0, width * scale, height * scale, 0, x, y, ctypes.byref(across), ctypes.byref(down)
        )
        xs.append(across.value / scale)
        ys.append(down.value / scale)
    return [min(xs), min(ys), max(xs), max(ys)]
