"""Who reads text off pages that are pictures."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from dataflowtools.src.logics.file.documents.ports.document_reader import TakenDocument
from dataflowtools.src.logics.file.documents.recognised import RecognisedBlock

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Recognition:
    """The blocks of each page in reading order, and the engine that read them."""

    pages: Mapping[int, Sequence[RecognisedBlock]]
    engine: str
    warnings: Sequence[Mapping[str, str]] = ()


class TextRecogniser(ABC):
    """Recognises the text of scanned pages and pictures."""

    @abstractmethod
    async def recognise(
        self,
        document: TakenDocument,
        pages: Sequence[int],
        *,
        password: str | None = None,
        on_progress: Progress | None = None,
    ) -> Recognition:
        """Read those pages, counted from 1, or as many of them as one request may have.

        Raises the errors of its engine and of workers.

        After each page, and before the first, `on_progress` is told how many are done of how many.
        """
