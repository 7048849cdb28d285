"""POST /api/file/edit: operations on a stored document, all or none."""

from dataflowtools.src.common.stored_file import Owner
from dataflowtools.src.driveradapters.file.models import FileReply
from dataflowtools.src.driveradapters.file.write_handler import WRITING_ERRORS
from dataflowtools.src.driveradapters.file.write_models import EditedReply, EditReply, EditRequest, SplitReply
from dataflowtools.src.errors import EditConflict
from dataflowtools.src.logics.file.writing.edit_document import EditDocument, Edited
from servicekit.http import ApiHandler, Problem, operation

_EDIT_ERRORS = (
    *WRITING_ERRORS, "invalid_edit", "edit_conflict", "invalid_selection", "empty_file", "corrupt_file",
    "type_mismatch", "unsupported_type", "decompression_limit", "forbidden_xml", "password_required",
    "password_incorrect",
)  # fmt: skip


class EditHandler(ApiHandler):
    """Changes documents."""

    def initialize(self, edit_document: EditDocument) -> None:
        """Take the use case."""
        self._edit_document = edit_document

    @operation(
        summary="Change a document",
        tag="files",
        description="The operations apply one after another, all or none; parts of the file that none of them is "
        "about stay as they are. With if_match or If-Match a file that has changed since is left alone: 409, with "
        "the ETag of what is there now. save_as stores the result as a new file; so does split.",
        body=EditRequest,
        replies={200: EditReply, 201: EditReply},
        errors=_EDIT_ERRORS,
        scope="documents",
    )
    async def post(self) -> None:
        """Change the document."""
        edit = self.parse_body(EditRequest).edit(self.request.headers.get("If-Match"))
        owner = Owner(tenant=self.caller.tenant, user=(self.caller.user or "")[:128])
        try:
            edited = await self._edit_document(owner, edit, request_name=self.idempotency_key)
        except EditConflict as conflict:
            headers = {"ETag": str(conflict.extra["etag"])}
            raise Problem(
                409, conflict.code, conflict.message, title="Edit conflict", errors=conflict.errors,
                extra=conflict.extra, headers=headers,
            ) from conflict  # fmt: skip
        self._answer(edited)

    def _answer(self, edited: Edited) -> None:
        status = 201 if edited.is_new else 200
        if len(edited.files) == 1:
            headers = {"ETag": edited.files[0].etag}
            if edited.is_new:
                headers["Location"] = f"/api/file/download/{edited.files[0].file_id}"
            self.reply(EditedReply.of_edit(edited), status=status, headers=headers)
            return
        files = [FileReply.of(file) for file in edited.files]
        self.reply(SplitReply(files=files, results=edited.results, warnings=edited.warnings), status=status)
