"""What a file is by its content, held against what its name says; the first bytes decide."""

import re
from collections.abc import Mapping
from typing import BinaryIO

import olefile

from dataflowtools.src.drivenadapters.documents.encodings import wide_encoding
from dataflowtools.src.drivenadapters.documents.zip_package import ZipPackage
from dataflowtools.src.errors import CorruptFile, EmptyFile, TypeMismatch, UnsupportedType

ENCRYPTED = "encrypted"
_HEAD_BYTES = 1 << 16
_PDF_WITHIN = 1024
_SIGNATURES = (
    (b"{\\rtf", "rtf"), (b"\x89PNG\r\n\x1a\n", "png"), (b"\xff\xd8\xff", "jpeg"), (b"GIF8", "gif"), (b"BM",
    "bmp"), (b"II*\0", "tiff"), (b"MM\0*", "tiff"), (b"MZ", "exe"), (b"\x7fELF", "elf"), (b"Rar!", "rar"),
    (b"7z\xbc\xaf", "7z"), (b"\x1f\x8b", "gzip"), (b"BZh", "bzip2"), (b"SQLite format 3", "sqlite"),
    (b"PAR1", "parquet"), (b"ARROW1", "arrow"), (b"\0asm", "wasm"),
)  # fmt: skip
IMAGES = frozenset({"png", "jpeg", "gif", "bmp", "tiff", "webp", "heic", "avif"})
_BRANDS: Mapping[bytes, str] = {
    b"avif": "avif", b"avis": "avif", b"heic": "heic", b"heix": "heic", b"hevc": "heic", b"hevx": "heic",
    b"heim": "heic", b"heis": "heic", b"mif1": "heic", b"msf1": "heic",
}  # fmt: skip
_STREAM_MARK = b"\xff\xff\xff\xff"  # before every message of an Arrow stream
_SAME: Mapping[str, str] = {
    "jpg": "jpeg", "jpe": "jpeg", "tif": "tiff", "htm": "html", "xhtml": "html", "markdown": "md",
    "ndjson": "jsonl", "text": "txt", "docm": "docx", "dotx": "docx", "dotm": "docx", "xlsm": "xlsx",
    "xltx": "xlsx", "xltm": "xlsx", "pptm": "pptx", "ppsx": "pptx", "ott": "odt", "dot": "doc",
    "xlt": "xls", "tab": "tsv", "mht": "eml", "heif": "heic", "feather": "arrow",
    "ipc": "arrow", "arrows": "arrow",
}  # fmt: skip
_TEXTS = frozenset({"txt", "log", "md", "html", "csv", "tsv", "json", "jsonl", "xml", "eml", "svg"})
_KNOWN = (
    _TEXTS
    | IMAGES
    | frozenset(
        {"docx", "xlsx", "xlsb", "pptx", "odt", "ods", "doc", "xls", "rtf", "pdf", "zip", "parquet", "arrow"}
    )
)
_MIME_TYPES = (
    ("opendocument.text", "odt"),
    ("opendocument.spreadsheet", "ods"),
    ("opendocument.presentation", "odp"),
)
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_OLE_STREAMS = (
    ("EncryptedPackage", ENCRYPTED), ("WordDocument", "doc"), ("Workbook", "xls"), ("Book", "xls"),
    ("PowerPoint Document", "ppt"),
)  # fmt: skip
_NUL_SHARE = 0.3
_MAIL = re.compile(
    rb"\A(?:(?:Return-Path|Received|From|To|Subject|Date|Message-ID|MIME-Version|Delivered-To):)",
    re.IGNORECASE,
)


def detect(file: BinaryIO, name: str) -> str:
    """Name the file's format; raises EmptyFile, TypeMismatch or UnsupportedType."""
    file.seek(0)
    head = file.read(_HEAD_BYTES)
    file.seek(0)
    if not head:
        raise EmptyFile("The file is empty.")
    claimed = ending(name)
    found = _binary(head, file, claimed) or _text(head, claimed)
    file.seek(0)
    if claimed in _KNOWN and not _agree(claimed, found):
        raise TypeMismatch(f"The file is named .{claimed} but holds {found}.", field="file", found=found)
    return found


def ending(name: str) -> str:
    """Return the name's ending in the spelling used here."""
    last = name.rpartition(".")[2].lower() if "." in name else ""
    return _SAME.get(last, last)


def _agree(claimed: str, found: str) -> bool:
    if found == ENCRYPTED:
        return claimed in ("docx", "xlsx", "xlsb", "pptx")
    return claimed == found or (claimed == "xlsb" and found == "xlsx")


def _binary(head: bytes, file: BinaryIO, claimed: str) -> str:
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")):
        return _zip(file)
    if head.startswith(_OLE):
        return _ole(file)
    signs = (
        ("webp", head[:4] == b"RIFF" and head[8:12] == b"WEBP"),
        (_BRANDS.get(head[8:12], ""), head[4:8] == b"ftyp"),
        ("arrow", claimed == "arrow" and head.startswith(_STREAM_MARK)),
        ("pdf", b"%PDF-" in head[:_PDF_WITHIN]),
        *((name, head.startswith(mark)) for mark, name in _SIGNATURES if name != "bmp" or b"\0" in head[:64]),
    )
    return next((name for name, shown in signs if name and shown), "")


def _zip(file: BinaryIO) -> str:
    package = ZipPackage(file)
    names = set(package.names())
    if "mimetype" in names:
        kind = package.read("mimetype")[:100].decode("ascii", errors="replace")
        return next((name for mark, name in _MIME_TYPES if mark in kind), "zip")
    if "[Content_Types].xml" not in names:
        return "zip"
    if "xl/workbook.bin" in names:
        return "xlsb"
    for folder, name in (("word/", "docx"), ("xl/", "xlsx"), ("ppt/", "pptx")):
        if any(one.startswith(folder) for one in names):
            return name
    return "zip"


def _ole(file: BinaryIO) -> str:
    try:
        with olefile.OleFileIO(file) as container:
            streams = {"/".join(path) for path in container.listdir()}
    except (OSError, ValueError, IndexError, TypeError, AttributeError) as exc:
        raise CorruptFile("The file is a broken OLE container.") from exc
    return next((name for stream, name in _OLE_STREAMS if stream in streams), "ole")


def _text(head: bytes, claimed: str) -> str:
    wide = head.startswith((b"\xff\xfe", b"\xfe\xff")) or bool(wide_encoding(head))
    if not wide and head.count(0) > _NUL_SHARE * len(head):
        raise UnsupportedType("The file is of a binary type that is not read.")
    if not wide and b"\0" in head and claimed not in ("csv", "tsv", "txt", "log"):
        raise UnsupportedType("The file is of a binary type that is not read.")
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n")[:512].lower()
    if claimed in _TEXTS:
        return claimed
    if start.startswith((b"<!doctype html", b"<html")):
        return "html"
    if start.startswith((b"<?xml", b"<svg")):
        return "svg" if b"<svg" in head[:2048].lower() else "xml"
    return "eml" if _MAIL.match(head) else "txt"
