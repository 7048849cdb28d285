"""What a conversion can lose only where there is some of it: a csv has no formulas, a JPEG nothing transparent."""

from collections.abc import Mapping

_TABLES = frozenset({"csv", "tsv", "json", "ndjson", "parquet", "arrow"})
_BOOKS = frozenset({"xlsx", "xls", "xlsb", "ods", "fods"})
_OFFICE = _BOOKS | {"docx", "doc", "odt", "fodt", "rtf", "pptx", "ppt", "odp", "fodp"}
_PLAIN = _TABLES | {"txt", "xml"}
_PICTURES = frozenset({"png", "jpeg", "gif", "bmp", "tiff", "webp", "heic", "avif"})
_ONE_OPAQUE_FRAME = frozenset({"jpeg", "bmp"})

_ONLY_IN: Mapping[str, frozenset[str]] = {
    "formulas": _BOOKS,
    "other_sheets": _BOOKS,
    "types": frozenset({"parquet", "arrow"}),
    "newer_features": _OFFICE,
    "rows_beyond_65536": _BOOKS | _TABLES,
    "transparency": _PICTURES - _ONE_OPAQUE_FRAME,
    "other_frames": _PICTURES - _ONE_OPAQUE_FRAME,
}
_NEVER_IN: Mapping[str, frozenset[str]] = {
    "layout": _PLAIN | {"md", "rst", "ipynb"},
    "pictures": _PLAIN,
    "styles": _PLAIN | _PICTURES,
}


def can_lose(source: str, loss: str) -> bool:
    """Tell whether a file of this format may have what is lost."""
    return source in _ONLY_IN.get(loss, {source}) and source not in _NEVER_IN.get(loss, ())
