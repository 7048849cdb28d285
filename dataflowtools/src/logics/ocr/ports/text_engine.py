"""Who recognises text, and who tells which way up a page is."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

from dataflowtools.src.logics.ocr.model import Line


class TextEngine(ABC):
    """Recognises lines on an upright page; raises the errors of workers, or OcrServiceUnavailable."""

    name: str

    @abstractmethod
    def prepare(self) -> None:
        """Get ready in the background, because a page comes soon; never fails."""

    @abstractmethod
    async def languages(self) -> frozenset[str]:
        """Return the languages that it reads here, as ISO 639 codes with zh and zh-hant; none when it is missing."""

    @abstractmethod
    async def recognise(
        self, png: bytes, *, languages: Sequence[str], flips: bool, dpi: float | None
    ) -> list[Line]:
        """Return the lines in no particular order, in pixels of the picture; no text is an empty list.

        With `flips` single lines may stand upside down.
        """


@dataclass(frozen=True, slots=True)
class Turn:
    """The clockwise degrees that make a page upright, and how sure that is."""

    degrees: int
    confidence: float


class OrientationFinder(ABC):
    """Tells how a page is turned; raises the errors of workers."""

    @abstractmethod
    async def find(self, png: bytes) -> Turn | None:
        """Return the turn, or None when the page does not tell."""
