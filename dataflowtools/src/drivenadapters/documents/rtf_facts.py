"""What rich text says in its head: code page, fonts, styles of headings, and properties."""

import re
from collections.abc import Callable
from typing import Any

_CHARSETS = {
    0: "cp1252", 128: "cp932", 129: "cp949", 134: "gb18030", 136: "big5", 161: "cp1253",
    162: "cp1254", 163: "cp1258", 177: "cp1255", 178: "cp1256",
    186: "cp1257", 204: "cp1251", 222: "cp874", 238: "cp1250",
}  # fmt: skip
_INFO_BYTES = 1 << 16
_HEAD_BYTES = 1 << 20
_PROPERTIES = {
    b"title": "title", b"author": "author", b"subject": "subject", b"keywords": "keywords",
    b"operator": "last_modified_by", b"company": "company", b"doccomm": "description",
}  # fmt: skip
_INFO = re.compile(
    rb"\{(?:\\\*)?\\(title|author|subject|keywords|operator|company|doccomm) ?((?:[^{}\\]|\\.|\{\\\*?[^{}]*\})*)\}"
)
_MOMENT = re.compile(
    rb"\\(creatim|revtim)\\yr(\d{4})\\mo(\d{1,2})\\dy(\d{1,2})(?:\\hr(\d{1,2}))?(?:\\min(\d{1,2}))?"
)
_STYLE = re.compile(rb"\{\\s(\d{1,5})\b([^{};]{0,2000})(?:\{[^{}]{0,200}\})?;\}")
_HEADING = re.compile(rb"heading (\d)\Z", re.IGNORECASE)
_OUTLINE = re.compile(rb"\\outlinelevel(\d)\b")


def code_page(data: bytes) -> str:
    """Name the code page that the head declares."""
    page = re.search(rb"\\ansicpg(\d+)", data[:4096])
    return _codec(f"cp{int(page[1])}", "cp1252") if page is not None else "cp1252"


def fonts(data: bytes) -> dict[int, str]:
    """Name the encoding of each font."""
    found = re.findall(rb"\\f(\d{1,5})[^;{}]{0,200}?\\fcharset(\d{1,3})", data[:_HEAD_BYTES])
    return {int(number): _CHARSETS.get(int(charset), "") for number, charset in found}


def heading_styles(data: bytes) -> dict[int, int]:
    """Name the level of each style that is one of headings."""
    levels: dict[int, int] = {}
    for number, definition in _STYLE.findall(data[:_HEAD_BYTES]):
        named, outline = _HEADING.search(definition.strip()), _OUTLINE.search(definition)
        if named is not None or outline is not None:
            level = int(named[1]) if named is not None else int(outline[1]) + 1  # type: ignore[index]  # one is there
            levels[int(number)] = min(max(level, 1), 6)
        elif definition.strip().lower().endswith(b" title"):
            levels[int(number)] = 1
    return levels


def properties(data: bytes, text_of_piece: Callable[[bytes], str]) -> dict[str, Any]:
    """Read what the group of properties tells; each of its texts is read as a document of its own."""
    start = data.find(b"{\\info", 0, _HEAD_BYTES)
    if start < 0:
        return {}
    head = data[: data.find(b"{", 1)]
    found: dict[str, Any] = {}
    for key, text in _INFO.findall(data[start : start + _INFO_BYTES]):
        told = text_of_piece(head + b" " + text + b"}")
        if told:
            found.setdefault(_PROPERTIES[key], told[:2000])
    for key, *numbers in _MOMENT.findall(data[start : start + _INFO_BYTES]):
        year, month, day, hour, minute = (int(number or 0) for number in numbers)
        name = "created" if key == b"creatim" else "modified"
        found[name] = f"{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:00"
    return found


def _codec(name: str, default: str) -> str:
    try:
        b"".decode(name)
    except LookupError:
        return default
    return name
