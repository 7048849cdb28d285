"""The options of a batch, by its operation: those of the call for a single file."""

import json
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import Field, GetJsonSchemaHandler, TypeAdapter, model_validator
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from dataflowtools.src.driveradapters.file.convert_models import ConversionOptions
from dataflowtools.src.driveradapters.file.parse_models import ParseChoices
from dataflowtools.src.driveradapters.file.template_models import FillChoices
from dataflowtools.src.errors import RequestRefused
from dataflowtools.src.logics.file.batch.operations import BatchOperations
from dataflowtools.src.logics.file.batch.run_batch import Operation as BatchOperation
from dataflowtools.src.logics.file.writing.operations import MAX_OPERATIONS, Operation, message_of
from dataflowtools.src.logics.file.writing.order import WriteChoices
from servicekit.http import Body, Problem
from servicekit.parsing import parse_json

Kind = Literal["convert", "parse", "write", "edit", "fill"]


class ConvertAll(ConversionOptions):
    """convert: how every file is converted."""

    to: str = Field(max_length=100, description="The format to make.")


class ParseAll(ParseChoices):
    """parse: how every file is read and given."""


class WriteAll(WriteChoices):
    """write: the format and the look of all documents; what a file in JSON says of its own look goes first."""

    to: str = Field(
        min_length=1, max_length=100, description="The format to write, as /api/file/write takes it."
    )


class EditAll(Body):
    """edit: what to do to every file."""

    operations: list[Operation] = Field(
        min_length=1,
        max_length=MAX_OPERATIONS,
        description="Those of /api/file/edit, on each file all or none.",
    )
    in_place: bool = Field(
        default=False,
        description="Makes new versions of the stored files, each at once when its turn is over, instead of "
        "edited copies in a zip.",
    )
    if_match: dict[str, Annotated[str, Field(max_length=1000)]] = Field(
        default={}, description="ETags by file_id: a file of another version is left alone (in_place only)."
    )


class FillAll(FillChoices):
    """fill: one object of data for every file as a template, or one template for every file as data."""

    data: dict[str, Any] | None = Field(None, description="The fields for every template.")
    template: str | None = Field(
        None, min_length=1, max_length=100,
        description="A stored template; the files are JSON objects or lists of them, or tables with a record a row.",
    )  # fmt: skip

    @model_validator(mode="after")
    def _one_side(self) -> "FillAll":
        if (self.data is None) == (self.template is None):
            raise ValueError("give either data or template")
        return self


_ANY: TypeAdapter[Any] = TypeAdapter(ConvertAll | ParseAll | WriteAll | EditAll | FillAll)


class _OfAnyOperation:
    """Shows the options of every operation in the document of the API."""

    def __get_pydantic_json_schema__(self, _: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return handler(_ANY.core_schema)


Options = Annotated[dict[str, Any], _OfAnyOperation()]


def operation_of(kind: Kind, options: Mapping[str, Any], operations: BatchOperations) -> BatchOperation:
    """Make the operation; a Problem or RequestRefused names the option that is wrong, below /options."""
    try:
        return _MAKERS[kind](json.dumps(options).encode(), operations)
    except Problem as wrong:
        detail = wrong.detail.replace(" /", " /options/").removesuffix("/")  # it lists the pointers
        raise refused(detail, wrong.errors, "/options") from wrong
    except RequestRefused as wrong:
        raise placed(wrong) from None


def placed(wrong: RequestRefused) -> RequestRefused:
    """Say that it is an option that is wrong."""
    wrong.field = f"/options/{(wrong.field or '').lstrip('/')}".rstrip("/")
    return wrong


def refused(detail: str, faults: Sequence[Mapping[str, Any]], below: str = "") -> Problem:
    """Say what is wrong with a batch."""
    placed = [{**fault, "pointer": f"{below}{fault['pointer']}"} for fault in faults]
    return Problem(422, "validation_failed", detail, errors=placed)


def fault(pointer: str, message: str) -> dict[str, str]:
    """Name a field that is wrong."""
    return {"pointer": pointer, "code": "invalid_field", "message": message}


def _convert(text: bytes, operations: BatchOperations) -> BatchOperation:
    asked = parse_json(text, ConvertAll)
    return operations.convert(asked.to, asked.chosen(None))


def _parse(text: bytes, operations: BatchOperations) -> BatchOperation:
    asked = parse_json(text, ParseAll)
    if asked.password is not None:
        detail = "A batch is stored, so it takes no password; send such a document by itself."
        raise refused(detail, [fault("/password", detail)])
    return operations.parse(asked.options())


def _write(text: bytes, operations: BatchOperations) -> BatchOperation:
    return operations.write(parse_json(text, WriteAll).order())


def _edit(text: bytes, operations: BatchOperations) -> BatchOperation:
    asked = parse_json(text, EditAll)
    orders = [message_of(one) for one in asked.operations]
    if not asked.in_place:
        if asked.if_match:
            detail = "Copies are made of any version; if_match is for in_place."
            raise refused(detail, [fault("/if_match", detail)])
        return operations.edit(orders)
    splits = [n for n, order in enumerate(orders) if order["op"] == "split"]
    if splits:
        detail = "split makes new files, so it is not for in_place."
        raise refused(detail, [fault(f"/operations/{n}/op", detail) for n in splits])
    return operations.edit_in_place(orders, asked.if_match)


def _fill(text: bytes, operations: BatchOperations) -> BatchOperation:
    asked = parse_json(text, FillAll)
    if asked.template is not None:
        return operations.fill_from(asked.template, asked.choices())
    return operations.fill(asked.data or {}, asked.choices())


_MAKERS = {"convert": _convert, "parse": _parse, "write": _write, "edit": _edit, "fill": _fill}
