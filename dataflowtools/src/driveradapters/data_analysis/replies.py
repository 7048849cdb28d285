"""What is answered about tables."""

import json
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from dataflowtools.src.common.stored_file import StoredFile


class ColumnReply(BaseModel):
    """A column and its type."""

    name: str
    type: str


class TableReply(BaseModel):
    """What every reply about a table says."""

    model_config = ConfigDict(extra="allow")
    source: dict[str, Any] = Field(description="How the file was read: format, encoding, sheets.")
    warnings: list[dict[str, Any]] = Field(description="What was odd, by code.")


class AnalyzeReply(TableReply):
    """The result of an analysis: the members depend on its kind."""

    analysis: str
    rows: int


class StoredReply(BaseModel):
    """A stored result."""

    file_id: str
    name: str
    size_bytes: int
    media_type: str


class TransformReply(TableReply):
    """Records, a stored file or content, with the report of every step."""

    rows: int | None = None
    columns: list[ColumnReply]
    steps: list[dict[str, Any]]
    lineage: dict[str, list[str]]
    dry_run: bool
    data: list[dict[str, Any]] | None = None
    file: StoredReply | None = None


class FailureReply(BaseModel):
    """One value that fails one rule; row counts from 1, without the header."""

    row: int | None
    column: str | None
    rule: str
    value: Any
    message: str = ""


class ValidateReply(TableReply):
    """Whether the table holds, and a page of what does not."""

    valid: bool
    errors: list[FailureReply]
    counts: dict[str, Any]
    next_cursor: str | None = None


class SchemaReply(TableReply):
    """An inferred schema."""

    schema_: dict[str, Any] = Field(alias="schema")


class StepsReply(BaseModel):
    """Every step with the JSON Schema of its fields, and every function of expressions."""

    steps: list[dict[str, Any]]
    functions: list[dict[str, str]]


class CustomReply(TableReply):
    """What the code gave."""

    status: str
    result: str = ""
    value: Any = None
    outputs: list[dict[str, Any]] = []
    exceptions: list[dict[str, Any]] = []
    file: StoredReply | None = None


def stored_reply(file: StoredFile) -> dict[str, Any]:
    """Describe a stored result."""
    return {
        "file_id": file.file_id,
        "name": file.name,
        "size_bytes": file.content.size_bytes,
        "media_type": file.content.media_type,
    }


def joined(name: str, part: bytes, rest: Mapping[str, Any]) -> bytes:
    """Write a reply of which one member is JSON already."""
    body = json.dumps(dict(rest), ensure_ascii=False, allow_nan=False).encode("utf-8", "replace")
    return b"{" + json.dumps(name).encode() + b":" + part + (b"," if rest else b"") + body[1:]
