"""A look at a document before anything converts it: what it is, whether it may be unpacked, what it refers to."""

import os
import re
import shutil
from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO
from xml.parsers import expat

from dataflowtools.src.drivenadapters.documents import decrypt, detect
from dataflowtools.src.drivenadapters.documents.zip_package import ZipPackage
from dataflowtools.src.drivenadapters.workers.job import Job
from dataflowtools.src.errors import CorruptFile, ForbiddenXml, UnsupportedType

_PACKAGES = frozenset({"docx", "xlsx", "xlsb", "pptx", "odt", "ods", "odp", "epub"})
_BY_NAME = frozenset({"tex", "rst", "ndjson", "ipynb"})
_FLAT = re.compile(
    rb"office:mimetype\s*=\s*[\"']application/vnd\.oasis\.opendocument\.(text|spreadsheet|presentation)[\"']"
)
_FLAT_FORMATS = {b"text": "fodt", b"spreadsheet": "fods", b"presentation": "fodp"}
_FLAT_MACROS = re.compile(rb"<(ooo:module|ooo:source-code|script:event-listener)\b")
_SAME = {"jsonl": "ndjson", "log": "txt", "latex": "tex"}
_MAIN_PARTS = (
    *("word/document", "xl/workbook.xml", "xl/worksheets/sheet", "ppt/presentation.xml", "ppt/slides/slide"),
    *("content.xml", "styles.xml"),
)
_HEAD_BYTES = 1 << 12
_FLAT_HEAD_BYTES = 1 << 16
_DOCTYPE = re.compile(rb"<!(DOCTYPE|ENTITY)", re.IGNORECASE)
_EXTERNAL = re.compile(
    rb"<Relationship\s(?=[^>]*?TargetMode\s*=\s*[\"']External[\"'])[^>]*>", re.IGNORECASE
)  # fmt: skip
_ODF_REFERENCE = re.compile(
    rb"<(draw:image|text:section-source|table:table-source|table:cell-range-source|draw:object"
    rb"|draw:object-ole|draw:plugin|draw:fill-image)\s[^>]*?xlink:href\s*=\s*[\"'](?!\./|#|Pictures/|Object|\"|')"
)
_ODF_DDE = re.compile(rb"office:dde-source|dde-connection-decl")
_HTML_REFERENCE = re.compile(
    rb"<(img|iframe|link|script|object|embed|video|audio|source)\b[^>]*?\b(src|href|data)\s*=\s*[\"']?"
    rb"(?!data:|#|cid:)", re.IGNORECASE,
)  # fmt: skip
_FIELD = re.compile(
    rb"(?:<w:instrText[^>]*>|w:instr=\")\s*(?:INCLUDETEXT|INCLUDEPICTURE|DDE|DDEAUTO|LINK|IMPORT)\b|fldinst[\s{]*"
    rb"(?:INCLUDETEXT|INCLUDEPICTURE|DDE|DDEAUTO|LINK|IMPORT)\b|\\\*\\template\b", re.IGNORECASE,
)  # fmt: skip
_SVG_REFERENCE = re.compile(
    rb"<script\b|@import\b|href\s*=\s*[\"'](?!#|data:)|url\(\s*[\"']?(?!#|data:)", re.IGNORECASE
)
_REMOTE_CALLS = (b"WEBSERVICE(", b"DDE(", b"RTD(")
_IGNORED = "external_reference_ignored"
_MACROS = ("has_macros", "The document holds macros; they were not run and are not part of the result.")
_FIELDS_IGNORED = "Fields that bring in files or ask other programs kept what they last showed."


def inspect(job: Job, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Name the first file's format and warn; what a password opens is written to the second file.

    Raises EmptyFile, TypeMismatch, UnsupportedType, PasswordRequired, PasswordIncorrect, DecompressionLimit,
    ForbiddenXml and CorruptFile.
    """
    file, name = job.files[0], str(arguments["name"])
    found = _format(file, name)
    opener = decrypt.opener_for(file, found)
    opened = False
    if opener is not None:
        with opener(file, arguments.get("password"), job.scratch) as plain:
            found, opened = _format(plain, ""), True
            warnings = list(_warnings(plain, found))
            plain.seek(0)
            with os.fdopen(os.dup(job.files[-1].fileno()), "wb") as output:
                shutil.copyfileobj(plain, output)
    else:
        warnings = list(_warnings(file, found))
    return {
        "format": found,
        "opened": opened,
        "warnings": [{"code": code, "message": message} for code, message in warnings],
    }


def _format(file: BinaryIO, name: str) -> str:
    file.seek(0)
    head = file.read(100)
    file.seek(0)
    if b"application/epub+zip" in head:
        return "epub"
    found = detect.detect(file, name)
    claimed = detect.ending(name)
    claimed = _SAME.get(claimed, claimed)
    if found in ("txt", "json") and claimed in _BY_NAME:
        return claimed
    found = _SAME.get(found, found)
    if found == "xml":
        file.seek(0)
        flat = _FLAT.search(file.read(_FLAT_HEAD_BYTES))
        return _FLAT_FORMATS[flat[1]] if flat else found
    if found == "svg":
        raise UnsupportedType("SVG may hold scripts and references; it is not converted.")
    return found


def _warnings(file: BinaryIO, found: str) -> Iterator[tuple[str, str]]:
    if found in _PACKAGES:
        yield from _package_warnings(ZipPackage(file))
    elif found == "html":
        file.seek(0)
        if _HTML_REFERENCE.search(file.read()):
            yield _IGNORED, "Pictures, styles and frames from elsewhere were not fetched."
    elif found in _FLAT_FORMATS.values():
        yield from _flat_warnings(file)
    elif found == "rtf":
        file.seek(0)
        if _FIELD.search(file.read()):
            yield _IGNORED, _FIELDS_IGNORED


def _flat_warnings(file: BinaryIO) -> Iterator[tuple[str, str]]:
    """Look at an OpenDocument in one XML file as at the parts of a package."""
    file.seek(0)
    whole = file.read()
    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = _refuse_doctype
    _feed(parser, whole, "document", last=True)
    yield from _references(whole, "content.xml")
    if _FLAT_MACROS.search(whole):
        yield _MACROS


def _refuse_doctype(*_: object) -> None:
    raise ForbiddenXml("The file declares a document type, which may hold entities.")


def _package_warnings(package: ZipPackage) -> Iterator[tuple[str, str]]:
    seen = set()
    for name in package.names():
        if name.lower().endswith("vbaproject.bin") or name.startswith("Basic/"):
            seen.add(_MACROS)
        if not name.endswith((".xml", ".rels")):
            for chunk in package.chunks(
                name
            ):  # counted while it is unpacked, so that no converter meets a bomb
                if name.lower().endswith(".svg") and _SVG_REFERENCE.search(chunk):
                    seen.add(
                        (
                            _IGNORED,
                            "What drawings in the document refer to or run was neither fetched nor run.",
                        )
                    )
            continue
        seen |= _part_warnings(package, name)
    yield from sorted(seen)


def _part_warnings(package: ZipPackage, name: str) -> set[tuple[str, str]]:
    found: set[tuple[str, str]] = set()
    tail = b""
    wellformed = expat.ParserCreate() if name.startswith(_MAIN_PARTS) else None
    for number, chunk in enumerate(package.chunks(name)):
        if (
            not number
            and _DOCTYPE.search(chunk[:_HEAD_BYTES])
            and not name.endswith((".xhtml", ".opf", ".ncx"))
        ):
            raise ForbiddenXml(f"The part {name[:100]} declares a document type, which may hold entities.")
        if wellformed is not None:
            _feed(wellformed, chunk, name)
        window = tail + chunk
        found |= set(_references(window, name))
        tail = window[-1024:]
    if wellformed is not None:
        _feed(wellformed, b"", name, last=True)
    return found


def _feed(parser: expat.XMLParserType, chunk: bytes, name: str, *, last: bool = False) -> None:
    """LibreOffice takes what it cannot read for an empty document, so it is read here first."""
    try:
        parser.Parse(chunk, last)
    except expat.ExpatError as exc:
        raise CorruptFile(f"The part {name[:100]} is not well-formed: {exc}") from exc


def _references(window: bytes, name: str) -> Iterator[tuple[str, str]]:
    if name.endswith(".rels"):
        if any(not _is_link(one) for one in _EXTERNAL.findall(window)):
            yield _IGNORED, "Templates, pictures or parts from elsewhere were not fetched."
    elif _ODF_REFERENCE.search(window) or _ODF_DDE.search(window):
        yield _IGNORED, "Pictures, sections or ranges from elsewhere were not fetched."
    if name.startswith("word/") and _FIELD.search(window):
        yield _IGNORED, _FIELDS_IGNORED
    if ("sheet" in name or name == "content.xml") and _calls_out(window.upper()):
        yield _IGNORED, "Formulas that ask other programs or addresses were not calculated."


def _calls_out(window: bytes) -> bool:
    return any(call in window for call in _REMOTE_CALLS)


def _is_link(relationship: bytes) -> bool:
    return b"/hyperlink" in relationship
