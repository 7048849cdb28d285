"""Pictures of every format, opened by their header alone and read frame by frame."""

import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

import pillow_heif
from PIL import Image, ImageFile, ImageOps

from dataflowtools.src.drivenadapters.ocr.worker.pixels import Pixels, plain_pixels, reduced
from dataflowtools.src.errors import CorruptFile, EmptyFile, ImageTooLarge, UnsupportedType

Image.MAX_IMAGE_PIXELS = None  # our own limit is checked on the header, before a pixel is decoded
pillow_heif.register_heif_opener()

HEAD_BYTES = 32
_FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "GIF", "TIFF", "HEIF", "AVIF")
_HEIF_BRANDS = (b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1", b"avif", b"avis")
_MAGIC = (
    (b"%PDF-", "pdf"),
    (b"\x89PNG\r\n\x1a\n", "png"),
    (b"\xff\xd8\xff", "jpeg"),
    (b"GIF87a", "gif"),
    (b"GIF89a", "gif"),
    (b"BM", "bmp"),
    (b"II*\x00", "tiff"),
    (b"MM\x00*", "tiff"),
    (b"II+\x00", "tiff"),
    (b"MM\x00+", "tiff"),
)
_BROKEN = (
    OSError, SyntaxError, ValueError, EOFError, KeyError, IndexError, TypeError, OverflowError,
    RuntimeError, struct.error, zlib.error,
)  # fmt: skip


def format_of(file: BinaryIO) -> str:
    """Tell the format by the first bytes; EmptyFile or UnsupportedType when there is nothing to read."""
    file.seek(0)
    head = file.read(HEAD_BYTES)
    if not head:
        raise EmptyFile("The file holds no byte.", field="/file")
    for magic, name in _MAGIC:
        if head.startswith(magic):
            return name
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "webp"
    if head[4:8] == b"ftyp" and head[8:12] in _HEIF_BRANDS:
        return "heic"
    file.seek(0)
    if b"%PDF-" in file.read(1024):
        return "pdf"
    raise UnsupportedType(
        "Neither a picture (png, jpg, webp, bmp, gif, tiff, heic, avif) nor a PDF.", field="/file"
    )


@contextmanager
def opened_picture(file: BinaryIO, max_pixels: int) -> Iterator[Image.Image]:
    """Open a picture; its size is checked before anything is decoded."""
    file.seek(0)
    try:
        image = Image.open(file, formats=_FORMATS)
    except _BROKEN as exc:
        raise CorruptFile("The picture is broken.", field="/file") from exc
    with image:
        check_size(image, max_pixels)
        yield image


def check_size(image: Image.Image, max_pixels: int) -> None:
    """Refuse a frame of more pixels than are read."""
    width, height = image.size
    if width * height > max_pixels:
        raise ImageTooLarge(
            f"The picture has {width} x {height} pixels; at most {max_pixels // 1_000_000} million are read.",
            field="/file",
        )


def frame_count(image: Image.Image, limit: int) -> int:
    """Count the frames, no further than the limit and one."""
    count = 1
    if not getattr(image, "is_animated", False) and getattr(image, "n_frames", 1) == 1:
        return 1
    while count <= limit:
        try:
            image.seek(count)
        except EOFError:
            break
        except _BROKEN as exc:
            raise CorruptFile(f"Frame {count + 1} is broken.", field="/file") from exc
        count += 1
    return count


def read_frame(image: Image.Image, number: int, max_pixels: int, working_pixels: int) -> Pixels:
    """Decode one frame, counted from 1, as it is meant to be seen."""
    try:
        image.seek(number - 1)
    except _BROKEN as exc:
        raise CorruptFile(f"Frame {number} cannot be read.", field="/file") from exc
    check_size(image, max_pixels)
    truncated = _load(image)
    try:
        width, height = image.size
        small, factor = reduced(image, working_pixels)
        turned = ImageOps.exif_transpose(small)
        if image.getexif().get(0x0112, 1) in {5, 6, 7, 8}:
            width, height = height, width
        array = plain_pixels(turned)
    except _BROKEN as exc:
        raise CorruptFile(f"Frame {number} cannot be decoded.", field="/file") from exc
    return Pixels(array, width, height, factor, truncated)


def _load(image: Image.Image) -> bool:
    """Decode, as far as the data goes; True when some of it is missing."""
    try:
        image.load()
    except _BROKEN:
        pass
    else:
        return False
    ImageFile.LOAD_TRUNCATED_IMAGES = True
    try:
        image.load()
    except _BROKEN as exc:
        raise CorruptFile("The picture's data is broken.", field="/file") from exc
    finally:
        ImageFile.LOAD_TRUNCATED_IMAGES = False
    return True
