"""An engine that knows what the pictures say, and one that fails."""

from collections.abc import Mapping, Sequence

from dataflowtools.src.logics.ocr.model import Line, Rect
from dataflowtools.src.logics.ocr.ports.text_engine import OrientationFinder, TextEngine, Turn


class FakeTextEngine(TextEngine):
    """Answers with the lines that belong to a picture's bytes."""

    def __init__(
        self, texts: Mapping[bytes, Sequence[str]], *, name: str = "fake", languages: Sequence[str] = ("zh", "en"),
        confidence: float = 0.95,
    ) -> None:  # fmt: skip
        self.name = name
        self.texts = texts
        self.asked: list[Sequence[str]] = []
        self.prepared = 0
        self._languages = frozenset(languages)
        self._confidence = confidence

    def prepare(self) -> None:
        self.prepared += 1

    async def languages(self) -> frozenset[str]:
        return self._languages

    async def recognise(
        self, png: bytes, *, languages: Sequence[str], flips: bool, dpi: float | None
    ) -> list[Line]:
        self.asked.append(languages)
        return [
            Line(text, self._confidence, Rect(10, 40 * row + 10, 10 + 12 * len(text), 40 * row + 34).quad)
            for row, text in enumerate(self.texts.get(png, ()))
        ]


class BrokenTextEngine(FakeTextEngine):
    """Raises what it was given."""

    def __init__(self, error: Exception, **more) -> None:
        super().__init__({}, **more)
        self.error = error

    async def recognise(self, png, *, languages, flips, dpi):
        self.asked.append(languages)
        raise self.error


class FakeOrientationFinder(OrientationFinder):
    """Says what it was told to say."""

    def __init__(self, answer: Turn | Exception | None) -> None:
        self.answer = answer
        self.asked = 0

    async def find(self, png: bytes) -> Turn | None:
        self.asked += 1
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer
