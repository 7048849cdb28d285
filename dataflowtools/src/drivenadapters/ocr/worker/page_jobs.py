"""Jobs that turn a stranger's file into pages as plain pictures."""

from collections.abc import Mapping
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from dataflowtools.src.drivenadapters.ocr.worker.pdf_pages import (
    image_share,
    opened_page,
    opened_pdf,
    render,
    text_lines,
)
from dataflowtools.src.drivenadapters.ocr.worker.picture_files import (
    format_of,
    frame_count,
    opened_picture,
    read_frame,
)
from dataflowtools.src.drivenadapters.workers.job import Job
from dataflowtools.src.errors import DocumentTooLarge

_LOW_DPI = 0.7
_BLANK = 1.0


def inspect(job: Job, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Tell the format and the number of pages or frames."""
    file = job.files[0]
    name, limit = format_of(file), int(arguments["max_frames"])
    if name == "pdf":
        with opened_pdf(file, arguments.get("password")) as document:
            return {"format": name, "pages": len(document), "more": False}
    with opened_picture(file, int(arguments["max_pixels"])) as image:
        count = frame_count(image, limit)
    return {"format": name, "pages": min(count, limit), "more": count > limit}


def read_page(job: Job, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Give one page as a PNG, with the text that a PDF page has of its own."""
    page = load_page(job, arguments)
    job.blobs.append(as_png(page["pixels"].array))
    return describe(page)


def load_page(job: Job, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Decode or draw one page."""
    file, number = job.files[0], int(arguments["number"])
    max_pixels, working_pixels = int(arguments["max_pixels"]), int(arguments["working_pixels"])
    if format_of(file) != "pdf":
        with opened_picture(file, max_pixels) as image:
            pixels = read_frame(image, number, max_pixels, working_pixels)
        warnings = ["truncated"] if pixels.truncated else []
        return {"pixels": pixels, "texts": [], "warnings": warnings, "dpi": None, "image_share": 1.0}
    with opened_pdf(file, arguments.get("password")) as document:
        if number > len(document):
            raise DocumentTooLarge(f"The PDF has no page {number}.", field="/pages")
        with opened_page(document, number) as page:
            dpi = float(arguments["dpi"])
            pixels, used = render(page, dpi, working_pixels)
            texts = text_lines(page, pixels.width, pixels.height) if arguments.get("texts") else []
            share = image_share(page)
    warnings = ["low_resolution"] if used < dpi * _LOW_DPI else []
    return {"pixels": pixels, "texts": texts, "warnings": warnings, "dpi": used, "image_share": share}


def describe(page: Mapping[str, Any]) -> dict[str, Any]:
    """Write what is known of a page beside its pixels."""
    pixels = page["pixels"]
    blank = float(pixels.array.std()) < _BLANK
    facts = {"width": pixels.width, "height": pixels.height, "factor": pixels.factor, "blank": blank}
    return facts | {name: page[name] for name in ("texts", "warnings", "dpi", "image_share")}


def as_png(array: NDArray[np.uint8]) -> bytes:
    """Encode quickly rather than small."""
    return cv2.imencode(".png", array, [cv2.IMWRITE_PNG_COMPRESSION, 1])[1].tobytes()


def as_array(data: bytes, flags: int = cv2.IMREAD_UNCHANGED) -> NDArray[np.uint8]:
    """Decode what `as_png` wrote."""
    return np.asarray(cv2.imdecode(np.frombuffer(data, np.uint8), flags), dtype=np.uint8)
