"""Tells the kind of content from its first and last bytes, without parsing it."""

import re
import struct
from collections.abc import Mapping

HEAD_BYTES = 64 * 1024
TAIL_BYTES = 256 * 1024

_ZIP = b"PK\x03\x04"
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_PDF_JUNK_BYTES = 1024
_LATE_PDF = re.compile(rb"[\r\n]%PDF-\d\.\d")
_MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"%PDF-", "pdf"),
    (b"\x89PNG\r\n\x1a\n", "png"),
    (b"\xff\xd8\xff", "jpeg"),
    (b"GIF87a", "gif"),
    (b"GIF89a", "gif"),
    (b"II*\x00", "tiff"),
    (b"MM\x00*", "tiff"),
    (b"II+\x00", "tiff"),
    (b"MM\x00+", "tiff"),
    (b"{\\rtf", "rtf"),
    (b"\x1f\x8b", "gzip"),
    (b"BZh", "bzip2"),
    (b"\xfd7zXZ\x00", "xz"),
    (b"7z\xbc\xaf\x27\x1c", "7z"),
    (b"Rar!\x1a\x07", "rar"),
    (b"\x7fELF", "elf"),
    (b"SQLite format 3\x00", "sqlite"),
    (b"PAR1", "parquet"),
    (b"ARROW1\x00", "arrow"),
    (b"%!PS", "postscript"),
    (b"8BPS", "psd"),
    (b"\x00\x00\x01\x00", "ico"),
    (b"PK\x05\x06", "zip"),
)
_BIFF = re.compile(rb"\x09[\x00\x02\x04\x08][\x04\x06\x08]\x00")  # worksheets older than OLE files
_BRANDS: Mapping[bytes, str] = {b"heic": "heif", b"heix": "heif", b"mif1": "heif", b"avif": "avif"}
_MARKUP = re.compile(  # atomic: comments that never end must not be tried in every combination
    rb"\s*+(?:(?><!--.*?-->)\s*+)*+<(!doctype\s+html|html|head|body|script|\?xml|svg)[\s>]",
    re.IGNORECASE | re.DOTALL,
)
_SVG = re.compile(rb"<svg[\s>]", re.IGNORECASE)
_HTML = re.compile(rb"<!doctype\s+html|<html[\s>]", re.IGNORECASE)
_BOMS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")
_NOT_TEXT = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
_ODF_PREFIX = "application/vnd.oasis.opendocument."
_ODF_KINDS = {"text": "odt", "spreadsheet": "ods", "presentation": "odp"}
_CONTENT_TYPES = "[content_types].xml"
_FOLDERS: tuple[tuple[str, str], ...] = (
    ("word/", "docx"),
    ("xl/workbook.bin", "xlsb"),
    ("xl/", "xlsx"),
    ("ppt/", "pptx"),
)
_OLE_STREAMS: tuple[tuple[str, str], ...] = (
    ("WordDocument", "doc"),
    ("Workbook", "xls"),
    ("Book", "xls"),
    ("PowerPoint Document", "ppt"),
    ("__nameid_version1.0", "msg"),
)
OLE_NAMES: Mapping[bytes, str] = {
    b"\x00" * 2 + name.encode("utf-16-le") + b"\x00\x00": kind
    for name, kind in (*_OLE_STREAMS, ("EncryptedPackage", "encrypted-office"))
}
_ARROW_CONTINUES = b"\xff\xff\xff\xff"
_ARROW_SCHEMA_BYTES = 1 << 24
_END_OF_DIRECTORY = struct.Struct("<4sHHHHIIH")
_ENTRY = struct.Struct("<4sHHHHHHIIIHHHHHII")


def is_ole(head: bytes) -> bool:
    """Hold for the compound files of older office programs; their kind shows by the streams inside."""
    return head.startswith(_OLE)


def kind_of_ole(streams: frozenset[str]) -> str:
    """Name the kind by the streams found; several programs' streams leave it open."""
    if "encrypted-office" in streams:
        return "encrypted-office"
    return next(iter(streams)) if len(streams) == 1 else "ole"


def kind_of_head(head: bytes) -> str:
    """Name the kind by the first bytes; `zip` and `ole` are refined by the rest of the content."""
    if not head:
        return "empty"
    if head.startswith(_ZIP):
        return "zip"
    if is_ole(head):
        return "ole"
    found = next((kind for magic, kind in _MAGIC if head.startswith(magic)), None)
    return found or _kind_of_inner_magic(head) or _kind_of_text(head)


def _kind_of_inner_magic(head: bytes) -> str | None:
    signs = (
        ("webp", head.startswith(b"RIFF") and head[8:12] == b"WEBP"),
        ("bmp", head.startswith(b"BM") and head[6:10] == b"\x00\x00\x00\x00"),
        ("exe", head.startswith(b"MZ") and _NOT_TEXT.search(head[:128]) is not None),
        ("tar", head[257:262] == b"ustar"),
        ("xls", _BIFF.match(head) is not None),
        ("arrow", _is_arrow_stream(head)),
        ("pdf", _LATE_PDF.search(head, 0, _PDF_JUNK_BYTES) is not None),
    )
    if head[4:8] == b"ftyp" and head[8:12] in _BRANDS:
        return _BRANDS[head[8:12]]
    return next((kind for kind, shown in signs if shown), None)


def _is_arrow_stream(head: bytes) -> bool:
    """A stream begins with a continuation mark and the length of its schema, a multiple of eight."""
    if not head.startswith(_ARROW_CONTINUES) or len(head) < 8:  # noqa: PLR2004 - mark and length
        return False
    length = int.from_bytes(head[4:8], "little")
    return 0 < length < _ARROW_SCHEMA_BYTES and length % 8 == 0


def _kind_of_text(head: bytes) -> str:
    bom = next((mark for mark in _BOMS if head.startswith(mark)), b"")
    if len(bom) == 2:  # noqa: PLR2004 - UTF-16
        return "text"
    markup = _MARKUP.match(head[len(bom) :])
    if markup is None:
        return "binary" if _NOT_TEXT.search(head) else "text"
    word = markup[1].lower()
    if word in {b"?xml", b"svg"}:
        return _kind_of_xml(head)
    return "html"


def _kind_of_xml(head: bytes) -> str:
    start = head[:4096]
    if _HTML.search(start):
        return "html"
    return "svg" if _SVG.search(start) else "xml"


def kind_of_zip(head: bytes, tail: bytes, size_bytes: int) -> str:
    """Look at the names in a zip's directory; its first entry tells for OpenDocument and EPUB."""
    declared = _declared_type(head)
    if declared is not None:
        return declared
    end = tail.rfind(b"PK\x05\x06")
    if end < 0 or len(tail) - end < _END_OF_DIRECTORY.size:
        return "damaged-zip"
    *_, start, _ = _END_OF_DIRECTORY.unpack_from(tail, end)
    offset = start - (size_bytes - len(tail))
    if 0 <= offset <= end:
        return _kind_of_names(_names(tail, offset, end))
    early = head.lower()  # a directory larger than what is kept: the main part comes early in practice
    names = (name for name, _ in _FOLDERS if name.encode() in early)
    return _kind_of_names({_CONTENT_TYPES, *names} if _CONTENT_TYPES.encode() in early else set())


def _kind_of_names(names: set[str]) -> str:
    if _CONTENT_TYPES not in names:
        return "zip"
    return next((kind for start, kind in _FOLDERS if any(name.startswith(start) for name in names)), "zip")


def _declared_type(head: bytes) -> str | None:
    if head[30:38] != b"mimetype":
        return None
    length = struct.unpack_from("<I", head, 18)[0]
    declared = head[38 : 38 + length].decode("ascii", errors="replace")
    if declared == "application/epub+zip":
        return "epub"
    return _ODF_KINDS.get(declared.removeprefix(_ODF_PREFIX).removesuffix("-template"))


def _names(directory: bytes, offset: int, end: int) -> set[str]:
    names: set[str] = set()
    while offset + _ENTRY.size <= end:
        fields = _ENTRY.unpack_from(directory, offset)
        if fields[0] != b"PK\x01\x02":
            break
        name_length, extra_length, comment_length = fields[10:13]
        start = offset + _ENTRY.size
        name = directory[start : start + name_length].decode("utf-8", errors="replace")
        names.add(name.lower().replace("\\", "/"))
        offset = start + name_length + extra_length + comment_length
    return names
