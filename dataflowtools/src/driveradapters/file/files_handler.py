"""GET /api/file/list, and GET and DELETE of one file."""

from datetime import UTC, datetime

from dataflowtools.src.common.stored_file import FilePosition, FileQuery
from dataflowtools.src.driveradapters.file.models import (
    DescribedFileReply,
    FileListQuery,
    FileListReply,
    FileReply,
)
from dataflowtools.src.logics.file.delete_file import DeleteFile
from dataflowtools.src.logics.file.describe_file import DescribeFile
from dataflowtools.src.logics.file.list_files import ListFiles
from dataflowtools.src.logics.file.media_types import CLAIMS
from dataflowtools.src.logics.tag.parse_expression import parse_expression
from servicekit.http import ApiHandler, decode_cursor, encode_cursor, operation
from servicekit.http import Problem as EdgeProblem


class FileListHandler(ApiHandler):
    """Finds files."""

    def initialize(self, list_files: ListFiles) -> None:
        """Take the use case."""
        self._list_files = list_files

    @operation(
        summary="List and search files",
        tag="files",
        query=FileListQuery,
        replies={200: FileListReply},
        errors=("invalid_tag_expression", "database_unavailable"),
        scope="files",
    )
    async def get(self) -> None:
        """Answer one page."""
        page = await self._list_files(self.caller.tenant, _query(self.parse_query(FileListQuery)))
        cursor = None if page.next is None else _cursor(page.next)
        self.reply(FileListReply(files=[FileReply.of(file) for file in page.files], next_cursor=cursor))


class FileHandler(ApiHandler):
    """One file."""

    def initialize(self, describe_file: DescribeFile, delete_file: DeleteFile) -> None:
        """Take the use cases."""
        self._describe_file = describe_file
        self._delete_file = delete_file

    @operation(
        summary="Describe a file",
        tag="files",
        path={"file_id": "The id that uploading returned."},
        replies={200: DescribedFileReply},
        errors=("file_not_found", "database_unavailable"),
        scope="files",
    )
    async def get(self, file_id: str) -> None:
        """Answer what is known of the file."""
        self.reply(DescribedFileReply.of(await self._describe_file(self.caller.tenant, file_id)))

    @operation(
        summary="Delete a file",
        tag="files",
        description="Downloads under way finish. A file that was deleted before is a 404.",
        path={"file_id": "The id that uploading returned."},
        replies={204: None},
        errors=("file_not_found", "database_unavailable"),
        scope="files",
    )
    async def delete(self, file_id: str) -> None:
        """Delete the file."""
        await self._delete_file(self.caller.tenant, file_id)
        self.reply(None)


def _query(asked: FileListQuery) -> FileQuery:
    return FileQuery(
        name_contains=asked.name,
        media_type=None if asked.type is None else _media_type(asked.type),
        tag=None if asked.tag is None else parse_expression(asked.tag),
        sha256=asked.sha256,
        created_from=asked.created_from,
        created_before=asked.created_before,
        metadata=dict(pair.split(":", 1) for pair in asked.metadata),
        after=None if asked.cursor is None else _position(asked.cursor),
        limit=asked.limit,
    )


def _media_type(text: str) -> str:
    claim = CLAIMS.get(text.lower().lstrip("."))
    return text.lower() if claim is None else claim.media_type


def _cursor(position: FilePosition) -> str:
    return encode_cursor({"created_at": position.created_at.isoformat(), "file_id": position.file_id})


def _position(cursor: str) -> FilePosition:
    found = decode_cursor(cursor)
    try:
        moment = datetime.fromisoformat(found["created_at"]).astimezone(UTC)
        return FilePosition(created_at=moment, file_id=str(found["file_id"]))
    except (KeyError, TypeError, ValueError, OverflowError):
        detail = "The cursor is not one that this service gave out."
        raise EdgeProblem(400, "invalid_cursor", detail) from None
