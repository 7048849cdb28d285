"""GET and POST /api/file/template/slots, POST …/validate and POST …/fill."""

from dataflowtools.src.common.stored_file import Owner
from dataflowtools.src.driveradapters.file.template_models import (
    DataRequest,
    FilledReply,
    FillRequest,
    SlotsQuery,
    SlotsReply,
    ValidationReply,
)
from dataflowtools.src.driveradapters.file.write_handler import WRITING_ERRORS
from dataflowtools.src.logics.file.templates.fill_template import FillTemplate
from servicekit.http import ApiHandler, operation

TEMPLATE_ERRORS = (
    *WRITING_ERRORS, "template_error", "empty_file", "corrupt_file", "type_mismatch", "unsupported_type",
    "decompression_limit", "forbidden_xml", "password_required", "sheet_too_large",
)  # fmt: skip


class _TemplateHandler(ApiHandler):
    """What the handlers of templates share."""

    def initialize(self, fill_template: FillTemplate) -> None:
        """Take the use case."""
        self._fill_template = fill_template


class TemplateSlotsHandler(_TemplateHandler):
    """Lists slots."""

    @operation(
        summary="List a template's slots",
        tag="files",
        query=SlotsQuery,
        replies={200: SlotsReply},
        errors=TEMPLATE_ERRORS,
        scope="documents",
    )
    async def get(self) -> None:
        """List the slots of a stored template."""
        await self._answer(self.parse_query(SlotsQuery).file_id)

    @operation(
        summary="List a template's slots",
        tag="files",
        body=SlotsQuery,
        replies={200: SlotsReply},
        errors=TEMPLATE_ERRORS,
        scope="documents",
    )
    async def post(self) -> None:
        """List the slots of a stored template."""
        await self._answer(self.parse_body(SlotsQuery).file_id)

    async def _answer(self, file_id: str) -> None:
        self.reply(SlotsReply.model_validate(await self._fill_template.slots(self.caller.tenant, file_id)))


class TemplateValidateHandler(_TemplateHandler):
    """Checks data."""

    @operation(
        summary="Check data against a template",
        tag="files",
        description="Lists every field that is missing or of the wrong type, in all records.",
        body=DataRequest,
        replies={200: ValidationReply},
        errors=TEMPLATE_ERRORS,
        scope="documents",
    )
    async def post(self) -> None:
        """Check the data."""
        ask = self.parse_body(DataRequest).ask()
        self.reply(
            ValidationReply.model_validate(await self._fill_template.validate(self.caller.tenant, ask))
        )


class TemplateFillHandler(_TemplateHandler):
    """Fills templates."""

    @operation(
        summary="Fill a template",
        tag="files",
        description="Templates are docx in the language of docxtpl, xlsx, Markdown, HTML and text. Several records "
        "make a zip, or one merged docx. Missing fields are named all at once, and then nothing is stored.",
        body=FillRequest,
        replies={201: FilledReply},
        errors=(*TEMPLATE_ERRORS, "missing_fields", "invalid_template_data"),
        scope="documents",
    )
    async def post(self) -> None:
        """Fill the template."""
        ask = self.parse_body(FillRequest).ask()
        owner = Owner(tenant=self.caller.tenant, user=(self.caller.user or "")[:128])
        filled = await self._fill_template.fill(owner, ask, request_name=self.idempotency_key)
        location = f"/api/file/download/{filled.file.file_id}"
        self.reply(FilledReply.of_filled(filled), status=201, headers={"Location": location})
