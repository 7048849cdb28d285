"""Which engine reads a page, and which one when it does not."""

from collections.abc import Sequence
from dataclasses import dataclass

from dataflowtools.src.errors import (
    InvalidSelection,
    LanguageUnavailable,
    OcrServiceUnavailable,
    WorkerCrashed,
    WorkersUnavailable,
)
from dataflowtools.src.logics.ocr.circuit_breaker import CircuitBreaker
from dataflowtools.src.logics.ocr.model import Caveat, Line
from dataflowtools.src.logics.ocr.ports.text_engine import TextEngine

_ENGLISH = ("en",)
_SURE_ENOUGH = 0.85


@dataclass(frozen=True, slots=True, kw_only=True)
class PageToRead:
    """An upright page and what is asked of it."""

    png: bytes
    languages: Sequence[str]
    engine: str = "auto"
    flips: bool = False
    dpi: float | None = None


@dataclass(frozen=True, slots=True)
class Recognised:
    """The lines, who read them, and what to know about that."""

    lines: list[Line]
    engine: str
    caveats: Sequence[Caveat] = ()


class RouteEngines:
    """PP-OCR for Chinese and mixed pages, Tesseract for clean English and further languages, or the external one."""

    def __init__(
        self,
        *,
        rapid: TextEngine,
        tesseract: TextEngine,
        external: TextEngine | None = None,
        breaker: CircuitBreaker | None = None,
    ) -> None:
        self._rapid = rapid
        self._tesseract = tesseract
        self._external = external
        self._breaker = breaker

    def prepare(self, languages: Sequence[str], engine: str) -> None:
        """Let the engine that is slowest to start begin to, while the page is still made ready."""
        external = engine == "external" or (engine == "auto" and self._external is not None)
        if not external and engine != "tesseract" and tuple(languages) != _ENGLISH:
            self._rapid.prepare()

    async def __call__(self, page: PageToRead) -> Recognised:
        """Recognise; raises LanguageUnavailable, InvalidSelection, OcrServiceUnavailable and what workers raise."""
        caveats: list[Caveat] = []
        if page.engine == "external" or (page.engine == "auto" and self._external is not None):
            found = await self._ask_external(page, caveats)
            if found is not None:
                return found
        return await self._embedded(page, caveats)

    async def _ask_external(self, page: PageToRead, caveats: list[Caveat]) -> Recognised | None:
        if self._external is None or self._breaker is None:
            raise InvalidSelection("No external OCR engine is set up here.", field="/engine")
        insists = page.engine == "external"
        if not self._breaker.allows():
            if insists:
                raise OcrServiceUnavailable("The external OCR engine failed and is left alone for a while.")
            caveats.append(_fell_back("it failed before and is left alone for a while"))
            return None
        try:
            lines = await _ask(self._external, page)
        except OcrServiceUnavailable as trouble:
            self._breaker.failed()
            if insists:
                raise
            caveats.append(_fell_back(trouble.message))
            return None
        except BaseException:
            self._breaker.abandoned()
            raise
        self._breaker.succeeded()
        return Recognised(lines, self._external.name, caveats)

    async def _embedded(self, page: PageToRead, caveats: list[Caveat]) -> Recognised:
        wanted = set(page.languages)
        rapid = wanted <= await self._rapid.languages() and page.engine != "tesseract"
        packs = await self._tesseract.languages()
        if not rapid or page.engine == "tesseract":
            self._check_packs(wanted, packs, page.engine)
            return Recognised(await _ask(self._tesseract, page), self._tesseract.name, caveats)
        if tuple(page.languages) == _ENGLISH and page.engine == "auto":
            if "en" in packs:
                return await self._english(page, caveats)
            caveats.append(
                Caveat(code="tesseract_missing", message="Tesseract is not installed; PP-OCR read it.")
            )
        return await self._by_rapid(page, packs, caveats)

    async def _english(self, page: PageToRead, caveats: list[Caveat]) -> Recognised:
        """Clean English is Tesseract's; where it is not sure, PP-OCR reads the page too."""
        lines = await _ask(self._tesseract, page)
        if _confidence(lines) >= _SURE_ENOUGH:
            return Recognised(lines, self._tesseract.name, caveats)
        others = await _ask(self._rapid, page)
        if _weight(others) >= _weight(lines):
            return Recognised(others, self._rapid.name, caveats)
        return Recognised(lines, self._tesseract.name, caveats)

    async def _by_rapid(self, page: PageToRead, packs: frozenset[str], caveats: list[Caveat]) -> Recognised:
        try:
            return Recognised(await _ask(self._rapid, page), self._rapid.name, caveats)
        except (WorkerCrashed, WorkersUnavailable) as trouble:
            if page.engine != "auto" or not set(page.languages) <= packs:
                raise
            caveats.append(
                Caveat(code="engine_failed", message=f"PP-OCR failed ({trouble.code}); Tesseract read it.")
            )
        return Recognised(await _ask(self._tesseract, page), self._tesseract.name, caveats)

    def _check_packs(self, wanted: set[str], packs: frozenset[str], engine: str) -> None:
        lacking = sorted(wanted - packs)
        if not lacking:
            return
        if engine == "rapidocr":
            raise LanguageUnavailable(f"PP-OCR does not read {', '.join(lacking)}.", field="/languages")
        known = ", ".join(sorted(packs)) or "none: Tesseract is not installed"
        raise LanguageUnavailable(
            f"No language pack for {', '.join(lacking)} is installed; there are: {known}.", field="/languages"
        )


async def _ask(engine: TextEngine, page: PageToRead) -> list[Line]:
    return await engine.recognise(page.png, languages=page.languages, flips=page.flips, dpi=page.dpi)


def _weight(lines: Sequence[Line]) -> float:
    return sum(line.confidence * len(line.text) for line in lines)


def _confidence(lines: Sequence[Line]) -> float:
    letters = sum(len(line.text) for line in lines)
    return _weight(lines) / letters if letters else 0.0


def _fell_back(reason: str) -> Caveat:
    return Caveat(
        code="external_engine_unavailable",
        message=f"The embedded engine read this page instead of the external one: {reason}.",
    )
