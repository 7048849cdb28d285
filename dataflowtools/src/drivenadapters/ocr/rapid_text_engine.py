"""PP-OCR through RapidOCR, in limited workers."""

from collections.abc import Mapping, Sequence
from typing import Any

from dataflowtools.src.drivenadapters.ocr.passing import in_memory
from dataflowtools.src.drivenadapters.workers.limited_workers import LimitedWorkers
from dataflowtools.src.logics.ocr.model import Line, Quad, Word
from dataflowtools.src.logics.ocr.ports.text_engine import OrientationFinder, TextEngine, Turn

_LANGUAGES = frozenset({"zh", "zh-hant", "en"})
_MEMORY_BYTES = 1200 << 20


class RapidTextEngine(TextEngine):
    """The default for Chinese, English and both on one page; its models come with its package."""

    name = "rapidocr"

    def __init__(self, workers: LimitedWorkers, *, timeout_s: float) -> None:
        self._workers = workers
        self._timeout_s = timeout_s

    def prepare(self) -> None:
        self._workers.prepare("rapidocr.recognise")

    async def languages(self) -> frozenset[str]:
        return _LANGUAGES

    async def recognise(
        self, png: bytes, *, languages: Sequence[str], flips: bool, dpi: float | None
    ) -> list[Line]:
        del languages, dpi  # one model reads them all, at any size
        with in_memory(png) as descriptor:
            result = await self._workers.run(
                "rapidocr.recognise", {"flips": flips}, files=[descriptor],
                timeout_s=self._timeout_s, memory_bytes=_MEMORY_BYTES,
            )  # fmt: skip
        return [line_from(found) for found in result.value["lines"]]


class RapidOrientationFinder(OrientationFinder):
    """Tries a page's largest lines both ways up."""

    def __init__(self, workers: LimitedWorkers, *, timeout_s: float) -> None:
        self._workers = workers
        self._timeout_s = timeout_s

    async def find(self, png: bytes) -> Turn | None:
        with in_memory(png) as descriptor:
            result = await self._workers.run(
                "rapidocr.turn", {}, files=[descriptor],
                timeout_s=self._timeout_s, memory_bytes=_MEMORY_BYTES,
            )  # fmt: skip
        return Turn(int(result.value["turn"]), float(result.value["confidence"]))


def line_from(found: Mapping[str, Any]) -> Line:
    """Read a line as workers write it."""
    words = [Word(word["text"], float(word["confidence"]), _quad(word["quad"])) for word in found["words"]]
    return Line(str(found["text"]), float(found["confidence"]), _quad(found["quad"]), words)


def _quad(points: Sequence[Sequence[float]]) -> Quad:
    first, second, third, fourth = ((float(x), float(y)) for x, y in points)
    return first, second, third, fourth
