"""Steps that read a document into blocks and write these anew, and that take its tables out into a workbook."""

import json
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

from dataflowtools.src.errors import UnsupportedConversion
from dataflowtools.src.logics.file.converting.formats import FORMATS, TABLELESS
from dataflowtools.src.logics.file.converting.graph import Hop
from dataflowtools.src.logics.file.converting.options import ConvertOptions
from dataflowtools.src.logics.file.converting.ports.converter import Converted, Converter
from dataflowtools.src.logics.file.documents.options import ReadOptions
from dataflowtools.src.logics.file.documents.parse_document import ParseDocument
from dataflowtools.src.logics.file.documents.ports.document_reader import TakenDocument
from dataflowtools.src.logics.file.writing.ports.document_workshop import DocumentWorkshop, InputFile

_NAME = "writer"
_SOURCES = (
    *("docx", "doc", "odt", "rtf", "pptx", "md", "html", "eml", "txt", "pdf"),
    *("png", "jpeg", "gif", "bmp", "tiff", "webp", "heic", "avif"),
)
_PAGED = ("pdf", "pptx")
_COST = 3.0  # what a program made for a pair keeps more of costs less
_DEARER = {"rtf": 1.5}  # LibreOffice reads more of it
_MAX_SHEETS = 255


class WritingConverter(Converter):
    """Reads with the readers of documents and writes with the writers of documents."""

    def __init__(
        self,
        *,
        parse_document: ParseDocument,
        workshop: DocumentWorkshop,
        take: Callable[[AsyncIterator[bytes]], AbstractAsyncContextManager[TakenDocument]],
    ) -> None:
        self._parse_document = parse_document
        self._workshop = workshop
        self._take = take

    def hops(self) -> Sequence[Hop]:
        """List the pairs."""
        return [
            _hop(source, target)
            for source in _SOURCES
            for target in ("docx", "pdf", "xlsx")
            if source != target and not (target == "xlsx" and source in TABLELESS)
        ]

    @asynccontextmanager
    async def convert(
        self, tenant: str, hop: Hop, source: TakenDocument, options: ConvertOptions
    ) -> AsyncIterator[Converted]:
        """Read, and write; UnsupportedConversion when a workbook is asked for and there is no table."""
        wanted = ReadOptions(pages=options.pages if "pages" in hop.knows else "", encoding=options.encoding)
        parsed = await self._parse_document.given(
            tenant, source, f"document.{FORMATS[hop.source].ending}", wanted, password=options.password
        )
        reply = json.loads(parsed.body)
        blocks = reply["content"]["blocks"]
        content = {"sheets": _sheets(blocks)} if hop.target == "xlsx" else {"blocks": blocks}
        order = {"to": hop.target, "name": f"document.{hop.target}", "content": content}
        async with (
            self._workshop.work("write", _no_files(), order) as made,
            self._take(made.files[0].read()) as held,
        ):
            warnings = [*reply["warnings"], *made.facts["warnings"]]
            yield Converted(document=held, format=hop.target, warnings=_plain(warnings))


async def _no_files() -> AsyncIterator[InputFile]:
    none: tuple[InputFile, ...] = ()
    for file in none:
        yield file


def _hop(source: str, target: str) -> Hop:
    losses = ("text_around_tables", "styles") if target == "xlsx" else ("layout", "pictures")
    return Hop(
        source=source, target=target, converter=_NAME, cost=_COST + _DEARER.get(source, 0.0), losses=losses,
        knows=frozenset({"pages"}) if source in _PAGED else frozenset(), needs_tables=target == "xlsx",
        last=target == "pdf",
    )  # fmt: skip


def _sheets(blocks: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    tables = list(_tables(blocks))
    if not tables:
        raise UnsupportedConversion("The document holds no table, so no workbook is made of it.", field="/to")
    return [_sheet(number, table) for number, table in enumerate(tables[:_MAX_SHEETS], start=1)]


def _tables(blocks: Sequence[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    for block in blocks:
        if block["type"] == "table":
            yield block
        yield from _tables(block.get("blocks") or ())
        for item in block.get("items") or ():
            yield from _tables(item.get("blocks") or ())


def _sheet(number: int, table: Mapping[str, Any]) -> dict[str, Any]:
    page = table.get("page")
    rows, merges = [], []
    for place, cells in enumerate(table["rows"], start=1):
        row: list[Any] = [None] * table["columns"]
        for cell in cells:
            value = cell.get("value")
            row[cell["column"]] = cell["text"] if value is None else value
            if cell["row_span"] > 1 or cell["col_span"] > 1:
                merges.append(_area(place, cell))
        rows.append(row)
    return {"name": f"Table {number}" + (f" page {page}" if page else ""), "rows": rows, "merges": merges}


def _area(row: int, cell: Mapping[str, Any]) -> str:
    first, last = cell["column"], cell["column"] + cell["col_span"] - 1
    return f"{_letters(first)}{row}:{_letters(last)}{row + cell['row_span'] - 1}"


def _letters(column: int) -> str:
    """Name a column that is counted from 0."""
    name = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        name = chr(65 + rest) + name
    return name


def _plain(warnings: Sequence[Mapping[str, Any]]) -> list[dict[str, str]]:
    return [
        {name: str(one[name]) for name in ("code", "message", "where") if one.get(name) is not None}
        for one in warnings
    ]
