"""Pictures on their way into documents: looked at before they are trusted, brought to a format that prints."""

import base64
import binascii
import hashlib
import io
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import BinaryIO

from PIL import Image, ImageOps

from dataflowtools.src.errors import ImageTooLarge, InvalidContent
from dataflowtools.src.logics.file.documents import model

MAX_PIXELS = 50_000_000
_MAX_BYTES = 64 << 20
_POINTS_AN_INCH = 72.0
_SCREEN_DPI = 96.0
_ORIENTATION = 0x0112  # the entry of Exif
_LEAST_DPI, _MOST_DPI = 30.0, 1200.0
_KEPT = {"PNG": ("png", "image/png"), "JPEG": ("jpeg", "image/jpeg"), "GIF": ("gif", "image/gif")}
_READ = ("PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP")
_BROKEN = (OSError, ValueError, SyntaxError, IndexError, TypeError, KeyError, OverflowError, EOFError)


@dataclass(frozen=True, slots=True)
class Drawn:
    """A picture that can be put into a document; sizes in points."""

    data: bytes
    ending: str
    media_type: str
    width: float
    height: float

    @property
    def digest(self) -> str:
        """Name the content."""
        return hashlib.sha256(self.data).hexdigest()[:16]


class Pictures:
    """Finds the pictures that blocks refer to among what came with the job; the same one is read once."""

    def __init__(self, files: Mapping[str, BinaryIO]) -> None:
        self._files = files
        self._known: dict[str, Drawn] = {}

    def find(self, block: model.Picture) -> Drawn | None:
        """Return the picture in the size asked for; None for a reference that leads nowhere."""
        kind, _, rest = block.reference.partition(":")
        if kind == "file" and rest in self._files:
            return self._sized(block, lambda: _bytes_of(self._files[rest]))
        if kind == "data":
            return self._sized(block, lambda: _decoded(rest))
        return None

    def _sized(self, block: model.Picture, data: Callable[[], bytes]) -> Drawn:
        key = hashlib.sha256(block.reference.encode("utf-8", "replace")).hexdigest()
        if key not in self._known:
            self._known[key] = _checked(data())
        found = self._known[key]
        width, height = block.width, block.height
        if width and not height:
            height = found.height * width / found.width
        elif height and not width:
            width = found.width * height / found.height
        elif not width:
            return found
        return Drawn(found.data, found.ending, found.media_type, width, height)


def fitted(drawn: Drawn, width: float, height: float) -> Drawn:
    """Shrink a picture to the room there is."""
    scale = min(1.0, width / drawn.width, height / drawn.height)
    return Drawn(drawn.data, drawn.ending, drawn.media_type, drawn.width * scale, drawn.height * scale)


def _bytes_of(file: BinaryIO) -> bytes:
    file.seek(0)
    data = file.read(_MAX_BYTES + 1)
    if len(data) > _MAX_BYTES:
        raise ImageTooLarge(f"A picture in a document may have {_MAX_BYTES >> 20} MiB.")
    return data


def _decoded(text: str) -> bytes:
    head, comma, rest = text.partition(",")
    plain = rest if comma and head.endswith(";base64") else text
    try:
        return base64.b64decode("".join(plain.split()), validate=True)
    except (binascii.Error, ValueError) as exc:
        raise InvalidContent("The data of a picture are no base64.") from exc


def _checked(data: bytes) -> Drawn:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            with Image.open(io.BytesIO(data), formats=_READ) as picture:
                return _drawn(picture, data)
        except Image.DecompressionBombError as exc:
            raise ImageTooLarge(f"Pictures in documents have at most {MAX_PIXELS} pixels.") from exc
        except _BROKEN as exc:
            raise InvalidContent(
                "A picture is broken, or none of PNG, JPEG, GIF, BMP, TIFF and WebP."
            ) from exc


def _drawn(picture: Image.Image, data: bytes) -> Drawn:
    width, height = picture.size
    if width * height > MAX_PIXELS:
        raise ImageTooLarge(f"Pictures in documents have at most {MAX_PIXELS} pixels.")
    if picture.getexif().get(_ORIENTATION, 1) != 1:
        return _upright(picture)
    across, down = (_dpi(value) for value in picture.info.get("dpi", (0, 0)))
    points = (width * _POINTS_AN_INCH / across, height * _POINTS_AN_INCH / down)
    picture.load()
    kept = _KEPT.get(str(picture.format))
    if kept is not None and picture.mode != "CMYK":
        return Drawn(data, *kept, *points)
    packed = io.BytesIO()
    plain = picture.convert("RGBA" if picture.mode in {"RGBA", "LA", "PA"} else "RGB")
    plain.save(packed, "PNG")
    return Drawn(packed.getvalue(), *_KEPT["PNG"], *points)


def _upright(picture: Image.Image) -> Drawn:
    """Turn a picture as its camera says; programs that print documents do not look there."""
    turned = ImageOps.exif_transpose(picture)
    turned.getexif().pop(_ORIENTATION, None)
    held = io.BytesIO()
    is_photo = picture.format == "JPEG" and picture.mode != "CMYK"
    plain = turned if is_photo else turned.convert("RGBA" if "A" in picture.mode else "RGB")
    kept = {name: picture.info[name] for name in ("dpi", "icc_profile") if name in picture.info}
    plain.save(held, "JPEG" if is_photo else "PNG", quality=95, exif=b"", **kept)
    with Image.open(held) as again:
        return _drawn(again, held.getvalue())


def _dpi(value: float) -> float:
    return float(value) if _LEAST_DPI <= value <= _MOST_DPI else _SCREEN_DPI
