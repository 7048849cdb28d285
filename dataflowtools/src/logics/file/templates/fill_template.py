"""List what a template asks for, check data against it, fill it with one record or many."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from dataflowtools.src.common.stored_file import Owner, StoredFile
from dataflowtools.src.errors import UnsupportedConversion
from dataflowtools.src.logics.file.open_file import OpenFile
from dataflowtools.src.logics.file.templates.print_filled import PrintFilled
from dataflowtools.src.logics.file.upload_files import UploadFiles
from dataflowtools.src.logics.file.writing.gather_files import gathered, picture_ids, require_files
from dataflowtools.src.logics.file.writing.ports.document_workshop import (
    DocumentWorkshop,
    InputFile,
    MadeFile,
)
from dataflowtools.src.logics.file.writing.write_document import one_incoming

TARGETS = ("docx", "xlsx", "md", "html", "txt", "pdf")
MAIN, RECORDS = "main", "records"


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateAsk:
    """A template and the data for it: one object, records, or a table in a stored file."""

    file_id: str = ""
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


@dataclass(frozen=True, slots=True, kw_only=True)
class FilledFile:
    """The same, held and not stored."""

    file: MadeFile
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
        async with self.filled(owner.tenant, ask) as made:
            incoming = one_incoming(made.file.name, made.file)
            stored = await self._upload_files(owner, incoming, request_name=request_name)
            return Filled(file=stored[0], records=made.records, warnings=made.warnings)

    @asynccontextmanager
    async def filled(
        self, tenant: str, ask: TemplateAsk, given: Sequence[InputFile] = ()
    ) -> AsyncIterator[FilledFile]:
        """Fill and hold the result; what is given, MAIN or RECORDS, need not be stored."""
        async with self._workshop.work("fill", self._inputs(tenant, ask, given), self._request(ask)) as made:
            if not made.facts["to_print"]:
                yield _filled(made.files[0], made.facts)
                return
            async with self._printer(tenant, made) as printed:
                yield _filled(printed, made.facts)

    async def require(self, tenant: str, data: Any, *, field: str) -> None:
        """Raise FileNotFound unless the tenant has the pictures that the data name."""
        await require_files(self._open_file, tenant, picture_ids(data), field=field)

    def _request(self, ask: TemplateAsk) -> dict[str, Any]:
        request: dict[str, Any] = {**(ask.choices or {}), "most": self._max_records}
        if ask.records is not None:
            request["records"] = list(ask.records)
        elif ask.data is not None:
            request["data"] = dict(ask.data)
        return request

    async def _inputs(
        self, tenant: str, ask: TemplateAsk, given: Sequence[InputFile] = ()
    ) -> AsyncIterator[InputFile]:
        for one in given:
            yield one
        named = {MAIN: ask.file_id, RECORDS: ask.data_file_id}
        for role, file_id in ((role, file_id) for role, file_id in named.items() if file_id):
            async with self._open_file(tenant, file_id) as opened:
                yield InputFile(file_id=role, name=opened.file.name, chunks=opened.reader.chunks())
        data = [dict(ask.data or {}), *(dict(record) for record in ask.records or ())]
        async for one in gathered(self._open_file, tenant, picture_ids(data)):
            yield one


def _filled(file: MadeFile, facts: Mapping[str, Any]) -> FilledFile:
    return FilledFile(file=file, records=facts["records"], warnings=facts["warnings"])


def check_choices(choices: Mapping[str, Any], *, template: str | None = None) -> None:
    """Raise UnsupportedConversion for what cannot be asked of any template, or of one of this format."""
    to, possible = choices.get("to") or "", TARGETS if template is None else (template, "pdf")
    if to and to not in possible:
        what = "Templates are" if template is None else f"A {template} template is"
        raise UnsupportedConversion(f"{what} filled as {', '.join(possible)}, not {to[:40]!r}.", field="/to")
    if choices.get("output") != "merged":
        return
    if template not in {None, "docx"}:
        raise UnsupportedConversion("Only docx templates are merged into one document.", field="/output")
    if choices.get("bad_records") == "leave_out":
        raise UnsupportedConversion(
            "Records are left out of a zip only, not of one document.", field="/bad_records"
        )
