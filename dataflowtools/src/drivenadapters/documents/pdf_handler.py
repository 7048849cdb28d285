"""PDF documents: text in reading order, tables, outline, form fields, attachments; nothing is run."""

import io
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any, BinaryIO, ClassVar

import pypdfium2
import pypdfium2.raw as pdfium

from dataflowtools.src.drivenadapters.documents import pdf_paragraphs
from dataflowtools.src.drivenadapters.documents.lists import FlatItem, gather
from dataflowtools.src.drivenadapters.documents.pdf_facts import (
    attachments,
    form_fields,
    metadata,
    outline,
    warnings,
)
from dataflowtools.src.drivenadapters.documents.pdf_page import Page, Word, read_page, read_plain
from dataflowtools.src.drivenadapters.documents.pdf_tables import find_tables
from dataflowtools.src.errors import CorruptFile, PasswordIncorrect, PasswordRequired
from dataflowtools.src.logics.file.documents import recognised
from dataflowtools.src.logics.file.documents.handler import DocumentHandler, Source
from dataflowtools.src.logics.file.documents.model import (
    Block,
    Box,
    Caveat,
    Document,
    PageInfo,
    Paragraph,
    Picture,
    Region,
    RegionKind,
    Table,
    plain,
    text_of,
)
from dataflowtools.src.logics.file.documents.options import ReadOptions, chosen_pages

MAX_PAGES = 3000
_MARGIN = 0.12
_REPEATED = 3
_FULL_PAGE = 0.5
_FEW_CHARACTERS = 20
_GARBLED = 0.15
_MENDED_BYTES = 128 << 20


class PdfHandler(DocumentHandler):
    """Reads PDF by pdfium, in this process only."""

    formats: ClassVar[frozenset[str]] = frozenset({"pdf"})
    engine: ClassVar[str] = "pdfium"

    def read(self, source: Source, options: ReadOptions) -> Document:
        """Read the chosen pages."""
        caveats: list[Caveat] = []
        document = _open(source, caveats)
        try:
            return _Reading(document, source, options, caveats).document()
        finally:
            document.close()


def _open(source: Source, caveats: list[Caveat]) -> Any:
    source.file.seek(0)
    try:
        return _load(source.file, source.password)
    except pypdfium2.PdfiumError as exc:
        mended = _mended(source)
        if mended is None:
            raise CorruptFile("The file is no readable PDF.") from exc
    try:
        document = _load(mended, source.password)
    except pypdfium2.PdfiumError as exc:
        raise CorruptFile("The file is no readable PDF.") from exc
    message = "The file's end is missing or broken; what could be found is given."
    caveats.append(Caveat(code="salvaged", message=message))
    return document


def _load(file: BinaryIO, password: str | None) -> Any:
    """Open a PDF; PdfiumError for whatever is no matter of passwords."""
    try:
        return pypdfium2.PdfDocument(file, password=password)
    except pypdfium2.PdfiumError as exc:
        if exc.err_code != pdfium.FPDF_ERR_PASSWORD:
            raise
        if password:
            raise PasswordIncorrect("The password does not open the PDF.", field="password") from exc
        raise PasswordRequired("The PDF is encrypted; give its password.", field="password") from exc


def _mended(source: Source) -> BinaryIO | None:
    """Give a PDF that lost its end a trailer that names its catalog; None when no catalog is left."""
    source.file.seek(0)
    data = source.file.read(_MENDED_BYTES)
    catalog = re.search(rb"(\d{1,9})\s+(\d{1,5})\s+obj[^>]{0,500}?/Type\s*/Catalog", data)
    if catalog is None or len(data) == _MENDED_BYTES:
        return None
    trailer = b"\nendobj\ntrailer\n<</Root %s %s R>>\n%%%%EOF\n" % catalog.groups()
    return io.BytesIO(data + trailer)


class _Reading:
    """One reading of one document."""

    def __init__(self, document: Any, source: Source, options: ReadOptions, caveats: list[Caveat]) -> None:
        self._document = document
        self._source = source
        self._options = options
        self._caveats = caveats

    def document(self) -> Document:
        """Read all that was asked for."""
        count = len(self._document)
        if not count:
            raise CorruptFile("The PDF has no pages.")
        chosen = chosen_pages(self._options.pages, count)
        if len(chosen) > MAX_PAGES:
            message = f"Only {MAX_PAGES} of {len(chosen)} pages are shown; choose others by `pages`."
            self._caveats.append(Caveat(code="pages_truncated", message=message))
            chosen = chosen[:MAX_PAGES]
        pages = list(self._pages(chosen))
        if not pages:
            raise CorruptFile("No page of the PDF can be read.")
        kind = pdf_paragraphs.measure(pages)
        blocks: list[Block] = []
        repeated = _repeated(pages)
        infos = []
        for page in pages:
            infos.append(self._info(page))
            blocks.extend(self._blocks(page, kind, repeated))
        facts = metadata(self._document) | {"pages": count}
        for name, value in (
            ("outline", outline(self._document)),
            ("form_fields", form_fields(self._document)),
        ):
            if value:
                facts[name] = value
        attached = attachments(self._document)
        if attached:
            facts["attachments"] = attached
        caveats = (*warnings(self._document), *self._caveats)
        return Document(blocks=blocks, metadata=facts, warnings=caveats, pages=infos)

    def _pages(self, chosen: Sequence[int]) -> Iterator[Page]:
        plainly = self._options.format == "text" and not self._options.tables
        for number in chosen:
            try:
                page = self._document[number - 1]
            except pypdfium2.PdfiumError:
                message = "The page is broken and was left out."
                self._caveats.append(Caveat(code="broken_page", message=message, where=f"page {number}"))
                continue
            try:
                yield read_plain(page, number) if plainly else read_page(page, number, self._document.raw)
            finally:
                page.close()

    def _info(self, page: Page) -> PageInfo:
        reason = _ocr_reason(page)
        seen = page.number in self._source.recognised
        if reason and not seen:
            self._caveats.append(Caveat(code=reason[0], message=reason[1], where=f"page {page.number}"))
        if page.truncated:
            message = "The page holds more than is read; the rest was left out."
            self._caveats.append(Caveat(code="page_truncated", message=message, where=f"page {page.number}"))
        return PageInfo(
            number=page.number, width=page.width, height=page.height, rotation=page.rotation,
            source="ocr" if seen else "text", needs_ocr=bool(reason) and not seen,
        )  # fmt: skip

    def _blocks(self, page: Page, kind: pdf_paragraphs.Type, repeated: set[str]) -> list[Block]:
        if page.number in self._source.recognised:
            found = self._source.recognised[page.number]
            return list(recognised.blocks_of(found, page.number, page.width, page.height))
        if page.plain is not None:
            return [Paragraph(runs=plain(page.plain), page=page.number)]
        tables = find_tables(page) if self._options.tables else []
        rest = [word for word in page.words if not any(_inside(word, table.box) for table in tables)]
        placed: list[tuple[Block | FlatItem, float]] = [
            (Table(rows=table.rows, page=page.number, box=table.box), table.box.top) for table in tables
        ]
        blocks = list(
            _between_tables(rest, placed, lambda words: pdf_paragraphs.blocks_of(words, page.number, kind))
        )
        for aside in page.aside:  # text that is drawn in another direction than most
            blocks.extend(
                block for block, _ in pdf_paragraphs.blocks_of(aside, page.number, kind, placed=False)
            )
        blocks.extend(
            Picture(reference=f"page-{page.number}-picture-{index}", page=page.number, box=Box(*place))
            for index, place in enumerate(page.pictures[:100], 1)
        )
        return [_marginal(block, page, repeated) for block in gather(blocks)]


def _inside(word: Word, box: Box) -> bool:
    x, y = (word.left + word.right) / 2, (word.top + word.bottom) / 2
    return box.left <= x <= box.right and box.top <= y <= box.bottom


def _between_tables(
    words: list[Word],
    tables: list[tuple[Block | FlatItem, float]],
    make: Callable[[list[Word]], Iterator[tuple[Block | FlatItem, float]]],
) -> Iterator[Block | FlatItem]:
    """Put text and tables in order: text above a table, the table, text below it."""
    left = words
    for table, top in sorted(tables, key=lambda entry: entry[1]):
        above = [word for word in left if (word.top + word.bottom) / 2 < top]
        yield from (block for block, _ in make(above))
        yield table
        left = [word for word in left if (word.top + word.bottom) / 2 >= top]
    yield from (block for block, _ in make(left))


def _ocr_reason(page: Page) -> tuple[str, str] | None:
    """Say why a page's text has to be recognised from its picture, if it has."""
    area = page.width * page.height or 1.0
    covered = sum((one.right - one.left) * (one.bottom - one.top) for one in page.pictures) / area
    if page.characters < _FEW_CHARACTERS and covered > _FULL_PAGE:
        return "needs_ocr", "The page is a picture without text."
    private = sum(1 for word in page.words for sign in word.text if "\ue000" <= sign <= "\uf8ff")
    if page.characters > _FEW_CHARACTERS and page.unmapped + private > _GARBLED * page.characters:
        return "garbled_text", "The page's fonts do not tell which characters they draw."
    return None


def _repeated(pages: Sequence[Page]) -> set[str]:
    """Find the texts that stand in the margins of many pages."""
    seen: Counter[str] = Counter()
    for page in pages:
        margin = [word for word in page.words if _in_margin(word.top, word.bottom, page)]
        for top in {round(word.top) for word in margin}:
            line = " ".join(
                word.text for word in sorted(margin, key=lambda one: one.left) if round(word.top) == top
            )
            seen[_shape(line)] += 1
    least = max(_REPEATED, len(pages) // 2)
    return {shape for shape, count in seen.items() if count >= least}


def _in_margin(top: float, bottom: float, page: Page) -> bool:
    return bottom < _MARGIN * page.height or top > (1 - _MARGIN) * page.height


def _shape(text: str) -> str:
    return re.sub(r"\d+|[ivxlc]+$", "#", "".join(text.split()))


def _marginal(block: Block, page: Page, repeated: set[str]) -> Block:
    if not repeated or block.box is None or not isinstance(block, Paragraph):
        return block
    if not _in_margin(block.box.top, block.box.bottom, page) or _shape(text_of(block.runs)) not in repeated:
        return block
    kind = RegionKind.HEADER if block.box.bottom < page.height / 2 else RegionKind.FOOTER
    return Region(kind=kind, blocks=(block,), page=page.number, box=block.box)
