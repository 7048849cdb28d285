"""Who reads codes off pages, and who draws them."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dataflowtools.src.logics.ocr.ports.page_source import HeldFile


@dataclass(frozen=True, slots=True, kw_only=True)
class RawCode:
    """A code as its reader saw it; the polygon is in pixels of the picture as it was given."""

    text: str
    data: bytes
    format: str
    family: str
    content: str
    identifier: str
    level: str
    orientation: int
    polygon: Sequence[tuple[float, float]]
    extra: Mapping[str, Any]
    reader: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PageCodes:
    """The codes of one page."""

    width: int
    height: int
    dpi: float | None
    codes: Sequence[RawCode]
    warnings: Sequence[str]
    second_opinion: bool


class CodeReader(ABC):
    """Finds codes on one page of a picture or PDF."""

    @abstractmethod
    async def read(
        self,
        file: HeldFile,
        number: int,
        *,
        dpi: int,
        password: str | None,
        formats: Sequence[str],
        retries: bool,
    ) -> PageCodes:
        """Read all codes; raises the errors of documents and of workers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeOrder:
    """A code to be drawn."""

    format: str
    text: str = ""
    data: bytes | None = None
    output: str = "png"
    scale: int = 4
    level: str = ""
    gs1: bool = False
    human_readable: bool = False
    quiet_zone: bool = True


class CodeWriter(ABC):
    """Draws codes."""

    @abstractmethod
    async def draw(self, order: CodeOrder) -> bytes:
        """Draw a PNG or SVG; raises InvalidCode and the errors of workers."""
