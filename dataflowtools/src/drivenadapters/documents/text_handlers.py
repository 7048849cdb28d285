"""Texts that people write by hand or programs exchange: txt, html, json, xml."""

import json
import re
from typing import Any, BinaryIO, ClassVar

from lxml import etree

from dataflowtools.src.drivenadapters.documents import encodings, html_walk, safe_xml
from dataflowtools.src.errors import CorruptFile, DocumentTooLarge
from dataflowtools.src.logics.file.documents.handler import DocumentHandler, Source
from dataflowtools.src.logics.file.documents.model import (
    Block,
    Caveat,
    Cell,
    Code,
    Document,
    Paragraph,
    Scalar,
    Table,
    plain,
)
from dataflowtools.src.logics.file.documents.options import ReadOptions

_MAX_BYTES = 64 << 20
_META_NAMES = {
    "author": "author", "description": "description", "keywords": "keywords", "generator": "application",
}  # fmt: skip
_META_ENCODING = re.compile(rb"""<meta[^>]{0,200}?charset\s*=\s*["']?([\w-]{2,30})""", re.IGNORECASE)
_MAX_RECORDS = 200_000


def read_text(file: BinaryIO, wanted: str) -> tuple[str, dict[str, Any], list[Caveat]]:
    """Read a whole text; DocumentTooLarge beyond what one text may be."""
    data = read_bytes(file)
    encoding = encodings.detect(file, wanted)
    text = data.decode(encoding.name, errors="replace")
    caveats = []
    if "\0" in text:
        text = text.replace("\0", "")
        caveats.append(Caveat(code="nul_bytes", message="NUL characters were left out."))
    if "\ufffd" in text:
        message = f"Some characters are not {encoding.name}; choose `encoding` if this is not it."
        caveats.append(Caveat(code="undecodable", message=message))
    elif not encoding.certain:
        message = f"The encoding was taken for {encoding.name}; choose `encoding` if it is another."
        caveats.append(Caveat(code="encoding_guessed", message=message))
    return text, {"encoding": encoding.name}, caveats


def read_bytes(file: BinaryIO) -> bytes:
    """Read a whole file of bounded size."""
    file.seek(0)
    data = file.read(_MAX_BYTES + 1)
    if len(data) > _MAX_BYTES:
        raise DocumentTooLarge(f"A text of this kind is read up to {_MAX_BYTES >> 20} MiB.")
    return data


class TextHandler(DocumentHandler):
    """Reads plain text: a blank line ends a paragraph."""

    formats: ClassVar[frozenset[str]] = frozenset({"txt", "log"})

    def read(self, source: Source, options: ReadOptions) -> Document:
        """Read paragraphs."""
        text, metadata, caveats = read_text(source.file, options.encoding)
        parts = re.split(r"\n[ \t]*(?:\n[ \t]*)+", text.replace("\r\n", "\n").replace("\r", "\n"))
        blocks = [Paragraph(runs=plain(part.strip("\n"))) for part in parts if part.strip()]
        return Document(blocks=blocks, metadata=metadata, warnings=caveats)


class HtmlHandler(DocumentHandler):
    """Reads HTML; what a browser would run or fetch is left out and told."""

    formats: ClassVar[frozenset[str]] = frozenset({"html"})
    engine: ClassVar[str] = "lxml"

    def read(self, source: Source, options: ReadOptions) -> Document:
        """Read blocks."""
        text, encoding = read_html_text(source.file, options.encoding)
        root = html_walk.parse_html(text.encode("utf-8", errors="replace"), "utf-8")
        metadata: dict[str, Any] = {"encoding": encoding}
        title = root.findtext(".//title")
        if title and title.strip():
            metadata["title"] = " ".join(title.split())[:2000]
        for entry in root.iter("meta"):
            name, content = (entry.get("name") or "").lower(), entry.get("content") or ""
            if name in _META_NAMES and content.strip():
                metadata.setdefault(_META_NAMES[name], " ".join(content.split())[:2000])
        return Document(
            blocks=html_walk.blocks_of(root.body), metadata=metadata, warnings=html_walk.caveats(root)
        )


def read_html_text(file: BinaryIO, wanted: str) -> tuple[str, str]:
    """Read a page, and tell the encoding that it was in."""
    data = read_bytes(file)
    encoding = _html_encoding(file, data, wanted)
    return data.decode(encoding, errors="replace").replace("\0", ""), encoding


def _html_encoding(file: BinaryIO, data: bytes, wanted: str) -> str:
    found = encodings.detect(file, wanted)
    declared = _META_ENCODING.search(data[:4096])
    if wanted or found.certain or declared is None:
        return found.name
    try:
        b"".decode(declared[1].decode("ascii"))
    except LookupError:
        return found.name
    return declared[1].decode("ascii")


class JsonHandler(DocumentHandler):
    """Reads JSON: a list of flat objects is a table, everything else is shown as it is written."""

    formats: ClassVar[frozenset[str]] = frozenset({"json", "jsonl"})

    def read(self, source: Source, options: ReadOptions) -> Document:
        """Read a table or a listing."""
        text, metadata, caveats = read_text(source.file, options.encoding)
        try:
            value = parse_json_text(text, lines=source.format == "jsonl")
        except RecursionError as exc:
            raise CorruptFile("The JSON is nested deeper than is read.") from exc
        except ValueError as exc:
            raise CorruptFile("The JSON holds a number with more digits than are read.") from exc
        records = _records(value)
        if records is None:
            blocks: list[Block] = [Code(text=_indented(value), language="json")]
        else:
            blocks = [Table(rows=records[: options.max_rows + 1])]
        return Document(blocks=blocks, metadata=metadata, warnings=caveats)


def parse_json_text(text: str, *, lines: bool, **hooks: Any) -> Any:
    """Parse one value, or a list of one value a line; a second value after the first one means lines too."""
    try:
        return _values_by_line(text, hooks) if lines else json.loads(text, **hooks)
    except json.JSONDecodeError as exc:
        if lines or exc.msg != "Extra data" or "\n" not in text[: exc.pos]:
            raise _broken_json(exc, exc.lineno) from exc
    return _values_by_line(text, hooks)


def _values_by_line(text: str, hooks: dict[str, Any]) -> list[Any]:
    values = []
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            try:
                values.append(json.loads(line, **hooks))
            except json.JSONDecodeError as exc:
                raise _broken_json(exc, number) from exc
    return values


def _broken_json(exc: json.JSONDecodeError, line: int) -> CorruptFile:
    return CorruptFile(f"The JSON is broken at line {line}, column {exc.colno}: {exc.msg}.")


def _indented(value: Any) -> str:
    try:
        return json.dumps(value, ensure_ascii=False, indent=2)
    except RecursionError as exc:
        raise CorruptFile("The JSON is nested deeper than is read.") from exc


def _records(value: Any) -> list[list[Cell | None]] | None:
    if not isinstance(value, list) or not value or len(value) > _MAX_RECORDS:
        return None
    if not all(isinstance(one, dict) for one in value):
        return None
    if any(isinstance(field, dict | list) for one in value for field in one.values()):
        return None
    names = list(dict.fromkeys(name for one in value for name in one))
    rows: list[list[Cell | None]] = [[Cell(name, header=True) for name in names]]
    rows.extend([_json_cell(one.get(name)) for name in names] for one in value)
    return rows


def _json_cell(value: Scalar) -> Cell:
    if value is None:
        return Cell("")
    if isinstance(value, str):
        return Cell(value)
    finite = not isinstance(value, float) or abs(value) < float("inf")
    return Cell(json.dumps(value), value=value if finite else None)


class XmlHandler(DocumentHandler):
    """Reads XML as an indented listing; no document type, no entities."""

    formats: ClassVar[frozenset[str]] = frozenset({"xml"})
    engine: ClassVar[str] = "lxml"

    def read(self, source: Source, options: ReadOptions) -> Document:
        """Read a listing."""
        del options
        root = safe_xml.parse(read_bytes(source.file), "The file")
        etree.indent(root)
        text = etree.tostring(root, encoding="unicode")
        return Document(blocks=[Code(text=text, language="xml")], metadata={"root": safe_xml.local(root)})
