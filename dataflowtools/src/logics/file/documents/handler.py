"""The base of all handlers, and the factory that finds the one for a format."""

from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, ClassVar

from dataflowtools.src.errors import UnsupportedType
from dataflowtools.src.logics.file.documents.model import Document
from dataflowtools.src.logics.file.documents.options import ReadOptions
from dataflowtools.src.logics.file.documents.recognised import Recognised


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A document to read: an open file, the name it goes by, and the secrets and room that come with it."""

    file: BinaryIO
    name: str
    format: str
    scratch: Path
    password: str | None = None
    recognised: Recognised = field(default_factory=dict)


class DocumentHandler(ABC):
    """Reads one family of formats; raises errors of the service's tree for what it cannot read."""

    formats: ClassVar[frozenset[str]]
    engine: ClassVar[str] = "dataflowtools"

    @abstractmethod
    def read(self, source: Source, options: ReadOptions) -> Document:
        """Read the document."""


class HandlerFactory:
    """Knows which handler reads which format; more can be registered."""

    def __init__(self, handlers: Iterable[DocumentHandler] = ()) -> None:
        self._by_format: dict[str, DocumentHandler] = {}
        for handler in handlers:
            self.register(handler)

    def register(self, handler: DocumentHandler) -> None:
        """Let a handler read its formats from now on, also those that another one read before."""
        self._by_format |= dict.fromkeys(handler.formats, handler)

    @property
    def formats(self) -> list[str]:
        """Every format that can be read."""
        return sorted(self._by_format)

    def handler_for(self, format_name: str) -> DocumentHandler:
        """Return the handler of a format; UnsupportedType when there is none."""
        handler = self._by_format.get(format_name)
        if handler is None:
            known = ", ".join(self.formats)
            raise UnsupportedType(f"Files of the type {format_name} are not read; these are: {known}.")
        return handler
