"""What a batch does with each of its files."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Any

from dataflowtools.src.common.stored_file import Owner
from dataflowtools.src.logics.file.documents.ports.document_reader import TakenDocument
from dataflowtools.src.logics.file.writing.ports.document_workshop import MadeFile


@dataclass(frozen=True, slots=True, kw_only=True)
class FileResult:
    """What an operation made of one file; the files can be read while the result is held."""

    files: Sequence[MadeFile]
    warnings: Sequence[Mapping[str, Any]] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedFile:
    """A stored file that was changed where it is."""

    name: str
    warnings: Sequence[Mapping[str, Any]]
    facts: Mapping[str, Any]


class BatchOperation:
    """An operation with its options chosen."""

    async def verify(self, tenant: str) -> None:
        """Look at the stored files that the options name; raises FileNotFound or what is wrong with them."""
        del tenant  # the options of most operations name none


class FileOperation(BatchOperation, ABC):
    """An operation that makes new files."""

    @abstractmethod
    def apply(
        self, tenant: str, document: TakenDocument, name: str
    ) -> AbstractAsyncContextManager[FileResult]:
        """Do it with one file; raises the errors of documents, files and workers.

        Cancelling ends the work and its process.
        """


class StoredFileOperation(BatchOperation, ABC):
    """An operation that changes stored files where they are."""

    @abstractmethod
    async def apply(self, owner: Owner, file_id: str) -> ChangedFile:
        """Do it with one stored file, wholly or not at all; raises the same."""
