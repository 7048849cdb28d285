"""Requests and replies about stored files, as JSON."""

import re
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, BeforeValidator, Field, RootModel

from dataflowtools.src.common.stored_file import StoredFile
from servicekit.http import Body

MetadataEntry = str | int | float | bool


def _from_midnight(text: object) -> object:
    """Let a day stand for its first moment in UTC."""
    is_day = isinstance(text, str) and re.fullmatch(r"\d{4}-\d{2}-\d{2}", text, re.ASCII)
    return f"{text}T00:00:00Z" if is_day else text


Moment = Annotated[AwareDatetime, BeforeValidator(_from_midnight)]


class FileReply(BaseModel):
    """A stored file."""

    file_id: str = Field(description="Opaque id; the only way to name the file.")
    name: str = Field(description="Display name, cleaned of paths and invisible characters.")
    size: int = Field(description="Bytes.")
    media_type: str = Field(description="By the name's extension, borne out by the content.")
    sha256: str = Field(description="Hash of the content.")
    created_at: AwareDatetime
    modified_at: AwareDatetime
    version: int = Field(description="Grows with every change.")
    tags: list[str] = Field(description="Paths of tags.")
    metadata: dict[str, MetadataEntry] = Field(description="What people said of the file.")

    @classmethod
    def of(cls, file: StoredFile) -> "FileReply":
        """Show a stored file."""
        return cls(**shown(file))


class DescribedFileReply(FileReply):
    """A stored file with what was read out of its content."""

    properties: dict[str, object] | None = Field(
        description="Author, title, pages and the like, read out of the content; null until it was read."
    )

    @classmethod
    def of(cls, file: StoredFile) -> "DescribedFileReply":
        """Show a stored file with its properties."""
        return cls(**shown(file), properties=None if file.properties is None else dict(file.properties))


class SeveralFilesReply(BaseModel):
    """All files of one upload, in the order sent."""

    files: list[FileReply]


class UploadReply(RootModel[FileReply | SeveralFilesReply]):
    """One file by itself, or `files` when several were sent."""


class FileListReply(BaseModel):
    """One page of files, newest first."""

    files: list[FileReply]
    next_cursor: str | None = Field(description="Give it as cursor to go on; null at the end.")


class FileListQuery(Body):
    """Which files to list; all conditions must hold."""

    name: str | None = Field(None, max_length=255, description="Part of the name, in any case.")
    type: str | None = Field(None, max_length=127, description="pdf, application/pdf or image/*.")
    tag: str | None = Field(
        None, description='Tag expression, such as: finance and (2026 or "last year") and not draft.'
    )
    sha256: str | None = Field(None, pattern="^[0-9a-f]{64}$", description="Hash of the content.")
    created_from: Moment | None = Field(
        None, description="Stored at this time or later: a day (UTC), or a time with its zone."
    )
    created_before: Moment | None = Field(None, description="Stored before this time.")
    metadata: list[Annotated[str, Field(pattern="^[^:]{1,64}:")]] = Field(
        [], max_length=16, description="name:value; may be repeated."
    )
    limit: int = Field(50, ge=1, le=500, description="Most files on the page.")
    cursor: str | None = Field(None, max_length=512, description="next_cursor of the page before.")


class ReplaceDescription(Body):
    """What to put in place; what is absent stays."""

    name: str | None = Field(None, min_length=1, max_length=1024)
    metadata: dict[str, MetadataEntry] | None = None
    tags: list[str] | None = None


class ChangeDescription(Body):
    """What to change; an entry of null is removed."""

    name: str | None = Field(None, min_length=1, max_length=1024)
    metadata: dict[str, MetadataEntry | None] = Field(default_factory=dict)
    add_tags: list[str] = Field(default_factory=list)
    remove_tags: list[str] = Field(default_factory=list)


def shown(file: StoredFile) -> dict[str, object]:
    """Everything that may be shown of a file."""
    return {
        "file_id": file.file_id,
        "name": file.name,
        "size": file.content.size_bytes,
        "media_type": file.content.media_type,
        "sha256": file.content.sha256,
        "created_at": file.created_at,
        "modified_at": file.modified_at,
        "version": file.version,
        "tags": list(file.tags),
        "metadata": dict(file.metadata),
    }
