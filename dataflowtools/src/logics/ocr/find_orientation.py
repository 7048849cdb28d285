"""Which way up a page is, by whoever is sure of it."""

from dataclasses import dataclass

from dataflowtools.src.errors import EngineMissing
from dataflowtools.src.logics.ocr.ports.text_engine import OrientationFinder, Turn

_SURE_IT_STANDS = 1.0
_SURE_IT_IS_TURNED = 4.0
_SURE_OF_THE_READING = 0.5
_HINT = 0.3


@dataclass(frozen=True, slots=True)
class Orientation:
    """The clockwise turn that makes a page upright; not certain when lines may still stand upside down."""

    degrees: int
    certain: bool


class FindOrientation:
    """Asks the one who looks at letters first, and the one who tries to read when that one is not sure."""

    def __init__(self, *, by_letters: OrientationFinder, by_reading: OrientationFinder) -> None:
        self._by_letters = by_letters
        self._by_reading = by_reading

    async def __call__(self, png: bytes) -> Orientation:
        """Find the turn; raises what workers raise."""
        seen = await self._look(png)
        if seen is not None and seen.confidence >= (_SURE_IT_IS_TURNED if seen.degrees else _SURE_IT_STANDS):
            return Orientation(seen.degrees, certain=True)
        tried = await self._by_reading.find(png)
        if tried is not None and tried.confidence >= _SURE_OF_THE_READING:
            return Orientation(tried.degrees, certain=True)
        if seen is not None and seen.confidence >= _HINT:
            return Orientation(seen.degrees, certain=tried is not None and tried.degrees == seen.degrees)
        return Orientation(tried.degrees if tried else 0, certain=False)

    async def _look(self, png: bytes) -> Turn | None:
        try:
            return await self._by_letters.find(png)
        except EngineMissing:
            return None
