"""Every colour model as plain grey or BGR bytes on an opaque ground."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

_LIGHT = 150.0
_BYTE_MAX = 255
_WORD_MAX = 65535
_ORIENTATION_TAG = 0x0112
_DIRECT_MODES = {"L", "RGB", "RGBA", "CMYK", "LA", "YCbCr"}


@dataclass(frozen=True, slots=True)
class Pixels:
    """A decoded page: the array may be smaller than the picture by `factor`."""

    array: NDArray[np.uint8]
    width: int
    height: int
    factor: float
    truncated: bool = False


def reduced(image: Image.Image, working_pixels: int) -> tuple[Image.Image, float]:
    """Shrink what is larger than any engine needs; the factor tells how much."""
    width, height = image.size
    factor = 1
    while width * height / factor**2 > working_pixels:
        factor += 1
    if factor == 1:
        return image, 1.0
    if image.mode not in _DIRECT_MODES:
        image = Image.fromarray(_as_bytes(image)) if _is_deep(image) else image.convert("RGBA")
    smaller = image.reduce(factor)
    smaller.info = image.info
    if (exif := image.getexif()) and _ORIENTATION_TAG in exif:
        smaller.getexif()[_ORIENTATION_TAG] = exif[_ORIENTATION_TAG]
    return smaller, float(factor)


def plain_pixels(image: Image.Image) -> NDArray[np.uint8]:
    """Give grey or BGR pixels; what shines through gets the ground that makes it readable."""
    if _is_deep(image):
        return _as_bytes(image)
    if image.mode in {"1", "L"} and "transparency" not in image.info:
        return np.array(image.convert("L"), dtype=np.uint8)
    if image.mode in {"RGBA", "LA", "PA", "RGBa", "La"} or "transparency" in image.info:
        return _on_ground(np.array(image.convert("RGBA"), dtype=np.uint8))
    return np.ascontiguousarray(np.array(image.convert("RGB"), dtype=np.uint8)[:, :, ::-1])


def _is_deep(image: Image.Image) -> bool:
    return image.mode.startswith("I") or image.mode == "F"


def _as_bytes(image: Image.Image) -> NDArray[np.uint8]:
    """Scale 16 bits to 8, and other ranges by what occurs in them."""
    values = np.nan_to_num(np.array(image).astype(np.float32))
    low, high = float(values.min()), float(values.max())
    if low >= 0 and _BYTE_MAX < high <= _WORD_MAX and high > _WORD_MAX / 4:
        low, high = 0.0, float(_WORD_MAX)
    elif low >= 0 and high <= _BYTE_MAX:
        low, high = 0.0, float(_BYTE_MAX)
    return ((values - low) * (_BYTE_MAX / max(high - low, 1e-6))).astype(np.uint8)


def _on_ground(rgba: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Lay the picture on white, or on black when what is visible of it is light."""
    alpha = rgba[:, :, 3].astype(np.float32) / np.float32(_BYTE_MAX)
    weight = float(alpha.sum())
    grey = cv2.cvtColor(rgba, cv2.COLOR_RGBA2GRAY).astype(np.uint8)
    clear = weight < 0.98 * alpha.size
    lightness = float((grey * alpha).sum()) / weight if weight else 0.0
    ground = 0.0 if clear and lightness > _LIGHT and _is_uniform(grey, alpha) else float(_BYTE_MAX)
    bgr = rgba[:, :, 2::-1].astype(np.float32)
    mixed = bgr * alpha[:, :, None] + ground * (1 - alpha[:, :, None])
    return np.ascontiguousarray(np.clip(mixed + 0.5, 0, _BYTE_MAX).astype(np.uint8))


def _is_uniform(grey: NDArray[np.uint8], alpha: NDArray[np.float32]) -> bool:
    """Whether hardly anything dark is visible, which would vanish on black."""
    visible = grey[alpha > 0.5]  # noqa: PLR2004  # more opaque than not
    return visible.size == 0 or float((visible < _LIGHT / 2).mean()) < 0.02  # noqa: PLR2004  # specks
