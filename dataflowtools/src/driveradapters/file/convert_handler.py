"""POST /api/file/convert: a stored file, or one that comes with the request, in another format."""

import json

from dataflowtools.src.common.stored_file import Owner
from dataflowtools.src.driveradapters.file.convert_models import (
    ConversionOptions,
    ConvertForm,
    ConvertReply,
    ConvertRequest,
    FormatsReply,
    body_of_form,
    formats_of,
)
from dataflowtools.src.driveradapters.file.incoming import DocumentHandler
from dataflowtools.src.logics.file.converting.convert_file import ConvertedFile, ConvertFile
from servicekit.http import ApiHandler, operation
from servicekit.parsing import parse_json

_FIELDS = frozenset({"to", "password", *ConversionOptions.model_fields})
_FORM = {
    "file": {"type": "string", "format": "binary", "description": "The document."},
    "to": {"type": "string", "description": "The format to make; the options as fields beside it."},
}
CONVERTING_ERRORS = (
    "file_not_found",
    "empty_file",
    "corrupt_file",
    "type_mismatch",
    "unsupported_type",
    "unsupported_conversion",
    "decompression_limit",
    "forbidden_xml",
    "sheet_too_large",
    "table_too_large",
    "document_too_large",
    "image_too_large",
    "password_required",
    "password_incorrect",
    "invalid_selection",
    "memory_limit",
    "result_too_large",
    "processing_crashed",
    "time_limit",
    "workers_busy",
    "worker_lost",
    "workers_unavailable",
    "engine_missing",
    "quota_exceeded",
    "storage_full",
    "store_unavailable",
    "database_unavailable",
)


class ConvertHandler(DocumentHandler):
    """Converts files."""

    def initialize(self, convert_file: ConvertFile, max_body_bytes: int) -> None:
        """Take the use case and the largest body."""
        self._convert_file = convert_file
        self.max_body_bytes = max_body_bytes

    @operation(
        summary="Convert a file",
        tag="files",
        description="Send JSON with a file_id, or the file itself as multipart field file with the field to. "
        "The result is stored as a new file. route tells the steps, losses what they do not keep.",
        body=ConvertRequest,
        form=_FORM,
        replies={200: ConvertReply},
        errors=CONVERTING_ERRORS,
        scope="documents",
    )
    async def post(self) -> None:
        """Convert the file and store the result."""
        made = await (self._given() if self.comes_as_form() else self._stored())
        location = f"/api/file/download/{made.file.file_id}"
        self.reply(ConvertReply.of(made), headers={"Location": location})

    @property
    def _owner(self) -> Owner:
        return Owner(tenant=self.caller.tenant, user=(self.caller.user or "")[:128])

    async def _stored(self) -> ConvertedFile:
        request = await self.json_body(ConvertRequest)
        chosen = request.options.chosen(request.password)
        return await self._convert_file.stored(self._owner, request.file_id, request.to, chosen)

    async def _given(self) -> ConvertedFile:
        async with self.given(self._convert_file.take, _FIELDS) as given:
            form = parse_json(json.dumps(body_of_form(given.fields)).encode(), ConvertForm)
            chosen = form.options.chosen(form.password)
            return await self._convert_file.given(self._owner, given.document, given.name, form.to, chosen)


class FormatsHandler(ApiHandler):
    """Tells what can be converted here."""

    def initialize(self, convert_file: ConvertFile) -> None:
        """Take the use case."""
        self._convert_file = convert_file

    @operation(
        summary="List formats and conversions",
        tag="files",
        description="Only pairs that work here, each with its route and losses; missing names the programs "
        "that would add more.",
        replies={200: FormatsReply},
        scope="documents",
    )
    async def get(self) -> None:
        """List them."""
        self.reply(formats_of(self._convert_file.graph))
