"""A file and its options, however they come: a form with the file first or last, or JSON that names a stored file."""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from typing import TypeVar

from dataflowtools.src.driveradapters.file.incoming import json_bytes, refused
from dataflowtools.src.driveradapters.file.multipart import MultipartBody
from dataflowtools.src.driveradapters.ocr.models import FileChoice
from dataflowtools.src.logics.file.open_file import OpenFile
from dataflowtools.src.logics.ocr.ports.page_source import HeldFile
from servicekit.http import StreamingHandler
from servicekit.parsing import parse_json, parse_query, takes_many

Model = TypeVar("Model", bound=FileChoice)
Take = Callable[[AsyncIterator[bytes]], AbstractAsyncContextManager[HeldFile]]


class SeeingHandler(StreamingHandler):
    """The base of handlers that take a picture."""

    open_file: OpenFile
    take: Take

    async def receive(self, model: type[Model], stack: AsyncExitStack) -> tuple[HeldFile, Model]:
        """Take the file and the options; the file is held until the stack ends."""
        media_type = self.request.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        if media_type == "application/json" or media_type.endswith("+json"):
            return await self._stored(model, stack)
        return await self._uploaded(model, stack)

    async def _stored(self, model: type[Model], stack: AsyncExitStack) -> tuple[HeldFile, Model]:
        asked = parse_json(await json_bytes(self), model)
        if asked.file_id is None:
            raise refused("file_id", "Name a stored file, or upload one as multipart/form-data.")
        opened = await stack.enter_async_context(self.open_file(self.caller.tenant, asked.file_id))
        return await stack.enter_async_context(self.take(opened.reader.chunks())), asked

    async def _uploaded(self, model: type[Model], stack: AsyncExitStack) -> tuple[HeldFile, Model]:
        body = MultipartBody(self.request.headers.get("Content-Type", ""), self.body_chunks())
        held: HeldFile | None = None
        fields: dict[str, list[bytes]] = {}
        async for part in body.parts():
            if part.name == "file":
                if held is not None:
                    raise refused("file", "Send one file.")
                held = await stack.enter_async_context(self.take(part.chunks()))
            else:
                fields.setdefault(part.name, []).append((await part.text()).encode())
        asked = self._options(model, fields)
        if held is not None and asked.file_id is not None:
            raise refused("file_id", "Either upload a file or name a stored one.")
        if held is None and asked.file_id is not None:
            opened = await stack.enter_async_context(self.open_file(self.caller.tenant, asked.file_id))
            held = await stack.enter_async_context(self.take(opened.reader.chunks()))
        if held is None:
            raise refused("file", "The form has no part named file.")
        return held, asked

    def _options(self, model: type[Model], fields: dict[str, list[bytes]]) -> Model:
        """Fields are text; lists are repeated fields, comma-separated, or JSON."""
        lists = {name for name, field in model.model_fields.items() if takes_many(field.annotation)}
        for name in lists & set(fields):
            if name == "regions" or (len(fields[name]) == 1 and fields[name][0].lstrip().startswith(b"[")):
                return _with_json(model, fields, lists)
        for name in (lists - {"redact"}) & set(fields):
            fields[name] = [one.strip() for value in fields[name] for one in value.split(b",") if one.strip()]
        return parse_query(fields, model)


def _with_json(model: type[Model], fields: dict[str, list[bytes]], lists: set[str]) -> Model:
    """Read the fields whose values are JSON, and the others as text, into one JSON object."""
    values: dict[str, object] = {}
    for name, found in fields.items():
        text = found[0].decode()
        if name in lists:
            values[name] = _json(name, text) if text.lstrip().startswith("[") else _listed(name, found)
        elif len(found) > 1:
            raise refused(name, "Given more than once.")
        else:
            values[name] = _plain(model, name, text)
    return parse_json(json.dumps(values).encode(), model)


def _listed(name: str, found: list[bytes]) -> list[str]:
    if name == "redact":
        return [value.decode() for value in found]
    return [one.strip() for value in found for one in value.decode().split(",") if one.strip()]


def _plain(model: type[Model], name: str, text: str) -> object:
    """Give numbers and flags their type; everything else is text."""
    annotation = model.model_fields[name].annotation if name in model.model_fields else str
    if annotation in {int, float, bool}:
        try:
            return json.loads(text.lower())
        except ValueError:
            return text
    return text


def _json(name: str, text: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise refused(name, f"{name} is not valid JSON.") from None
