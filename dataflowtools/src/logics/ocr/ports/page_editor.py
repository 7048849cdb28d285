"""Who turns, masks, blackens and packs pages."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dataflowtools.src.logics.ocr.model import Quad, Rect


@dataclass(frozen=True, slots=True, kw_only=True)
class UprightPage:
    """A page that stands upright, the way back for its points, and the grids that are ruled on it."""

    png: bytes
    skew: float
    back: Sequence[Sequence[float]]
    grids: Sequence[Sequence[Mapping[str, Any]]] = ()


@dataclass(frozen=True, slots=True)
class PackedPage:
    """A page as JPEG."""

    jpeg: bytes
    width: int
    height: int
    grey: bool


class PageEditor(ABC):
    """Works on pages that are plain pictures; raises the errors of workers."""

    @abstractmethod
    async def make_upright(self, png: bytes, *, turn: int, deskew: bool, tables: bool) -> UprightPage:
        """Turn a page clockwise by a quarter or more, straighten it, and find its ruled tables."""

    @abstractmethod
    async def mask(self, png: bytes, regions: Sequence[Rect]) -> bytes:
        """Keep only the regions."""

    @abstractmethod
    async def redact(self, png: bytes, shapes: Sequence[Quad]) -> bytes:
        """Blacken the shapes for good."""

    @abstractmethod
    async def pack(self, png: bytes) -> PackedPage:
        """Pack a page for a PDF."""

    @abstractmethod
    async def find_patterns(
        self, texts: Sequence[str], patterns: Sequence[str]
    ) -> Sequence[Sequence[tuple[int, int]]]:
        """Find where patterns match in each text; raises InvalidPattern for one that is no pattern or never ends."""
