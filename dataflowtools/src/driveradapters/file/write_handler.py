"""POST /api/file/write: a document made of blocks, Markdown, text or sheets."""

from dataflowtools.src.common.stored_file import Owner
from dataflowtools.src.driveradapters.file.write_models import WriteRequest, WrittenReply
from dataflowtools.src.logics.file.writing.write_document import WriteDocument
from servicekit.http import ApiHandler, operation

WRITING_ERRORS = (
    "file_not_found",
    "invalid_content",
    "unsupported_conversion",
    "engine_missing",
    "image_too_large",
    "document_too_large",
    "idempotency_key_reused",
    "quota_exceeded",
    "file_too_large",
    "memory_limit",
    "processing_crashed",
    "time_limit",
    "workers_busy",
    "worker_lost",
    "workers_unavailable",
    "storage_full",
    "store_unavailable",
    "database_unavailable",
)


class WriteHandler(ApiHandler):
    """Makes documents."""

    def initialize(self, write_document: WriteDocument) -> None:
        """Take the use case."""
        self._write_document = write_document

    @operation(
        summary="Make a document",
        tag="files",
        description="The content is blocks as /api/file/parse gives them, Markdown, text, or the sheets of a "
        "workbook. A text that begins with = stays a text; a formula is asked for by name. A repetition with the "
        "same Idempotency-Key stores nothing more.",
        body=WriteRequest,
        replies={201: WrittenReply},
        errors=WRITING_ERRORS,
        scope="documents",
    )
    async def post(self) -> None:
        """Make the document."""
        order = self.parse_body(WriteRequest).order()
        owner = Owner(tenant=self.caller.tenant, user=(self.caller.user or "")[:128])
        written = await self._write_document(owner, order, request_name=self.idempotency_key)
        location = f"/api/file/download/{written.file.file_id}"
        self.reply(
            WrittenReply.made(written.file, written.warnings), status=201, headers={"Location": location}
        )
