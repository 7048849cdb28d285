"""Batches that edit: the same operations on every file, on copies or on the stored files themselves."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

from dataflowtools.src.common.stored_file import Owner
from dataflowtools.src.logics.file.batch.ports.file_operation import (
    ChangedFile,
    FileOperation,
    FileResult,
    StoredFileOperation,
)
from dataflowtools.src.logics.file.clean_names import clean_name
from dataflowtools.src.logics.file.documents.ports.document_reader import TakenDocument
from dataflowtools.src.logics.file.writing.edit_document import Edit, EditDocument

Orders = Sequence[Mapping[str, Any]]
_FIELD = "/operations"


class EditCopies(FileOperation):
    """Changes a copy of each file; a split gives several."""

    def __init__(
        self,
        edit_document: EditDocument,
        read: Callable[[TakenDocument], AsyncIterator[bytes]],
        operations: Orders,
    ) -> None:
        self._edit_document = edit_document
        self._read = read
        self._operations = operations

    async def verify(self, tenant: str) -> None:
        """Look for the files that the operations name."""
        await self._edit_document.require(tenant, self._operations, field=_FIELD)

    @asynccontextmanager
    async def apply(self, tenant: str, document: TakenDocument, name: str) -> AsyncIterator[FileResult]:
        """Change it."""
        chunks = self._read(document)
        async with self._edit_document.changed(tenant, name, chunks, self._operations) as made:
            own = None if made.facts.get("is_new") else clean_name(name)
            files = [replace(file, name=own or file.name) for file in made.files]
            facts = {"results": made.facts["results"]}
            yield FileResult(files=files, warnings=made.facts["warnings"], facts=facts)


class EditInPlace(StoredFileOperation):
    """Makes a new version of each stored file, where it is still the version that the caller names, if one is."""

    def __init__(self, edit_document: EditDocument, operations: Orders, versions: Mapping[str, str]) -> None:
        self._edit_document = edit_document
        self._operations = operations
        self._versions = versions

    async def verify(self, tenant: str) -> None:
        """Look for the files that the operations name."""
        await self._edit_document.require(tenant, self._operations, field=_FIELD)

    async def apply(self, owner: Owner, file_id: str) -> ChangedFile:
        """Change it; raises EditConflict too."""
        edit = Edit(file_id=file_id, operations=self._operations, if_match=self._versions.get(file_id))
        edited = await self._edit_document(owner, edit)
        file = edited.files[0]
        facts = {"etag": file.etag, "results": edited.results}
        return ChangedFile(name=file.name, warnings=edited.warnings, facts=facts)
