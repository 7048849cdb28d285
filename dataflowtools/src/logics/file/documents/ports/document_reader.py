"""Who reads a document and renders it."""

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any

from dataflowtools.src.logics.file.documents.options import ReadOptions
from dataflowtools.src.logics.file.documents.recognised import Recognised


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenDocument:
    """A document's bytes at hand, to be read once or more while they are held."""

    sha256: str
    size_bytes: int
    handle: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderedDocument:
    """A document as it was asked for: `content` is JSON already; `unrecognised` pages are pictures."""

    content: bytes
    metadata: Mapping[str, Any]
    warnings: Sequence[Mapping[str, str]]
    unrecognised: Sequence[int] = ()


class DocumentReader(ABC):
    """Reads documents of every format that the service knows."""

    @abstractmethod
    def take(self, chunks: AsyncIterator[bytes]) -> AbstractAsyncContextManager[TakenDocument]:
        """Hold the bytes until the context ends; raises StorageFull."""

    @abstractmethod
    async def read(
        self,
        document: TakenDocument,
        name: str,
        options: ReadOptions,
        *,
        password: str | None = None,
        recognised: Recognised | None = None,
    ) -> RenderedDocument:
        """Read and render, with what was recognised on pages that are pictures.

        Raises the errors of documents and of workers. Cancelling ends the work and whatever process does it.
        """
