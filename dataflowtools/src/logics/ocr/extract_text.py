"""Read the text of a picture or a scanned document, page after page."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import replace

from dataflowtools.src.errors import DocumentTooLarge
from dataflowtools.src.logics.file.documents.options import chosen_pages
from dataflowtools.src.logics.ocr.fields.find_fields import find_fields
from dataflowtools.src.logics.ocr.model import Caveat, Extraction, PageReading
from dataflowtools.src.logics.ocr.options import ExtractOptions, SeeingLimits
from dataflowtools.src.logics.ocr.ports.page_editor import PageEditor
from dataflowtools.src.logics.ocr.ports.page_source import FileFacts, HeldFile, PageSource
from dataflowtools.src.logics.ocr.read_page import ReadPage, ReadResult
from dataflowtools.src.logics.ocr.redact_page import RedactPage
from dataflowtools.src.logics.ocr.searchable_pdf import PdfPage, searchable_pdf

Progress = Callable[[int, int], None]


class ExtractText:
    """Takes a file, reads the pages that are asked for, and gives them in the form that is asked for."""

    def __init__(
        self,
        *,
        source: PageSource,
        editor: PageEditor,
        read_page: ReadPage,
        redact_page: RedactPage,
        limits: SeeingLimits,
    ) -> None:
        self._source = source
        self._editor = editor
        self._read_page = read_page
        self._redact_page = redact_page
        self._limits = limits

    def take(self, chunks: AsyncIterator[bytes]) -> AbstractAsyncContextManager[HeldFile]:
        """Hold a file that comes with a request or out of the store."""
        return self._source.take(chunks)

    async def __call__(
        self, file: HeldFile, options: ExtractOptions, on_progress: Progress | None = None
    ) -> Extraction:
        """Read; raises the errors of documents, of seeing and of workers. Cancelling ends the work."""
        facts = await self._source.inspect(file, password=options.password)
        numbers = page_numbers(options.pages, facts.pages, self._limits.pages)
        caveats = frame_caveats(facts)
        pages: list[PageReading] = []
        redacted: dict[int, bytes] = {}
        packed: list[PdfPage] = []
        for done, number in enumerate(numbers):
            if on_progress is not None:
                on_progress(done, len(numbers))
            result = await self._read_page(file, number, options)
            if options.redact:
                page, png = await self._redact_page(result.reading, result.picture, options.redact)
                result = replace(result, reading=page, picture=replace(result.picture, png=png))
                redacted[number] = png
            caveats += result.caveats
            pages.append(result.reading)
            if options.pdf:
                packed.append(await self._pack(result))
        if on_progress is not None:
            on_progress(len(numbers), len(numbers))
        return Extraction(
            format=facts.format,
            pages=pages,
            warnings=caveats,
            document=find_fields(pages, options.kind),
            redacted=redacted,
            pdf=searchable_pdf(packed) if options.pdf else None,
        )

    async def _pack(self, result: ReadResult) -> PdfPage:
        return PdfPage(await self._editor.pack(result.picture.png), result.reading)


def page_numbers(asked: str, count: int, limit: int) -> Sequence[int]:
    """List the pages asked for; DocumentTooLarge when they are more than one request may have."""
    numbers = chosen_pages(asked, count)
    if len(numbers) > limit:
        raise DocumentTooLarge(
            f"{len(numbers)} pages are asked for; one request reads at most {limit}: choose with pages.",
            field="/pages",
        )
    return numbers


def frame_caveats(facts: FileFacts) -> list[Caveat]:
    """Say when a picture has more frames than are looked at."""
    if not facts.more:
        return []
    return [
        Caveat(code="frame_limit", message=f"Only the first {facts.pages} frames of the picture are read.")
    ]
