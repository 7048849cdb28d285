"""POST /api/file/upload: files in, streamed from the socket to the store."""

from collections.abc import AsyncIterator

from pydantic import TypeAdapter, ValidationError

from dataflowtools.src.common.stored_file import FileDescription, IncomingFile, MetadataValue, Owner
from dataflowtools.src.driveradapters.file.models import FileReply, SeveralFilesReply, UploadReply
from dataflowtools.src.driveradapters.file.multipart import MultipartBody, Part
from dataflowtools.src.logics.file.upload_files import UploadFiles
from servicekit.http import Problem, StreamingHandler, operation

_TAGS = TypeAdapter(list[str])
_METADATA = TypeAdapter(dict[str, MetadataValue])
_FORM = {
    "file": {"type": "string", "format": "binary", "description": "A file; may be repeated."},
    "tags": {"type": "string", "description": "Paths of tags, as a JSON list or separated by commas."},
    "metadata": {"type": "string", "description": "A JSON object of names and plain values."},
}


class UploadHandler(StreamingHandler):
    """Takes multipart bodies of any size within the limits."""

    def initialize(self, upload_files: UploadFiles, max_body_bytes: int) -> None:
        """Take the use case and the largest body."""
        self._upload_files = upload_files
        self.max_body_bytes = max_body_bytes

    @operation(
        summary="Upload files",
        tag="files",
        description="Stores all files of the body or none. The reply to one file is the file itself, "
        "to several an object whose files lists them in the order sent. A repetition with the same "
        "Idempotency-Key stores nothing more and is answered like the first.",
        form=_FORM,
        replies={201: UploadReply},
        errors=(
            "invalid_file_request",
            "invalid_tag",
            "file_too_large",
            "idempotency_key_reused",
            "quota_exceeded",
            "type_mismatch",
            "storage_full",
            "store_unavailable",
            "database_unavailable",
        ),
        scope="files",
    )
    async def post(self) -> None:
        """Store the files."""
        body = MultipartBody(self.request.headers.get("Content-Type", ""), self.body_chunks())
        owner = Owner(tenant=self.caller.tenant, user=(self.caller.user or "")[:128])
        files = await self._upload_files(owner, _incoming(body), request_name=self.idempotency_key)
        stored = [FileReply.of(file) for file in files]
        if len(stored) == 1:
            location = f"/api/file/download/{stored[0].file_id}"
            self.reply(stored[0], status=201, headers={"Location": location})
        else:
            self.reply(SeveralFilesReply(files=stored), status=201, headers={"Location": "/api/file/list"})


async def _incoming(body: MultipartBody) -> AsyncIterator[IncomingFile | FileDescription]:
    async for part in body.parts():
        match part.name:
            case "file" if part.filename:
                yield IncomingFile(name=part.filename, chunks=part.chunks())
            case "file" if part.filename == "" and not await part.text():
                continue  # what a browser sends when no file was chosen
            case "tags":
                yield FileDescription(tags=_tags(await part.text()))
            case "metadata":
                yield FileDescription(metadata=_metadata(await part.text()))
            case _:
                raise _unknown(part)


def _tags(text: str) -> list[str]:
    if not text.lstrip().startswith("["):
        return [path.strip() for path in text.split(",") if path.strip()]
    try:
        return _TAGS.validate_json(text, strict=True)
    except ValidationError:
        raise _refused("tags", "tags is a JSON list of texts, or texts separated by commas.") from None


def _metadata(text: str) -> dict[str, MetadataValue]:
    try:
        return _METADATA.validate_json(text, strict=True)
    except ValidationError:
        raise _refused("metadata", "metadata is a JSON object of texts, numbers and booleans.") from None


def _unknown(part: Part) -> Problem:
    if part.name == "file":
        return _refused("file", "The part file has no filename.")
    return _refused(part.name[:100], "The form knows the fields file, tags and metadata.")


def _refused(field: str, detail: str) -> Problem:
    fault = {"pointer": f"/{field}", "code": "invalid_field", "message": detail}
    return Problem(422, "validation_failed", detail, errors=[fault])
