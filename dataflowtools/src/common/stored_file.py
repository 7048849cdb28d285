"""Stored files as values: who owns one, what it is, and how to ask for many."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from dataflowtools.src.common.tags import TagExpression

MetadataValue = str | int | float | bool
Metadata = Mapping[str, MetadataValue]


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """On whose behalf something is done; both come from the API key."""

    tenant: str
    user: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """The bytes of one version of a file."""

    blob_id: str
    size_bytes: int
    sha256: str
    media_type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredFile:
    """One file of a tenant; content and description change, the id does not."""

    file_id: str
    owner: Owner
    name: str
    content: Content
    created_at: datetime
    modified_at: datetime
    version: int = 1
    metadata: Metadata = field(default_factory=dict)
    tags: Sequence[str] = ()
    properties: Mapping[str, object] | None = None

    @property
    def etag(self) -> str:
        """A strong validator of the content, as RFC 9110 quotes it."""
        return f'"{self.content.sha256}"'


@dataclass(frozen=True, slots=True, kw_only=True)
class IncomingFile:
    """A file on its way in: the name as the sender wrote it and its bytes, to be read once."""

    name: str
    chunks: AsyncIterator[bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class FileDescription:
    """What people say about a file; None leaves as it is."""

    name: str | None = None
    metadata: Metadata | None = None
    tags: Sequence[str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FilePosition:
    """Where a page of a listing ended."""

    created_at: datetime
    file_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FileQuery:
    """Which files to list, newest first; every condition given must hold."""

    name_contains: str | None = None
    media_type: str | None = None
    tag: TagExpression | None = None
    sha256: str | None = None
    created_from: datetime | None = None
    created_before: datetime | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)
    after: FilePosition | None = None
    limit: int = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class FilePage:
    """One page of a listing and where the next one starts."""

    files: Sequence[StoredFile]
    next: FilePosition | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What a tenant stores."""

    size_bytes: int
    files: int
