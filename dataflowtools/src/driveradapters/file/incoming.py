"""A document, however it comes: JSON that names a stored one, or a form that holds it."""

from collections.abc import AsyncIterator, Callable, Collection
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import TypeVar

from pydantic import BaseModel

from dataflowtools.src.driveradapters.file.multipart import MultipartBody
from dataflowtools.src.logics.file.documents.ports.document_reader import TakenDocument
from servicekit.http import Problem, StreamingHandler
from servicekit.parsing import parse_json

Model = TypeVar("Model", bound=BaseModel)
Take = Callable[[AsyncIterator[bytes]], AbstractAsyncContextManager[TakenDocument]]
MAX_JSON_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class GivenDocument:
    """A document that came with the request, its name, and the form's other fields."""

    document: TakenDocument
    name: str
    fields: dict[str, str]


class DocumentHandler(StreamingHandler):
    """The base of handlers that take a document."""

    def comes_as_form(self) -> bool:
        """Whether the document itself is sent; a 415 for what is neither form nor JSON."""
        kind = self.request.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        if kind == "multipart/form-data":
            return True
        if kind != "application/json" and not kind.endswith("+json"):
            detail = "Send application/json with a file_id, or multipart/form-data with a file."
            raise Problem(415, "unsupported_media_type", detail)
        return False

    async def json_body(self, model: type[Model]) -> Model:
        """The whole body as JSON."""
        return parse_json(await json_bytes(self), model)

    @asynccontextmanager
    async def given(self, take: Take, known: Collection[str]) -> AsyncIterator[GivenDocument]:
        """The form's document, held by `take`, and its other fields, of which only the known may come."""
        fields: dict[str, str] = {}
        taken: tuple[TakenDocument, str] | None = None
        parts = MultipartBody(self.request.headers.get("Content-Type", ""), self.body_chunks()).parts()
        async with AsyncExitStack() as held:
            async for part in parts:
                if part.name == "file":
                    if taken is not None or not part.filename:
                        raise refused("file", "Send one document, as the field file with a filename.")
                    taken = (await held.enter_async_context(take(part.chunks())), part.filename)
                elif part.name in known:
                    if part.name in fields:
                        raise refused(part.name, "Send this field once.")
                    fields[part.name] = await part.text()
                else:
                    raise refused(part.name, "The form knows no such field.")
            if taken is None:
                raise refused("file", "The form lacks the field file.")
            yield GivenDocument(*taken, fields)


async def json_bytes(handler: StreamingHandler) -> bytes:
    """A body of JSON, within what such a request needs."""
    body = bytearray()
    async for chunk in handler.body_chunks():
        body += chunk
        if len(body) > MAX_JSON_BYTES:
            raise Problem(413, "body_too_large", f"A JSON body has at most {MAX_JSON_BYTES} bytes here.")
    return bytes(body)


def refused(field: str, detail: str) -> Problem:
    """A field of a form that cannot be taken."""
    fault = {"pointer": f"/{field[:100]}", "code": "invalid_field", "message": detail}
    return Problem(422, "validation_failed", detail, errors=[fault])
