"""What requests about tables look like."""

from typing import Any, Literal

from pydantic import Field, model_validator

from dataflowtools.src.logics.data_analysis.analyses import Analyses, Profile
from dataflowtools.src.logics.data_analysis.charts import Chart
from dataflowtools.src.logics.data_analysis.model import Model
from dataflowtools.src.logics.data_analysis.output import Output, OutputFormat
from dataflowtools.src.logics.data_analysis.reading import ReadTable
from dataflowtools.src.logics.data_analysis.rules import Rule
from dataflowtools.src.logics.data_analysis.steps.catalogue import Step
from dataflowtools.src.logics.data_analysis.tables import OtherTables, TableSource
from servicekit.http import Body


class ReadOptions(Model):
    """How the table is read."""

    read: ReadTable = Field(default_factory=ReadTable)


class TableBody(Body):
    """A table: a stored file, or records."""

    file_id: str | None = Field(None, min_length=1, max_length=100, description="A stored file.")
    data: list[dict[str, Any]] | None = Field(None, description="Records, instead of a file.")
    tables: OtherTables = Field(default={}, max_length=9, description="Other tables, by name.")

    @model_validator(mode="after")
    def _one_source(self) -> "TableBody":
        if (self.file_id is None) == (self.data is None):
            raise ValueError("give either file_id or data")
        if "data" in self.tables:
            raise ValueError("the name data is that of the table itself")
        return self

    def sources(self, read: ReadTable) -> dict[str, TableSource]:
        """List the tables, the main one first."""
        main = TableSource(file_id=self.file_id, data=self.data, read=read)
        return {"data": main, **self.tables}


class AnalyzeOptions(ReadOptions):
    """What to find out, and how to show it."""

    analysis: Analyses = Field(
        default_factory=lambda: Profile(kind="profile"), description="A profile, when not given."
    )
    result: Literal["json", "table"] = Field("json", description="table gives rows of plain values.")
    chart: Chart | None = Field(None, description="Draws the result.")


class AnalyzeBody(TableBody):
    """What to count."""

    options: AnalyzeOptions = Field(default_factory=AnalyzeOptions)


class TransformOptions(ReadOptions):
    """How to run the steps."""

    dry_run: bool = Field(False, description="Shows the table after every step and stores nothing.")
    preview_rows: int = Field(20, ge=1, le=1_000)


class TransformBody(TableBody):
    """What to change."""

    steps: list[Step] = Field(max_length=200)
    to: OutputFormat | Output | None = Field(
        None, description="Records in the reply when not given; a format is stored as a file."
    )
    options: TransformOptions = Field(default_factory=TransformOptions)


class ValidateOptions(ReadOptions):
    """Which page of the errors to show."""

    limit: int = Field(100, ge=1, le=10_000, description="Most errors on one page.")
    cursor: str | None = Field(None, max_length=500, description="next_cursor of the page before.")


class ValidateBody(TableBody):
    """What to hold a table against."""

    schema_: dict[str, Any] | None = Field(
        None, alias="schema", description="A JSON Schema of a record, or a Frictionless Table Schema."
    )
    rules: list[Rule] | None = Field(None, min_length=1, max_length=1_000)
    options: ValidateOptions = Field(default_factory=ValidateOptions)

    @model_validator(mode="after")
    def _one_standard(self) -> "ValidateBody":
        if self.schema_ is None and self.rules is None:
            raise ValueError("give schema, rules, or both")
        return self


class SchemaOptions(ReadOptions):
    """Which schema to infer."""

    kind: str = Field("table_schema", pattern="^(table_schema|json_schema|rules)$")


class SchemaBody(TableBody):
    """What to describe."""

    options: SchemaOptions = Field(default_factory=SchemaOptions)


class CustomOptions(ReadOptions):
    """How free code runs."""

    timeout: float | None = Field(None, gt=0, description="Seconds.")
    memory_limit: int | None = Field(None, gt=0, description="MB.")
    security_level: str | None = Field(None, pattern="^(restricted|isolated)$")


class CustomBody(TableBody):
    """Free Python on tables: df is the table, tables all of them by name, the last expression the result."""

    code: str = Field(min_length=1, max_length=1_000_000)
    parameters: dict[str, Any] = Field(default={}, description="What the code finds as parameters.")
    to: OutputFormat | Output | None = Field(None, description="Stores a table that is the result.")
    options: CustomOptions = Field(default_factory=CustomOptions)
