"""The formats that files are converted between, and the names that people give them."""

from collections.abc import Mapping
from dataclasses import dataclass

from dataflowtools.src.errors import UnsupportedConversion
from dataflowtools.src.logics.file.media_types import MEDIA_TYPE_OF_KIND

_MAX_SHOWN = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """A format by its short name, the ending of its files and their media type."""

    name: str
    ending: str
    media_type: str


_TEXT_TYPES: dict[str, str] = {
    "txt": "text/plain",
    "md": "text/markdown",
    "html": "text/html",
    "csv": "text/csv",
    "tsv": "text/tab-separated-values",
    "json": "application/json",
    "ndjson": "application/jsonl",
    "xml": "application/xml",
    "eml": "message/rfc822",
    "tex": "application/x-tex",
    "rst": "text/x-rst",
    "heic": MEDIA_TYPE_OF_KIND["heif"],
    "ipynb": "application/x-ipynb+json",
    "fodt": "application/vnd.oasis.opendocument.text-flat-xml",
    "fods": "application/vnd.oasis.opendocument.spreadsheet-flat-xml",
    "fodp": "application/vnd.oasis.opendocument.presentation-flat-xml",
}
_KINDS = (
    *("pdf", "docx", "doc", "odt", "rtf", "epub", "pptx", "ppt", "odp", "xlsx", "xls", "xlsb", "ods"),
    *("parquet", "arrow", "png", "jpeg", "gif", "bmp", "tiff", "webp", "avif", "zip"),
)
_ENDINGS = {"jpeg": "jpg", "tiff": "tif"}
_ALIASES = {
    "markdown": "md", "text": "txt", "htm": "html", "jpg": "jpeg", "tif": "tiff", "latex": "tex", "jsonl": "ndjson",
    "feather": "arrow", "heif": "heic", "word": "docx", "excel": "xlsx", "powerpoint": "pptx",
}  # fmt: skip

FORMATS: Mapping[str, Format] = {
    name: Format(name=name, ending=_ENDINGS.get(name, name), media_type=media)
    for name, media in ({kind: MEDIA_TYPE_OF_KIND[kind] for kind in _KINDS} | _TEXT_TYPES).items()
}
_BY_MEDIA_TYPE = {one.media_type: name for name, one in FORMATS.items()}
TABLELESS = frozenset({"txt", "xml"})  # nothing in them is read as a table
ONLY_READ = frozenset(
    {"eml", "xml", "xlsb", "gif", "bmp", "heic", "avif", "zip", "ipynb", "fodt", "fods", "fodp"}
)


def target_named(text: str) -> str:
    """Return the format that a caller means by its name, ending or media type; raises UnsupportedConversion."""
    name = text.partition(";")[0].strip().lower().removeprefix(".")
    name = _ALIASES.get(name) or _BY_MEDIA_TYPE.get(name, name)
    if name not in FORMATS or name == "zip":
        known = ", ".join(sorted(set(FORMATS) - ONLY_READ))
        raise UnsupportedConversion(
            f"There is no format {text[:_MAX_SHOWN]!r}; the formats are {known}.", field="/to"
        )
    return name
