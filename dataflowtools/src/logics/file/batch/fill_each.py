"""Batches that fill templates: every file is a template, or every file holds the data for one."""

import asyncio
import codecs
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

from pydantic_core import from_json

from dataflowtools.src.errors import DocumentTooLarge, EmptyFile, InvalidTemplateData, RequestRefused
from dataflowtools.src.logics.file.batch.ports.file_operation import FileOperation, FileResult
from dataflowtools.src.logics.file.clean_names import extension_of, stem_of
from dataflowtools.src.logics.file.documents.ports.document_reader import TakenDocument
from dataflowtools.src.logics.file.templates.fill_template import (
    MAIN,
    RECORDS,
    FilledFile,
    FillTemplate,
    TemplateAsk,
    check_choices,
)
from dataflowtools.src.logics.file.writing.ports.document_workshop import InputFile

Read = Callable[[TakenDocument], AsyncIterator[bytes]]


class FillTemplates(FileOperation):
    """Every file is a template, filled with the same data."""

    def __init__(
        self, fill_template: FillTemplate, read: Read, data: Mapping[str, Any], choices: Mapping[str, Any]
    ) -> None:
        self._fill_template = fill_template
        self._read = read
        self._ask = TemplateAsk(data=data, choices=choices)

    async def verify(self, tenant: str) -> None:
        """Look for the pictures that the data name."""
        await self._fill_template.require(tenant, self._ask.data, field="/data")

    @asynccontextmanager
    async def apply(self, tenant: str, document: TakenDocument, name: str) -> AsyncIterator[FileResult]:
        """Fill it."""
        template = InputFile(file_id=MAIN, name=name, chunks=self._read(document))
        async with self._fill_template.filled(tenant, self._ask, [template]) as filled:
            yield _result(filled, filled.file.name)


class FillFromData(FileOperation):
    """Every file is data for one stored template: a JSON object, a list of them, or a table with a record a row."""

    def __init__(
        self, fill_template: FillTemplate, read: Read, file_id: str, choices: Mapping[str, Any], *, max_bytes: int
    ) -> None:  # fmt: skip
        self._fill_template = fill_template
        self._read = read
        self._ask = TemplateAsk(file_id=file_id, choices=choices)
        self._max_bytes = max_bytes

    async def verify(self, tenant: str) -> None:
        """Look whether the template is there, is one, and can be filled as was chosen."""
        try:
            facts = await self._fill_template.slots(tenant, self._ask.file_id)
        except RequestRefused as wrong:
            wrong.field = "/template"
            raise
        check_choices(self._ask.choices or {}, template=facts["format"])

    @asynccontextmanager
    async def apply(self, tenant: str, document: TakenDocument, name: str) -> AsyncIterator[FileResult]:
        """Fill the template with it; the results bear its name unless the choices name them."""
        ask, given = self._ask, list[InputFile]()
        if extension_of(name) == "json":
            ask = replace(ask, **await self._json(document))
        else:
            given = [InputFile(file_id=RECORDS, name=name, chunks=self._read(document))]
        async with self._fill_template.filled(tenant, ask, given) as filled:
            yield _result(filled, self._name(filled.file.name, name))

    def _name(self, made: str, source: str) -> str:
        choices, ending = self._ask.choices or {}, extension_of(made)
        named_by_record = bool(choices.get("name")) and choices.get("output") != "merged" and ending != "zip"
        return made if named_by_record else f"{stem_of(source)}.{ending}"

    async def _json(self, document: TakenDocument) -> dict[str, Any]:
        if document.size_bytes > self._max_bytes:
            raise DocumentTooLarge(f"Data in JSON are read up to {self._max_bytes >> 20} MiB.")
        text = b"".join([chunk async for chunk in self._read(document)])
        return await asyncio.to_thread(_data_of, text)


def _data_of(text: bytes) -> dict[str, Any]:
    """Read one record or several."""
    if not text.strip():
        raise EmptyFile("The file is empty.")
    try:
        found = from_json(text.removeprefix(codecs.BOM_UTF8), allow_inf_nan=False)
        json.dumps(found, allow_nan=False)  # 1e999 is read as infinity
    except ValueError as wrong:
        raise InvalidTemplateData("The file is not JSON in UTF-8.", []) from wrong
    if isinstance(found, dict):
        return {"data": found}
    if isinstance(found, list) and found and all(isinstance(one, dict) for one in found):
        return {"records": found}
    raise InvalidTemplateData("The file holds neither a JSON object nor a list of them.", [])


def _result(filled: FilledFile, name: str) -> FileResult:
    file = replace(filled.file, name=name)
    return FileResult(files=[file], warnings=filled.warnings, facts={"records": filled.records})
