"""Pictures into other pictures and into PDF, upright and on an opaque ground."""

import io
import os
from collections.abc import Iterable, Mapping
from typing import Any, BinaryIO

import pypdfium2 as pdfium
from PIL import Image, TiffImagePlugin

from dataflowtools.src.drivenadapters.ocr.worker.picture_files import (
    frame_count,
    opened_picture,
    read_frame,
)
from dataflowtools.src.drivenadapters.workers.job import Job
from dataflowtools.src.errors import DocumentTooLarge

PILLOW_NAMES: Mapping[str, str] = {
    "png": "PNG", "jpeg": "JPEG", "webp": "WEBP", "tiff": "TIFF", "bmp": "BMP", "gif": "GIF",
}  # fmt: skip
_MAX_FRAMES = 500
_WORKING_PIXELS = 1 << 40  # nothing is shrunk
_A4 = (595.28, 841.89)
_POINTS_PER_INCH = 72
_PLAUSIBLE_DPI = (30.0, 2400.0)
_MAX_SIDE_POINTS = 14_400.0
_UPRIGHT = 1
_ORIENTATION_TAG = 0x0112


def warm_up() -> None:
    """Load the plugins, which are looked up on disk."""
    Image.init()


def convert(job: Job, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Convert the first file into the second; gives warnings."""
    target = str(arguments["target"])
    reading = _Reading(job.files[0], int(arguments["max_pixels"]))
    with (
        opened_picture(job.files[0], reading.max_pixels) as image,
        os.fdopen(os.dup(job.files[-1].fileno()), "w+b") as output,
    ):
        frames = frame_count(image, _MAX_FRAMES)
        if frames > _MAX_FRAMES:
            raise DocumentTooLarge(f"Pictures of up to {_MAX_FRAMES} frames are converted.")
        if target == "pdf":
            _write_pdf(reading, image, frames, output)
            return {"warnings": reading.warnings}
        kept = frames if target == "tiff" else 1
        pictures = (reading.frame(image, number) for number in range(1, kept + 1))
        save_pictures(pictures, target, output, quality=int(arguments["quality"]))
    if kept < frames:
        message = f"Only the first of {frames} frames was converted; tiff and pdf hold them all."
        reading.warnings.append({"code": "frames_left_out", "message": message})
    return {"warnings": reading.warnings}


class _Reading:
    """A picture file that is read frame by frame, and what was odd about it."""

    def __init__(self, file: BinaryIO, max_pixels: int) -> None:
        self.file = file
        self.max_pixels = max_pixels
        self.warnings: list[dict[str, str]] = []

    def frame(self, image: Image.Image, number: int) -> Image.Image:
        """Decode a frame, upright and opaque."""
        pixels = read_frame(image, number, self.max_pixels, _WORKING_PIXELS)
        if pixels.truncated:
            message = f"The data of frame {number} ends early; what there is was converted."
            self.warnings.append({"code": "truncated_picture", "message": message})
        array = pixels.array
        return Image.fromarray(array if array.ndim == 2 else array[:, :, ::-1].copy())  # noqa: PLR2004  # grey or BGR


def save_pictures(
    pictures: Iterable[Image.Image], target: str, output: BinaryIO, *, quality: int, dpi: float | None = None
) -> None:
    """Write one picture, or several where the format holds more, one in memory at a time; TIFF reads what it wrote."""
    settings: dict[str, Any] = {"dpi": (dpi, dpi)} if dpi and target in {"png", "jpeg", "tiff"} else {}
    if target == "tiff":
        with TiffImagePlugin.AppendingTiffWriter(output) as tiff:
            for picture in pictures:
                picture.save(tiff, "TIFF", compression="tiff_deflate", **settings)
                tiff.newFrame()
        return
    if target in {"jpeg", "webp"}:
        settings["quality"] = quality
    next(iter(pictures)).save(output, PILLOW_NAMES[target], **settings)


def _write_pdf(reading: _Reading, image: Image.Image, frames: int, output: BinaryIO) -> None:
    document = pdfium.PdfDocument.new()
    try:
        for number in range(1, frames + 1):
            made = pdfium.PdfImage.new(document)
            width, height = _place(reading, image, number, made)
            made.set_matrix(pdfium.PdfMatrix().scale(width, height))
            page = document.new_page(width, height)
            page.insert_obj(made)
            page.gen_content()
            page.close()
        document.save(output)
    finally:
        document.close()


def _place(reading: _Reading, image: Image.Image, number: int, made: pdfium.PdfImage) -> tuple[float, float]:
    """Put a frame into a PDF's picture, and tell the size of its page.

    A JPEG is taken as it is where nothing must be done to it; everything else is kept without loss.
    """
    upright_jpeg = image.format == "JPEG" and image.getexif().get(_ORIENTATION_TAG, _UPRIGHT) == _UPRIGHT
    if upright_jpeg and image.mode in {"L", "RGB"}:
        reading.file.seek(0)
        made.load_jpeg(io.BytesIO(reading.file.read()), inline=True)
        return _page_size(image.size, image.info)
    picture = reading.frame(image, number)
    bitmap = pdfium.PdfBitmap.from_pil(picture)
    made.set_bitmap(bitmap)
    bitmap.close()
    return _page_size(picture.size, image.info)


def _page_size(size: tuple[int, int], info: Mapping[Any, Any]) -> tuple[float, float]:
    """Keep the size that the picture says it has; one that says nothing fits on A4."""
    width, height = size
    dpi = float((info.get("dpi") or (0, 0))[0])
    if _PLAUSIBLE_DPI[0] <= dpi <= _PLAUSIBLE_DPI[1]:
        scale = _POINTS_PER_INCH / dpi
    else:
        short, long = _A4
        across, down = (long, short) if width > height else (short, long)
        scale = min(across / width, down / height, _POINTS_PER_INCH / 96)
    scale = min(scale, _MAX_SIDE_POINTS / max(width, height))
    return max(width * scale, 1.0), max(height * scale, 1.0)
