"""What the compound files of older Office programs say of themselves (MS-OLEPS)."""

from datetime import datetime
from typing import Any, BinaryIO

import olefile

_PROPERTIES = {
    "title": "title", "subject": "subject", "author": "author", "keywords": "keywords",
    "comments": "description", "last_saved_by": "last_modified_by", "create_time": "created",
    "last_saved_time": "modified", "creating_application": "application", "company": "company",
    "category": "category", "num_pages": "pages",
}  # fmt: skip
_MACROS = ("_VBA_PROJECT_CUR", "Macros")
_UNICODE = 65001
_BROKEN = (OSError, ValueError, IndexError, TypeError, AttributeError)


def ole_metadata(file: BinaryIO) -> dict[str, Any]:
    """Read author, title, dates and whether there are macros; nothing of what is broken."""
    file.seek(0)
    try:
        with olefile.OleFileIO(file) as container:
            told = container.get_metadata()
            encoding = _encoding(told.codepage)
            found = {name: _plain(getattr(told, key), encoding) for key, name in _PROPERTIES.items()}
            macros = any(container.exists(name) for name in _MACROS)
    except _BROKEN:
        return {}
    kept = {name: value for name, value in found.items() if value not in ("", None, 0)}
    return kept | ({"has_macros": True} if macros else {})


def _encoding(codepage: int | None) -> str:
    """Name the encoding; the number is stored with a sign."""
    number = _UNICODE if codepage is None else codepage & 0xFFFF
    name = "utf-8" if number == _UNICODE else f"cp{number}"
    try:
        "".encode(name)
    except LookupError:
        return "latin-1"
    return name


def _plain(value: Any, encoding: str) -> Any:
    if isinstance(value, bytes):
        return value.decode(encoding, errors="replace").strip("\0 ")[:2000]
    if isinstance(value, datetime):
        return value.isoformat() + "Z"
    return value
