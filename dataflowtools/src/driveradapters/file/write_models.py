"""What making and changing documents takes and gives."""

from typing import Any

from pydantic import BaseModel, Field, RootModel

from dataflowtools.src.common.stored_file import StoredFile
from dataflowtools.src.driveradapters.file.models import FileReply, shown
from dataflowtools.src.logics.file.writing.edit_document import Edit, Edited
from dataflowtools.src.logics.file.writing.operations import MAX_OPERATIONS, Operation
from dataflowtools.src.logics.file.writing.operations import message_of as operation_message
from dataflowtools.src.logics.file.writing.order import WriteOrder
from servicekit.http import Body


class WriteRequest(WriteOrder):
    """A document to be made."""


class EditRequest(Body):
    """What to change in a stored document."""

    file_id: str = Field(min_length=1, max_length=100)
    operations: list[Operation] = Field(min_length=1, max_length=MAX_OPERATIONS)
    if_match: str | None = Field(
        None, max_length=1000, description="The ETag that downloading gave; If-Match does the same."
    )
    save_as: str | None = Field(
        None, min_length=1, max_length=1024, description="Stores the result as a new file of this name."
    )
    password: str | None = Field(
        None,
        min_length=1,
        max_length=255,
        description="Opens an encrypted document and locks the result again; never kept.",
    )

    def edit(self, if_match: str | None) -> Edit:
        """Give the request as the use case takes it."""
        operations = [operation_message(one) for one in self.operations]
        named = self.if_match if self.if_match is not None else if_match
        return Edit(
            file_id=self.file_id,
            operations=operations,
            if_match=named,
            save_as=self.save_as,
            password=self.password,
        )


class WriteWarning(BaseModel):
    """Something a person should know of the result."""

    code: str
    message: str
    count: int = 1


class WrittenReply(FileReply):
    """A document that was made or changed."""

    warnings: list[WriteWarning]

    @classmethod
    def made(cls, file: StoredFile, warnings: Any) -> "WrittenReply":
        """Show a stored document with its warnings."""
        return cls(**shown(file), warnings=warnings)


class EditedReply(WrittenReply):
    """A document that was changed, and what each operation did."""

    results: list[dict[str, Any]]

    @classmethod
    def of_edit(cls, edited: Edited) -> "EditedReply":
        """Show the document."""
        return cls(**shown(edited.files[0]), warnings=edited.warnings, results=edited.results)


class SplitReply(BaseModel):
    """The new files that a split made, in their order."""

    files: list[FileReply]
    results: list[dict[str, Any]]
    warnings: list[WriteWarning]


class EditReply(RootModel[EditedReply | SplitReply]):
    """The document, or the parts of a split."""
