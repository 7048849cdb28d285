"""The Tesseract program, started by limited workers that may start programs."""

import asyncio
from collections.abc import Sequence

from dataflowtools.src.drivenadapters.ocr.passing import in_memory
from dataflowtools.src.drivenadapters.ocr.rapid_text_engine import line_from
from dataflowtools.src.drivenadapters.workers.limited_workers import LimitedWorkers
from dataflowtools.src.logics.ocr.model import Line
from dataflowtools.src.logics.ocr.ports.text_engine import OrientationFinder, TextEngine, Turn

_MEMORY_BYTES = 900 << 20
_LIST_TIMEOUT_S = 10.0
_OSD_TIMEOUT_S = 20.0
_PACKS = {
    "zh": "chi_sim", "zh-hant": "chi_tra", "en": "eng", "ja": "jpn", "ko": "kor", "de": "deu", "fr": "fra",
    "es": "spa", "it": "ita", "pt": "por", "ru": "rus", "uk": "ukr", "pl": "pol", "nl": "nld", "tr": "tur",
    "ar": "ara", "he": "heb", "hi": "hin", "th": "tha", "vi": "vie", "cs": "ces", "sv": "swe", "da": "dan",
    "fi": "fin", "nb": "nor", "el": "ell", "hu": "hun", "ro": "ron", "bg": "bul", "id": "ind",
}  # fmt: skip
_CODES = {pack: code for code, pack in _PACKS.items()}


class TesseractTextEngine(TextEngine):
    """Reads clean Latin pages quickly, and every language whose pack is installed."""

    name = "tesseract"

    def __init__(self, workers: LimitedWorkers, *, timeout_s: float) -> None:
        self._workers = workers
        self._timeout_s = timeout_s
        self._packs: frozenset[str] | None = None
        self._asking = asyncio.Lock()

    @property
    def state(self) -> str:
        """`installed`, `missing`, or `unknown` until it was needed."""
        return "unknown" if self._packs is None else "installed" if self._packs else "missing"

    def prepare(self) -> None:
        """There is nothing to load."""

    async def languages(self) -> frozenset[str]:
        return frozenset(_CODES.get(pack, pack) for pack in await self.packs())

    async def packs(self) -> frozenset[str]:
        """Return the names of the installed packs; asked once."""
        async with self._asking:
            if self._packs is None:
                result = await self._workers.run(
                    "tesseract.languages", {}, timeout_s=_LIST_TIMEOUT_S, memory_bytes=_MEMORY_BYTES
                )
                self._packs = frozenset(result.value["languages"])
            return self._packs

    async def recognise(
        self, png: bytes, *, languages: Sequence[str], flips: bool, dpi: float | None
    ) -> list[Line]:
        del flips  # it reads upright lines only
        names = [_PACKS.get(language, language) for language in languages]
        with in_memory(png) as descriptor:
            result = await self._workers.run(
                "tesseract.recognise", {"languages": names, "dpi": dpi}, files=[descriptor],
                timeout_s=self._timeout_s, memory_bytes=_MEMORY_BYTES,
            )  # fmt: skip
        return [line_from(found) for found in result.value["lines"]]


class TesseractOrientationFinder(OrientationFinder):
    """Orientation and script detection, where the program and its osd pack are installed."""

    def __init__(self, workers: LimitedWorkers, engine: TesseractTextEngine) -> None:
        self._workers = workers
        self._engine = engine

    async def find(self, png: bytes) -> Turn | None:
        if "osd" not in await self._engine.packs():
            return None
        with in_memory(png) as descriptor:
            result = await self._workers.run(
                "tesseract.orientation", {}, files=[descriptor],
                timeout_s=_OSD_TIMEOUT_S, memory_bytes=_MEMORY_BYTES,
            )  # fmt: skip
        found = result.value
        return Turn(int(found["turn"]), float(found["confidence"])) if found["found"] else None
