"""Pages of a PDF as pictures: one file for one page, a zip for more, or a TIFF of them all."""

import io
import os
import zipfile
from collections.abc import Mapping
from typing import Any, BinaryIO

from PIL import Image

from dataflowtools.src.drivenadapters.converting.worker.picture_jobs import save_pictures
from dataflowtools.src.drivenadapters.ocr.worker.pdf_pages import opened_page, opened_pdf, render
from dataflowtools.src.drivenadapters.workers.job import Job
from dataflowtools.src.errors import DocumentTooLarge
from dataflowtools.src.logics.file.documents.options import chosen_pages

_MAX_PAGES = 500


def draw(job: Job, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Draw the chosen pages of the first file into the second; tells the format that it became."""
    target = str(arguments["target"])
    with (
        opened_pdf(job.files[0], arguments.get("password")) as document,
        os.fdopen(os.dup(job.files[-1].fileno()), "w+b") as output,
    ):
        numbers = chosen_pages(str(arguments["pages"]), len(document))
        if len(numbers) > _MAX_PAGES:
            raise DocumentTooLarge(f"Up to {_MAX_PAGES} pages are drawn at once; choose some by `pages`.")
        drawing = _Drawing(job, arguments, document)
        if target == "tiff":
            pictures = (drawing.page(number)[0] for number in numbers)
            save_pictures(pictures, target, output, quality=drawing.quality, dpi=drawing.dpi)
        elif len(numbers) == 1:
            drawing.save(numbers[0], target, output)
        else:
            _write_zip(drawing, numbers, target, output)
            message = f"The {len(numbers)} pages are in a zip, one picture each."
            return {
                "became": "zip",
                "warnings": [{"code": "pages_in_zip", "message": message}, *drawing.warnings],
            }
        return {"warnings": drawing.warnings}


class _Drawing:
    """A document whose pages are drawn one after the other."""

    def __init__(self, job: Job, arguments: Mapping[str, Any], document: Any) -> None:
        self.dpi = float(arguments["dpi"])
        self.quality = int(arguments["quality"])
        self.warnings: list[dict[str, str]] = []
        self._max_pixels = int(arguments["max_pixels"])
        self._job, self._document = job, document

    def page(self, number: int) -> tuple[Image.Image, float]:
        """Draw a page; a huge one at fewer dots an inch, which are returned and told."""
        with opened_page(self._document, number) as page:
            pixels, dpi = render(page, self.dpi, self._max_pixels)
        if dpi < self.dpi:
            message = f"Page {number} is huge and was drawn at {dpi:.0f} dpi."
            self.warnings.append({"code": "resolution_reduced", "message": message})
        array = pixels.array
        return Image.fromarray(array if array.ndim == 2 else array[:, :, ::-1].copy()), dpi  # noqa: PLR2004  # grey or BGR

    def save(self, number: int, target: str, output: BinaryIO) -> None:
        """Write a page as a picture."""
        picture, dpi = self.page(number)
        save_pictures([picture], target, output, quality=self.quality, dpi=dpi)


def _write_zip(drawing: _Drawing, numbers: list[int], target: str, output: BinaryIO) -> None:
    ending = {"jpeg": "jpg"}.get(target, target)
    with zipfile.ZipFile(output, "w", zipfile.ZIP_STORED) as archive:
        for number in numbers:
            held = io.BytesIO()
            drawing.save(number, target, held)
            archive.writestr(f"page-{number:04d}.{ending}", held.getvalue())
