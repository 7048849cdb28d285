"""Who turns one format into another."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass

from dataflowtools.src.logics.file.converting.graph import Hop
from dataflowtools.src.logics.file.converting.options import ConvertOptions
from dataflowtools.src.logics.file.documents.ports.document_reader import TakenDocument

Warnings = Sequence[Mapping[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Converted:
    """What came out: its bytes while they are held, its format, and what a reader should know."""

    document: TakenDocument
    format: str
    warnings: Warnings = ()


class Converter(ABC):
    """Does some of the steps of the graph."""

    @abstractmethod
    def hops(self) -> Sequence[Hop]:
        """List its steps; those that lack a program here say which."""

    @abstractmethod
    def convert(
        self, tenant: str, hop: Hop, source: TakenDocument, options: ConvertOptions
    ) -> AbstractAsyncContextManager[Converted]:
        """Do one of its steps and hold the result until the context ends.

        Raises the errors of documents, analysis and workers. Cancelling ends the work and its process.
        """


class DocumentInspector(ABC):
    """Looks at a document before anything converts it."""

    @abstractmethod
    def inspect(
        self, document: TakenDocument, name: str, password: str | None
    ) -> AbstractAsyncContextManager[Converted]:
        """Name the format, hold the document without its password, and warn of what will be left out.

        Raises the errors of documents and of workers.
        """
