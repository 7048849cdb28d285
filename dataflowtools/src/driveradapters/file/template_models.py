"""What the routes of templates take and give."""

from typing import Any, Literal

from pydantic import BaseModel, Field, model_validator

from dataflowtools.src.driveradapters.file.models import shown
from dataflowtools.src.driveradapters.file.write_models import WriteWarning, WrittenReply
from dataflowtools.src.logics.file.templates.fill_template import Filled, TemplateAsk
from servicekit.http import Body


class SlotsQuery(Body):
    """A stored template."""

    file_id: str = Field(min_length=1, max_length=100)


class DataRequest(Body):
    """A stored template, and data for it."""

    file_id: str = Field(min_length=1, max_length=100, description="The template.")
    data: dict[str, Any] | None = Field(None, description="The fields of one document.")
    records: list[dict[str, Any]] | None = Field(None, min_length=1, description="One document each.")
    data_file_id: str | None = Field(
        None, min_length=1, max_length=100, description="A stored csv or workbook; each row is a record."
    )

    @model_validator(mode="after")
    def _one_source(self) -> "DataRequest":
        if sum(one is not None for one in (self.data, self.records, self.data_file_id)) != 1:
            raise ValueError("give one of data, records and data_file_id")
        return self

    def ask(self) -> TemplateAsk:
        """Give the request as the use case takes it."""
        return TemplateAsk(
            file_id=self.file_id, data=self.data, records=self.records, data_file_id=self.data_file_id
        )


class FillChoices(Body):
    """How a template is filled."""

    to: str = Field("", max_length=100, description="The template's own format, or pdf.")
    output: Literal["auto", "zip", "merged"] = Field(
        "auto",
        description="auto: one document for one record, a zip for more; merged: all in one docx, page by page.",
    )
    name: str = Field(
        "", max_length=1000, description="Name of each result, itself a template: offer-{{ id }}.docx."
    )
    missing: Literal["error", "empty"] = Field("error", description="empty leaves missing fields blank.")
    bad_records: Literal["refuse", "leave_out"] = Field(
        "refuse",
        description="leave_out makes a zip of the records that can be filled in; the others are told in warnings.",
    )

    def choices(self) -> dict[str, Any]:
        """Give the choices as the use case takes them."""
        return self.model_dump(include=set(FillChoices.model_fields))


class FillRequest(DataRequest, FillChoices):
    """A stored template, data for it, and how to fill it."""

    def ask(self) -> TemplateAsk:
        """Give the request as the use case takes it."""
        return TemplateAsk(
            file_id=self.file_id, data=self.data, records=self.records, data_file_id=self.data_file_id,
            choices=self.choices(),
        )  # fmt: skip


class SlotReply(BaseModel):
    """A field that a template uses."""

    name: str = Field(description="[] stands for every entry of a list.")
    type: str = Field(description="text, number, boolean, list or any, as far as the template tells.")
    required: bool = Field(description="false where the template tests for it, or has a default.")
    uses: int
    parts: list[str] = Field(description="Where it is used: body, header, a sheet.")


class SlotsReply(BaseModel):
    """The slots of a template."""

    slots: list[SlotReply]
    format: str
    warnings: list[WriteWarning]


class TemplateFault(BaseModel):
    """What is wrong with one field of one record."""

    record: int = Field(description="Counted from 0.")
    field: str
    code: str = Field(description="missing_field or wrong_type.")
    message: str
    pointer: str


class ValidationReply(BaseModel):
    """Whether the data fit the template, and everything that does not."""

    valid: bool
    errors: list[TemplateFault]
    records: int
    warnings: list[WriteWarning]


class FilledReply(WrittenReply):
    """The filled document, or the zip of them."""

    records: int = Field(description="Records that were filled in.")

    @classmethod
    def of_filled(cls, filled: Filled) -> "FilledReply":
        """Show the result."""
        return cls(**shown(filled.file), warnings=filled.warnings, records=filled.records)
