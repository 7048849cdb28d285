"""EAN and UPC by ZBar, whose eye for them differs from zxing-cpp's; absent where its library is not installed."""

import base64
import ctypes
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pyzbar import zbar_library

_SONAME = "libzbar.so.0"
_FORMATS = {"EAN13": "EAN13", "UPCA": "UPCA"}  # the short ones are read into noise too easily
_loaded: dict[str, Any] = {}


def warm_up() -> None:
    """Load the library by its name: looking for it would start programs, which a worker may not."""
    try:
        library = ctypes.CDLL(_SONAME)
    except OSError:
        return
    zbar_library.load = lambda: (library, [])
    from pyzbar import pyzbar

    _loaded["pyzbar"] = pyzbar


def is_there() -> bool:
    """Whether ZBar is installed."""
    return bool(_loaded)


def read(grey: NDArray[np.uint8]) -> list[dict[str, Any]]:
    """Read EAN and UPC codes; nothing where ZBar is not installed."""
    if not _loaded:
        return []
    pyzbar = _loaded["pyzbar"]
    symbols = [pyzbar.ZBarSymbol[name] for name in _FORMATS]
    return [_described(code) for code in pyzbar.decode(np.ascontiguousarray(grey), symbols=symbols)]


def _described(code: Any) -> dict[str, Any]:
    left, top, width, height = code.rect
    corners = [(point.x, point.y) for point in code.polygon]
    if len(corners) != 4:  # noqa: PLR2004  # a code seen along one line only has fewer corners
        right, bottom = left + width, top + height
        corners = [(left, top), (right, top), (right, bottom), (left, bottom)]
    return {
        "text": code.data.decode("ascii", errors="replace"),
        "bytes": base64.b64encode(code.data).decode(),
        "format": _FORMATS[code.type],
        "family": "EANUPC",
        "content": "Text",
        "identifier": "]E0",
        "level": "",
        "eci": None,
        "extra": {},
        "orientation": 0,
        "polygon": [[float(x), float(y)] for x, y in corners],
        "reader": "zbar",
    }
