"""Pictures: their facts here, their text by the recogniser; their size is checked before decoding."""

import warnings
from typing import Any, ClassVar

from PIL import Image

from dataflowtools.src.drivenadapters.documents.camera import camera_facts
from dataflowtools.src.errors import CorruptFile, ImageTooLarge
from dataflowtools.src.logics.file.documents import recognised
from dataflowtools.src.logics.file.documents.handler import DocumentHandler, Source
from dataflowtools.src.logics.file.documents.model import Block, Caveat, Document, PageInfo, Picture
from dataflowtools.src.logics.file.documents.options import ReadOptions, chosen_pages

MAX_PIXELS = 100_000_000
_DECODED_PIXELS = 25_000_000
MAX_FRAMES = 1000
_BROKEN = (
    OSError,
    ValueError,
    SyntaxError,
    IndexError,
    TypeError,
    KeyError,
    OverflowError,
    EOFError,
    RuntimeError,
)


class ImageHandler(DocumentHandler):
    """Reads what a picture says about itself; each frame is a page that needs recognition."""

    formats: ClassVar[frozenset[str]] = frozenset(
        {"png", "jpeg", "gif", "bmp", "tiff", "webp", "heic", "avif"}
    )
    engine: ClassVar[str] = "pillow"

    def read(self, source: Source, options: ReadOptions) -> Document:
        """Read size, frames and camera."""
        source.file.seek(0)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            try:
                with Image.open(source.file) as picture:
                    return _document(picture, source, options)
            except Image.DecompressionBombError as exc:
                raise ImageTooLarge(f"Pictures are read up to {MAX_PIXELS} pixels.") from exc
            except _BROKEN as exc:
                raise CorruptFile("The picture is broken or cut short.") from exc


def _document(picture: Any, source: Source, options: ReadOptions) -> Document:
    width, height = picture.size
    if width * height > MAX_PIXELS:
        raise ImageTooLarge(f"The picture has {width} × {height} pixels; {MAX_PIXELS} are read.")
    frames = getattr(picture, "n_frames", 1)
    facts: dict[str, Any] = {"width": width, "height": height, "mode": picture.mode, "frames": frames}
    exif = picture.getexif()
    facts |= camera_facts(exif)
    if width * height <= _DECODED_PIXELS:
        picture.load()
    chosen = chosen_pages(options.pages, min(frames, MAX_FRAMES))
    seen = source.recognised
    caveats = []
    if not all(number in seen for number in chosen):
        caveats.append(Caveat(code="needs_ocr", message="The picture's text has to be recognised."))
    if frames > MAX_FRAMES:
        message = f"Only {MAX_FRAMES} of {frames} frames are shown."
        caveats.append(Caveat(code="pages_truncated", message=message))
    pages = [
        PageInfo(number=one, width=width, height=height, source="ocr", needs_ocr=one not in seen)
        for one in chosen
    ]
    blocks: list[Block] = []
    for number in chosen:
        blocks.append(Picture(reference=source.name, media_type=f"image/{source.format}", page=number))
        blocks.extend(recognised.blocks_of(seen.get(number, ()), number, width, height))
    return Document(blocks=blocks, metadata=facts | {"pages": frames}, warnings=caveats, pages=pages)
