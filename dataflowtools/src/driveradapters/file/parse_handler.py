"""POST /api/file/parse: a stored document, or one that comes with the request, read and rendered."""

import json
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

from dataflowtools.src.driveradapters.file.multipart import MultipartBody
from dataflowtools.src.driveradapters.file.parse_models import (
    ParseChoices,
    ParseReply,
    ParseRequest,
    choices_of_form,
)
from dataflowtools.src.logics.file.documents.parse_document import CacheChoice, ParsedDocument, ParseDocument
from servicekit.http import Problem, StreamingHandler, operation
from servicekit.parsing import parse_json

if TYPE_CHECKING:
    from dataflowtools.src.logics.file.documents.ports.document_reader import TakenDocument

_JSON_BYTES = 1 << 20
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


class ParseHandler(StreamingHandler):
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
        content_type = self.request.headers.get("Content-Type", "")
        if content_type.partition(";")[0].strip().lower() == "multipart/form-data":
            self._answer(await self._given(content_type))
        else:
            self._answer(await self._stored(content_type))

    async def _stored(self, content_type: str) -> ParsedDocument:
        kind = content_type.partition(";")[0].strip().lower()
        if kind != "application/json" and not kind.endswith("+json"):
            detail = "Send application/json with a file_id, or multipart/form-data with a file."
            raise Problem(415, "unsupported_media_type", detail)
        body = bytearray()
        async for chunk in self.body_chunks():
            body += chunk
            if len(body) > _JSON_BYTES:
                raise Problem(413, "body_too_large", f"A JSON body has at most {_JSON_BYTES} bytes.")
        request = parse_json(bytes(body), ParseRequest)
        return await self._parse_document.stored(
            self.caller.tenant, request.file_id, request.options(),
            password=request.password, cache=self._cache_choice(),
        )  # fmt: skip

    async def _given(self, content_type: str) -> ParsedDocument:
        fields: dict[str, str] = {}
        taken: tuple[TakenDocument, str] | None = None
        async with AsyncExitStack() as held:
            async for part in MultipartBody(content_type, self.body_chunks()).parts():
                if part.name == "file":
                    if taken is not None or not part.filename:
                        raise _refused("file", "Send one document, as the field file with a filename.")
                    document = await held.enter_async_context(self._parse_document.take(part.chunks()))
                    taken = (document, part.filename)
                elif part.name in _FIELDS:
                    fields[part.name] = await part.text()
                else:
                    raise _refused(part.name[:100], "The form knows no such field.")
            if taken is None:
                raise _refused("file", "The form lacks the field file.")
            choices = parse_json(json.dumps(choices_of_form(fields)).encode(), ParseChoices)
            return await self._parse_document.given(
                self.caller.tenant, taken[0], taken[1], choices.options(),
                password=choices.password, cache=self._cache_choice(),
            )  # fmt: skip

    def _cache_choice(self) -> CacheChoice:
        wishes = {wish.strip().lower() for wish in self.request.headers.get("Cache-Control", "").split(",")}
        return CacheChoice(may_give=not wishes & {"no-cache", "no-store"}, may_keep="no-store" not in wishes)

    def _answer(self, parsed: ParsedDocument) -> None:
        self.set_header("Content-Type", "application/json")
        self.set_header("X-Cache", "hit" if parsed.from_cache else "miss")
        self.write(parsed.body)


def _refused(field: str, detail: str) -> Problem:
    fault = {"pointer": f"/{field}", "code": "invalid_field", "message": detail}
    return Problem(422, "validation_failed", detail, errors=[fault])
