"""Scanned pages of documents, read like pictures."""

from collections.abc import Mapping, Sequence

from dataflowtools.src.logics.file.documents.ports.document_reader import TakenDocument
from dataflowtools.src.logics.file.documents.ports.text_recogniser import (
    Progress,
    Recognition,
    TextRecogniser,
)
from dataflowtools.src.logics.file.documents.recognised import RecognisedBlock
from dataflowtools.src.logics.ocr.join_text import paragraph_text
from dataflowtools.src.logics.ocr.model import Block, Caveat, PageReading, Quad, around
from dataflowtools.src.logics.ocr.options import ExtractOptions
from dataflowtools.src.logics.ocr.ports.page_source import HeldFile
from dataflowtools.src.logics.ocr.read_page import ReadPage


class PageTextRecogniser(TextRecogniser):
    """Gives the blocks that reading a page finds."""

    def __init__(self, read_page: ReadPage, *, max_pages: int) -> None:
        self._read_page = read_page
        self._max_pages = max_pages

    async def recognise(
        self,
        document: TakenDocument,
        pages: Sequence[int],
        *,
        password: str | None = None,
        on_progress: Progress | None = None,
    ) -> Recognition:
        tell = on_progress or _nobody
        file = HeldFile(document.handle.fileno(), document.size_bytes)
        options = ExtractOptions(source="ocr", password=password)
        found: dict[int, Sequence[RecognisedBlock]] = {}
        engines: dict[str, None] = {}
        warnings: list[Mapping[str, str]] = []
        if len(pages) > self._max_pages:
            warnings.append(_too_many(self._max_pages, len(pages)))
            pages = pages[: self._max_pages]
        tell(0, len(pages))
        for done, number in enumerate(pages, start=1):
            result = await self._read_page(file, number, options)
            warnings += [_warning(caveat, number) for caveat in result.caveats]
            reading = result.reading
            found[number] = [one for block in reading.blocks for one in _blocks(block, reading)]
            engines[reading.engine] = None
            tell(done, len(pages))
        engine = "+".join(filter(None, engines))
        return Recognition(pages=found, engine=engine, warnings=warnings)


def _too_many(limit: int, pages: int) -> Mapping[str, str]:
    message = f"Only {limit} of {pages} pages that are pictures were recognised; ask for others by pages."
    return {"code": "ocr_pages_truncated", "message": message}


def _warning(caveat: Caveat, page: int) -> Mapping[str, str]:
    return {"code": caveat.code, "message": caveat.message, "where": f"page {page}"}


def _nobody(_done: int, _pages: int) -> None:
    """Whom progress is told when nobody asked."""


def _blocks(block: Block, page: PageReading) -> list[RecognisedBlock]:
    if block.is_table:
        return [RecognisedBlock("", _place(block.quad, page), _rows(block))]
    groups = block.paragraphs or [range(len(block.lines))]
    found = []
    for group in groups:
        lines = [block.lines[index] for index in group]
        quad = around([line.quad for line in lines]).quad
        found.append(RecognisedBlock(paragraph_text(lines), _place(quad, page)))
    return found


def _place(quad: Quad, page: PageReading) -> tuple[float, float, float, float]:
    left, top, right, bottom = around([quad])
    width, height = max(1, page.width), max(1, page.height)
    return left / width, top / height, right / width, bottom / height


def _rows(block: Block) -> list[list[str]]:
    height = max(cell.row + cell.row_span for cell in block.cells)
    width = max(cell.column + cell.column_span for cell in block.cells)
    rows = [[""] * width for _ in range(height)]
    for cell in block.cells:
        rows[cell.row][cell.column] = cell.text
    return rows
