"""Read every code on every page, and what the codes say."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any

from dataflowtools.src.logics.ocr.decode_code import DecodedCode, decode_code
from dataflowtools.src.logics.ocr.extract_text import Progress, frame_caveats, page_numbers
from dataflowtools.src.logics.ocr.model import Caveat
from dataflowtools.src.logics.ocr.options import CodeOptions, SeeingLimits
from dataflowtools.src.logics.ocr.payloads.parse_payload import parse_payload
from dataflowtools.src.logics.ocr.ports.codes import CodeReader, PageCodes, RawCode
from dataflowtools.src.logics.ocr.ports.page_source import HeldFile, PageSource

_SHARPER = 1.5


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundCode:
    """A code with its place, and its payload as data."""

    raw: RawCode
    decoded: DecodedCode
    payload: Mapping[str, Any]
    page: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeReading:
    """All codes of a file; `pages` are the sizes that the polygons refer to."""

    codes: Sequence[FoundCode]
    pages: Sequence[Mapping[str, Any]]
    warnings: Sequence[Caveat]


class ReadCodes:
    """Looks for codes of every symbology; finding none is an answer."""

    def __init__(self, *, source: PageSource, reader: CodeReader, limits: SeeingLimits) -> None:
        self._source = source
        self._reader = reader
        self._limits = limits

    def take(self, chunks: AsyncIterator[bytes]) -> AbstractAsyncContextManager[HeldFile]:
        """Hold a file that comes with a request or out of the store."""
        return self._source.take(chunks)

    async def __call__(
        self, file: HeldFile, options: CodeOptions, on_progress: Progress | None = None
    ) -> CodeReading:
        """Read; raises the errors of documents and of workers. Cancelling ends the work."""
        facts = await self._source.inspect(file, password=options.password)
        numbers = page_numbers(options.pages, facts.pages, self._limits.pages)
        caveats = frame_caveats(facts)
        codes: list[FoundCode] = []
        pages = []
        second_opinion = True
        for done, number in enumerate(numbers):
            if on_progress is not None:
                on_progress(done, len(numbers))
            page = await self._page(file, number, options, sharper=facts.format == "pdf")
            codes += [_found(raw, number) for raw in page.codes]
            pages.append({"page": number, "width": page.width, "height": page.height, "dpi": page.dpi})
            second_opinion &= page.second_opinion
        if not second_opinion:
            caveats.append(
                Caveat(
                    code="zbar_missing",
                    message="ZBar is not installed; zxing-cpp alone looked for EAN and UPC.",
                )
            )
        return CodeReading(codes=codes, pages=pages, warnings=caveats)

    async def _page(self, file: HeldFile, number: int, options: CodeOptions, *, sharper: bool) -> PageCodes:
        """Read a page; a PDF page without a code is drawn once more with more dots."""
        asked = {"password": options.password, "formats": options.formats, "retries": options.retries}
        page = await self._reader.read(file, number, dpi=options.dpi, **asked)  # type: ignore[arg-type]  # plain keywords
        if page.codes or not sharper or not options.retries:
            return page
        return await self._reader.read(file, number, dpi=int(options.dpi * _SHARPER), **asked)  # type: ignore[arg-type]  # plain keywords


def _found(raw: RawCode, number: int) -> FoundCode:
    decoded = decode_code(raw.text, raw.data, raw.content)
    payload = parse_payload(decoded.text, code_format=raw.format, content=raw.content, data=raw.data)
    return FoundCode(raw=raw, decoded=decoded, payload=payload, page=number)
