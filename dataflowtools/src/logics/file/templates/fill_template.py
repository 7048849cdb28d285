"""List what a template asks for, check data against it, fill it with one record or many."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dataflowtools.src.common.stored_file import Owner, StoredFile
from dataflowtools.src.logics.file.open_file import OpenFile
from dataflowtools.src.logics.file.templates.print_filled import PrintFilled
from dataflowtools.src.logics.file.upload_files import UploadFiles
from dataflowtools.src.logics.file.writing.gather_files import gathered, picture_ids
from dataflowtools.src.logics.file.writing.ports.document_workshop import (
    DocumentWorkshop,
    InputFile,
    MadeFile,
)
from dataflowtools.src.logics.file.writing.write_document import one_incoming

MAIN, RECORDS = "main", "records"


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateAsk:
    """A template and the data for it: one object, records, or a table in a stored file."""

    file_id: str
    data: Mapping[str, Any] | None = None
    records: Sequence[Mapping[str, Any]] | None = None
    data_file_id: str | None = None
    choices: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """The stored result, how many records went into it, and what a person should know."""

    file: StoredFile
    records: int
    warnings: Sequence[Mapping[str, Any]]


class FillTemplate:
    """Works on stored templates; raises InvalidTemplate, MissingFields, InvalidTemplateData and FileNotFound."""

    def __init__(
        self,
        *,
        workshop: DocumentWorkshop,
        open_file: OpenFile,
        upload_files: UploadFiles,
        printer: PrintFilled,
        max_records: int,
    ) -> None:
        self._workshop = workshop
        self._open_file = open_file
        self._upload_files = upload_files
        self._printer = printer
        self._max_records = max_records

    async def slots(self, tenant: str, file_id: str) -> Mapping[str, Any]:
        """List the slots: {slots: [{name, type, required, uses, parts}], format, warnings}."""
        ask = TemplateAsk(file_id=file_id)
        async with self._workshop.work("slots", self._inputs(tenant, ask), self._request(ask)) as made:
            return made.facts

    async def validate(self, tenant: str, ask: TemplateAsk) -> Mapping[str, Any]:
        """Check the data: {valid, errors: [{record, field, code, message, pointer}], records, warnings}."""
        async with self._workshop.work("validate", self._inputs(tenant, ask), self._request(ask)) as made:
            return made.facts

    async def fill(self, owner: Owner, ask: TemplateAsk, *, request_name: str | None = None) -> Filled:
        """Fill and store the result: a document, a zip of them, or all in one; a PDF is printed by a converter."""
        async with self._workshop.work("fill", self._inputs(owner.tenant, ask), self._request(ask)) as made:
            if not made.facts["to_print"]:
                return await self._keep(owner, made.files[0], made.facts, request_name)
            async with self._printer(owner.tenant, made) as printed:
                return await self._keep(owner, printed, made.facts, request_name)

    async def _keep(
        self, owner: Owner, made: MadeFile, facts: Mapping[str, Any], request_name: str | None
    ) -> Filled:
        stored = await self._upload_files(owner, one_incoming(made.name, made), request_name=request_name)
        return Filled(file=stored[0], records=facts["records"], warnings=facts["warnings"])

    def _request(self, ask: TemplateAsk) -> dict[str, Any]:
        request: dict[str, Any] = {**(ask.choices or {}), "most": self._max_records}
        if ask.records is not None:
            request["records"] = list(ask.records)
        elif ask.data is not None:
            request["data"] = dict(ask.data)
        return request

    async def _inputs(self, tenant: str, ask: TemplateAsk) -> AsyncIterator[InputFile]:
        named = {MAIN: ask.file_id} | ({RECORDS: ask.data_file_id} if ask.data_file_id else {})
        for role, file_id in named.items():
            async with self._open_file(tenant, file_id) as opened:
                yield InputFile(file_id=role, name=opened.file.name, chunks=opened.reader.chunks())
        data = [dict(ask.data or {}), *(dict(record) for record in ask.records or ())]
        async for one in gathered(self._open_file, tenant, picture_ids(data)):
            yield one
