"""What a name claims to be, and which kinds of content bear the claim out."""

from collections.abc import Mapping
from dataclasses import dataclass

OCTET_STREAM = "application/octet-stream"

_OOXML = "application/vnd.openxmlformats-officedocument"
_ODF = "application/vnd.oasis.opendocument"

MEDIA_TYPE_OF_KIND: Mapping[str, str] = {
    "pdf": "application/pdf",
    "png": "image/png",
    "jpeg": "image/jpeg",
    "gif": "image/gif",
    "bmp": "image/bmp",
    "tiff": "image/tiff",
    "webp": "image/webp",
    "heif": "image/heif",
    "avif": "image/avif",
    "ico": "image/vnd.microsoft.icon",
    "psd": "image/vnd.adobe.photoshop",
    "zip": "application/zip",
    "docx": f"{_OOXML}.wordprocessingml.document",
    "xlsx": f"{_OOXML}.spreadsheetml.sheet",
    "xlsb": "application/vnd.ms-excel.sheet.binary.macroenabled.12",
    "pptx": f"{_OOXML}.presentationml.presentation",
    "odt": f"{_ODF}.text",
    "ods": f"{_ODF}.spreadsheet",
    "odp": f"{_ODF}.presentation",
    "epub": "application/epub+zip",
    "doc": "application/msword",
    "xls": "application/vnd.ms-excel",
    "ppt": "application/vnd.ms-powerpoint",
    "msg": "application/vnd.ms-outlook",
    "ole": "application/x-ole-storage",
    "encrypted-office": "application/x-ole-storage",
    "rtf": "application/rtf",
    "gzip": "application/gzip",
    "bzip2": "application/x-bzip2",
    "xz": "application/x-xz",
    "7z": "application/x-7z-compressed",
    "rar": "application/vnd.rar",
    "tar": "application/x-tar",
    "elf": "application/x-executable",
    "exe": "application/vnd.microsoft.portable-executable",
    "sqlite": "application/vnd.sqlite3",
    "parquet": "application/vnd.apache.parquet",
    "arrow": "application/vnd.apache.arrow.file",
    "postscript": "application/postscript",
    "html": "text/html",
    "svg": "image/svg+xml",
    "xml": "application/xml",
    "text": "text/plain",
}


@dataclass(frozen=True, slots=True)
class Claim:
    """The media type of an extension and the kinds of content that are true to it."""

    media_type: str
    kinds: frozenset[str]


_ANY_TEXT = frozenset({"text", "html", "xml", "svg", "binary"})
_ANY_ZIP = frozenset({"zip", "docx", "xlsx", "xlsb", "pptx", "odt", "ods", "odp", "epub", "damaged-zip"})
_TEXTS: Mapping[str, str] = {
    "txt": "text/plain",
    "text": "text/plain",
    "log": "text/plain",
    "md": "text/markdown",
    "markdown": "text/markdown",
    "csv": "text/csv",
    "tsv": "text/tab-separated-values",
    "json": "application/json",
    "jsonl": "application/jsonl",
    "ndjson": "application/jsonl",
    "xml": "application/xml",
    "yaml": "application/yaml",
    "yml": "application/yaml",
    "toml": "application/toml",
    "html": "text/html",
    "htm": "text/html",
    "xhtml": "application/xhtml+xml",
    "svg": "image/svg+xml",
    "css": "text/css",
    "js": "text/javascript",
    "py": "text/x-python",
    "sql": "application/sql",
    "eml": "message/rfc822",
    "ics": "text/calendar",
    "tex": "application/x-tex",
    "rst": "text/x-rst",
    "fodt": f"{_ODF}.text-flat-xml",
    "fods": f"{_ODF}.spreadsheet-flat-xml",
}
_OOXML_MACROS: Mapping[str, tuple[str, str]] = {
    "docm": ("docx", "application/vnd.ms-word.document.macroenabled.12"),
    "dotx": ("docx", f"{_OOXML}.wordprocessingml.template"),
    "dotm": ("docx", "application/vnd.ms-word.template.macroenabled.12"),
    "xlsm": ("xlsx", "application/vnd.ms-excel.sheet.macroenabled.12"),
    "xltx": ("xlsx", f"{_OOXML}.spreadsheetml.template"),
    "xltm": ("xlsx", "application/vnd.ms-excel.template.macroenabled.12"),
    "pptm": ("pptx", "application/vnd.ms-powerpoint.presentation.macroenabled.12"),
    "ppsx": ("pptx", f"{_OOXML}.presentationml.slideshow"),
    "potx": ("pptx", f"{_OOXML}.presentationml.template"),
}
# Only extensions that mean one thing everywhere: .msg, .db, .dot or .ps may be anything, and bear what is found.
_BINARIES: Mapping[str, str] = {
    **{
        kind: kind
        for kind in (
            *(
                "pdf",
                "png",
                "jpeg",
                "gif",
                "bmp",
                "tiff",
                "webp",
                "heif",
                "avif",
                "psd",
                "zip",
                "docx",
                "xlsx",
            ),
            *("xlsb", "pptx", "odt", "ods", "odp", "epub", "doc", "xls", "ppt", "rtf", "7z", "rar", "xz"),
            *("sqlite", "parquet", "arrow"),
        )
    },
    "jpg": "jpeg",
    "jpe": "jpeg",
    "tif": "tiff",
    "heic": "heif",
    "gz": "gzip",
    "tgz": "gzip",
    "bz2": "bzip2",
    "xlt": "xls",
    "pps": "ppt",
    "feather": "arrow",
}
_LEGACY_OFFICE = frozenset({"ole", "encrypted-office"})
_MORE_KINDS: Mapping[str, frozenset[str]] = {
    "zip": _ANY_ZIP,
    "docx": frozenset({"encrypted-office", "damaged-zip"}),
    "xlsx": frozenset({"encrypted-office", "damaged-zip"}),
    "xlsb": frozenset({"encrypted-office", "damaged-zip"}),
    "pptx": frozenset({"encrypted-office", "damaged-zip"}),
    "odt": frozenset({"damaged-zip"}),
    "ods": frozenset({"damaged-zip"}),
    "odp": frozenset({"damaged-zip"}),
    "epub": frozenset({"damaged-zip"}),
    "doc": _LEGACY_OFFICE | {"rtf"},  # word processors write RTF under .doc
    "xls": _LEGACY_OFFICE,
    "ppt": _LEGACY_OFFICE,
}


def _claims() -> dict[str, Claim]:
    claims = {
        name: Claim(MEDIA_TYPE_OF_KIND[kind], frozenset({kind}) | _MORE_KINDS.get(kind, frozenset()))
        for name, kind in _BINARIES.items()
    }
    claims |= {name: Claim(media, claims[kind].kinds) for name, (kind, media) in _OOXML_MACROS.items()}
    claims |= {name: Claim(media, _ANY_TEXT) for name, media in _TEXTS.items()}
    return claims


CLAIMS: Mapping[str, Claim] = _claims()
