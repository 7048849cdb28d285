"""What a batch does with each of its files."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Any

from dataflowtools.src.logics.file.documents.ports.document_reader import TakenDocument


@dataclass(frozen=True, slots=True, kw_only=True)
class FileResult:
    """What an operation made of one file, held for as long as it is read."""

    name: str
    document: TakenDocument
    warnings: Sequence[Mapping[str, Any]] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)


class FileOperation(ABC):
    """An operation with its options chosen."""

    @abstractmethod
    def apply(
        self, tenant: str, document: TakenDocument, name: str
    ) -> AbstractAsyncContextManager[FileResult]:
        """Do it with one file; raises the errors of documents, files and workers.

        Cancelling ends the work and its process.
        """
