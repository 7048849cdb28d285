"""Steps that the readers of documents do: any format that is read becomes text of one kind or another."""

import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from dataflowtools.src.logics.file.converting.formats import FORMATS
from dataflowtools.src.logics.file.converting.graph import Hop
from dataflowtools.src.logics.file.converting.options import ConvertOptions
from dataflowtools.src.logics.file.converting.ports.converter import Converted, Converter
from dataflowtools.src.logics.file.documents.options import ReadOptions
from dataflowtools.src.logics.file.documents.parse_document import ParseDocument
from dataflowtools.src.logics.file.documents.ports.document_reader import TakenDocument

_NAME = "reader"
_BOOKS = ("xlsx", "xls", "xlsb", "ods")
_SHEETS = (*_BOOKS, "csv", "tsv")
_FLOWING = ("docx", "doc", "odt", "rtf", "pptx", "md", "html", "eml")
_PLAIN = ("txt", "json", "xml")
_PAGES = ("pdf", "png", "jpeg", "gif", "bmp", "tiff", "webp", "heic", "avif")
_PAGED = ("pdf", "pptx")
_RENDERED = {"md": "markdown", "html": "html", "txt": "text", "json": "json"}
_LOST = {
    "md": ("layout", "pictures"),
    "html": ("layout", "pictures"),
    "txt": ("layout", "pictures", "styles"),
    "json": ("layout", "pictures"),
}
_COST = 2.0
_DEARER = {
    "rtf": 1.5,
    "doc": 0.5,
}  # LibreOffice finds the headings and lists of rtf, and keeps the pictures of both


class ReadingConverter(Converter):
    """Reads and renders, with text recognised on pages that are pictures."""

    def __init__(
        self,
        *,
        parse_document: ParseDocument,
        hold: Callable[[bytes], AbstractAsyncContextManager[TakenDocument]],
    ) -> None:
        self._parse_document = parse_document
        self._hold = hold

    def hops(self) -> Sequence[Hop]:
        """List every format that is read, and what it becomes."""
        return [
            Hop(
                source=source, target=target, converter=_NAME, cost=_COST + _DEARER.get(source, 0.0),
                losses=_losses(source, target), knows=_known(source), last=target == "json",
            )
            for source in (*_SHEETS, *_FLOWING, *_PLAIN, *_PAGES)
            for target in _RENDERED
            if source != target
        ]  # fmt: skip

    @asynccontextmanager
    async def convert(
        self, tenant: str, hop: Hop, source: TakenDocument, options: ConvertOptions
    ) -> AsyncIterator[Converted]:
        """Read with the choices that concern reading."""
        wanted = ReadOptions(
            format=_RENDERED[hop.target],
            pages=options.pages if "pages" in hop.knows else "",
            sheets=(options.sheet,) if options.sheet is not None and hop.source in _SHEETS else (),
            encoding=options.encoding,
            delimiter=options.delimiter,
        )
        parsed = await self._parse_document.given(
            tenant, source, f"document.{FORMATS[hop.source].ending}", wanted, password=options.password
        )
        reply = json.loads(parsed.body)
        content = reply["content"]
        text = content if isinstance(content, str) else json.dumps(content, ensure_ascii=False)
        async with self._hold(text.encode("utf-8", errors="replace")) as held:
            yield Converted(document=held, format=hop.target, warnings=reply["warnings"])


def _losses(source: str, target: str) -> tuple[str, ...]:
    if source in _PLAIN:
        return ()
    if source in _SHEETS:
        return ("formulas", "styles", "pictures")
    return _LOST[target]


def _known(source: str) -> frozenset[str]:
    return frozenset({"pages"} if source in _PAGED else {"sheet"} if source in _BOOKS else ())
