"""GET, PUT and PATCH /api/file/{file_id}/metadata."""

import re

from dataflowtools.src.common.stored_file import FileDescription, StoredFile
from dataflowtools.src.driveradapters.file.models import (
    ChangeDescription,
    DescribedFileReply,
    ReplaceDescription,
)
from dataflowtools.src.logics.file.describe_file import DescribeFile, DescriptionChange
from dataflowtools.src.logics.file.read_properties import ReadProperties
from servicekit.http import ApiHandler, Problem, operation

_VERSION = re.compile(r'"v(\d{1,9})"')
_PATH = {"file_id": "The id that uploading returned."}
_ERRORS = (
    "file_not_found",
    "precondition_failed",
    "invalid_file_request",
    "invalid_tag",
    "database_unavailable",
)


class MetadataHandler(ApiHandler):
    """What is known and said of a file; If-Match with the ETag guards a change."""

    def initialize(self, describe_file: DescribeFile, read_properties: ReadProperties) -> None:
        """Take the use cases."""
        self._describe_file = describe_file
        self._read_properties = read_properties

    @operation(
        summary="Read a file's metadata",
        tag="files",
        description="The first call reads the properties out of the content; they are kept beside the file.",
        path=_PATH,
        replies={200: DescribedFileReply},
        errors=_ERRORS[:1],
        scope="files",
    )
    async def get(self, file_id: str) -> None:
        """Answer what is known of the file."""
        self._show(await self._read_properties(self.caller.tenant, file_id))

    @operation(
        summary="Replace a file's metadata",
        tag="files",
        path=_PATH,
        body=ReplaceDescription,
        replies={200: DescribedFileReply},
        errors=_ERRORS,
        scope="files",
    )
    async def put(self, file_id: str) -> None:
        """Put what is given in place of what was."""
        body = self.parse_body(ReplaceDescription)
        change = FileDescription(name=body.name, metadata=body.metadata, tags=body.tags)
        tenant = self.caller.tenant
        self._show(await self._describe_file.replace(tenant, file_id, change, if_version=self._if_version()))

    @operation(
        summary="Change a file's metadata",
        tag="files",
        description="Entries are merged by name; null removes one.",
        path=_PATH,
        body=ChangeDescription,
        replies={200: DescribedFileReply},
        errors=_ERRORS,
        scope="files",
    )
    async def patch(self, file_id: str) -> None:
        """Merge what is given into what was."""
        body = self.parse_body(ChangeDescription)
        change = DescriptionChange(
            name=body.name, metadata=body.metadata, add_tags=body.add_tags, remove_tags=body.remove_tags
        )
        tenant = self.caller.tenant
        self._show(await self._describe_file.merge(tenant, file_id, change, if_version=self._if_version()))

    def _show(self, file: StoredFile) -> None:
        self.reply(DescribedFileReply.of(file), headers={"ETag": f'"v{file.version}"'})

    def _if_version(self) -> int | None:
        header = self.request.headers.get("If-Match", "*").strip()
        if header == "*":
            return None
        match = _VERSION.fullmatch(header)
        if match is None:
            raise Problem(412, "precondition_failed", "If-Match takes the ETag of the metadata.")
        return int(match[1])
