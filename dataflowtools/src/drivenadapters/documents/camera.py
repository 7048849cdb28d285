"""What a camera wrote into a picture (EXIF): when, where, with what."""

import math
from collections.abc import Mapping
from typing import Any

_PLAIN = {271: "camera_make", 272: "camera_model", 305: "application", 315: "author", 33432: "copyright"}
_EXPOSURE = {33434: "exposure_s", 33437: "f_number", 34855: "iso", 37386: "focal_length_mm", 42036: "lens"}
_ORIENTATION, _CHANGED, _EXIF, _GPS = 274, 306, 0x8769, 0x8825
_TAKEN = 36867
_BROKEN = (
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    ZeroDivisionError,
    OverflowError,
    AttributeError,
    SyntaxError,
)


def camera_facts(exif: Any) -> dict[str, Any]:
    """Read what there is; entries that are broken are left out."""
    facts: dict[str, Any] = {name: _text(exif[tag]) for tag, name in _PLAIN.items() if tag in exif}
    try:
        inner, place = exif.get_ifd(_EXIF), exif.get_ifd(_GPS)
    except _BROKEN:
        inner, place = {}, {}
    facts |= {name: value for tag, name in _EXPOSURE.items() if (value := _value(inner.get(tag))) is not None}
    moment = inner.get(_TAKEN) or exif.get(_CHANGED)
    if moment:
        facts["created"] = _moment(_text(moment))
    if exif.get(_ORIENTATION, 1) != 1:
        facts["exif_orientation"] = _value(exif[_ORIENTATION])
    location = _location(place)
    return facts | ({"location": location} if location else {})


def _text(value: Any) -> str:
    return str(value).strip("\0 ")[:200]


def _value(value: Any) -> str | float | int | None:
    if value is None or isinstance(value, int):
        return value
    if isinstance(value, str):
        return _text(value)
    try:
        number = float(value[0] if isinstance(value, tuple) else value)
    except _BROKEN:
        return None
    return round(number, 6) if math.isfinite(number) else None


def _moment(text: str) -> str:
    """Write 2024:01:31 12:00:00 as ISO 8601; it has no time zone."""
    date, _, time = text.partition(" ")
    return f"{date.replace(':', '-')}T{time}" if time and date.count(":") == 2 else text  # noqa: PLR2004  # year, month, day


def _location(place: Mapping[int, Any]) -> dict[str, float]:
    try:
        north, east = (_degrees(place[tag + 1], place[tag]) for tag in (1, 3))
    except _BROKEN:
        return {}
    if not (math.isfinite(north) and math.isfinite(east)):
        return {}
    return {"latitude": round(north, 6), "longitude": round(east, 6)}


def _degrees(parts: Any, side: str) -> float:
    degrees, minutes, seconds = (float(part) for part in parts)
    size = degrees + minutes / 60 + seconds / 3600
    return -size if side in ("S", "W") else size
