"""POST /api/file/parse: a stored document, or one that comes with the request, read and rendered."""

import json

from dataflowtools.src.driveradapters.file.incoming import DocumentHandler
from dataflowtools.src.driveradapters.file.parse_models import (
    ParseChoices,
    ParseReply,
    ParseRequest,
    choices_of_form,
)
from dataflowtools.src.logics.file.documents.parse_document import CacheChoice, ParsedDocument, ParseDocument
from servicekit.http import operation
from servicekit.parsing import parse_json

_FIELDS = frozenset(ParseChoices.model_fields)
_FORM = {
    "file": {"type": "string", "format": "binary", "description": "The document."},
    "format": {"type": "string", "description": "json, markdown, text or html; the other fields as in JSON."},
}


_ERRORS = (
    "file_not_found",
    "empty_file",
    "corrupt_file",
    "type_mismatch",
    "unsupported_type",
    "unsupported_conversion",
    "decompression_limit",
    "forbidden_xml",
    "sheet_too_large",
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
    "storage_full",
    "store_unavailable",
)


class ParseHandler(DocumentHandler):
    """Reads documents."""

    def initialize(self, parse_document: ParseDocument, max_body_bytes: int) -> None:
        """Take the use case and the largest body."""
        self._parse_document = parse_document
        self.max_body_bytes = max_body_bytes

    @operation(
        summary="Read a document",
        tag="files",
        description="Send JSON with a file_id, or the document itself as multipart field file. "
        "X-Cache tells whether the result was there already; Cache-Control: no-cache asks for a fresh one, "
        "no-store keeps none.",
        body=ParseRequest,
        form=_FORM,
        replies={200: ParseReply},
        errors=_ERRORS,
        scope="documents",
    )
    async def post(self) -> None:
        """Read the document."""
        self._answer(await (self._given() if self.comes_as_form() else self._stored()))

    async def _stored(self) -> ParsedDocument:
        request = await self.json_body(ParseRequest)
        return await self._parse_document.stored(
            self.caller.tenant, request.file_id, request.options(),
            password=request.password, cache=self._cache_choice(),
        )  # fmt: skip

    async def _given(self) -> ParsedDocument:
        async with self.given(self._parse_document.take, _FIELDS) as given:
            choices = parse_json(json.dumps(choices_of_form(given.fields)).encode(), ParseChoices)
            return await self._parse_document.given(
                self.caller.tenant, given.document, given.name, choices.options(),
                password=choices.password, cache=self._cache_choice(),
            )  # fmt: skip

    def _cache_choice(self) -> CacheChoice:
        wishes = {wish.strip().lower() for wish in self.request.headers.get("Cache-Control", "").split(",")}
        return CacheChoice(may_give=not wishes & {"no-cache", "no-store"}, may_keep="no-store" not in wishes)

    def _answer(self, parsed: ParsedDocument) -> None:
        self.set_header("Content-Type", "application/json")
        self.set_header("X-Cache", "hit" if parsed.from_cache else "miss")
        self.write(parsed.body)
