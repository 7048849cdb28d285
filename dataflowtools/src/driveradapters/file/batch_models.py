"""What the call that works on many files takes, and what its execution gives."""

import json
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from dataflowtools.src.driveradapters.file.convert_models import ConversionOptions
from dataflowtools.src.driveradapters.file.parse_models import ParseChoices
from dataflowtools.src.logics.file.batch.operations import BatchOperations
from dataflowtools.src.logics.file.batch.ports.file_operation import FileOperation
from dataflowtools.src.logics.file.batch.results import BatchReport
from dataflowtools.src.logics.file.batch.sources import BatchSources
from servicekit.http import Body, Problem
from servicekit.parsing import parse_json

_MOST_IDS = 100_000


class ConvertAll(ConversionOptions):
    """How every file is converted."""

    to: str = Field(max_length=100, description="The format to make.")


class BatchRequest(Body):
    """One operation over many files."""

    operation: Literal["convert", "parse"]
    file_ids: list[Annotated[str, Field(max_length=100)]] = Field(
        default=[], max_length=_MOST_IDS, description="Stored files to work on."
    )
    file_id: str | None = Field(
        default=None, max_length=100, description="A stored zip whose files to work on, instead."
    )
    options: dict[str, Any] = Field(
        default={},
        description="convert: to, and the options of a conversion; parse: format and the choices of reading.",
    )
    name: str = Field(default="batch.zip", min_length=1, max_length=200, description="Name of the result.")

    @model_validator(mode="after")
    def _one_source(self) -> "BatchRequest":
        if bool(self.file_ids) == (self.file_id is not None):
            raise ValueError("give either file_ids or the file_id of a zip")
        return self

    @property
    def sources(self) -> BatchSources:
        """Return the files as the use case takes them."""
        return BatchSources(file_ids=self.file_ids, zip_file_id=self.file_id)

    def chosen(self, operations: BatchOperations) -> FileOperation:
        """Return the operation with its options; a Problem names the option that is wrong."""
        text = json.dumps(self.options).encode()
        try:
            if self.operation == "parse":
                choices = parse_json(text, ParseChoices)
                if choices.password is not None:
                    raise _kept("password")
                return operations.parse(choices.options())
            wanted = parse_json(text, ConvertAll)
        except Problem as wrong:
            faults = [{**fault, "pointer": f"/options{fault['pointer']}"} for fault in wrong.errors]
            raise Problem(422, "validation_failed", wrong.detail, errors=faults) from wrong
        return operations.convert(wanted.to, wanted.chosen(None))


def report_of(report: BatchReport) -> dict[str, Any]:
    """Show a batch that is over."""
    return {
        "file_id": report.file_id,
        "name": report.name,
        "succeeded": len(report.items) - report.failed,
        "failed": report.failed,
        "items": list(report.items),
    }


def _kept(field: str) -> Problem:
    detail = "A batch is stored, so it takes no password; send such a document by itself."
    fault = {"pointer": f"/{field}", "code": "invalid_field", "message": detail}
    return Problem(422, "validation_failed", detail, errors=[fault])
