"""Where pages come from: files of strangers, decoded or drawn one page at a time."""

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class HeldFile:
    """A file's bytes at hand, to be read as often as needed while they are held."""

    handle: Any
    size_bytes: int


@dataclass(frozen=True, slots=True)
class FileFacts:
    """What a file is; `more` when it has more frames than are read."""

    format: str
    pages: int
    more: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PagePicture:
    """A page as a PNG that may be `factor` times smaller than the page, and the text that a PDF page has."""

    png: bytes
    width: int
    height: int
    factor: float = 1.0
    texts: Sequence[Mapping[str, Any]] = ()
    image_share: float = 0.0
    warnings: Sequence[str] = ()
    dpi: float | None = None
    blank: bool = False


class PageSource(ABC):
    """Reads pictures and PDF pages; every reading call raises the errors of documents and of workers."""

    @abstractmethod
    def take(self, chunks: AsyncIterator[bytes]) -> AbstractAsyncContextManager[HeldFile]:
        """Hold the bytes until the context ends; raises FileTooLarge, EmptyFile or StorageFull."""

    @abstractmethod
    async def inspect(self, file: HeldFile, *, password: str | None = None) -> FileFacts:
        """Tell the format and the number of pages; decodes no pixel."""

    @abstractmethod
    async def read(
        self, file: HeldFile, number: int, *, dpi: int, password: str | None = None, texts: bool = True
    ) -> PagePicture:
        """Give one page, counted from 1, as it is meant to be seen."""
