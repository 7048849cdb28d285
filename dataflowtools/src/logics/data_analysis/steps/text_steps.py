"""Steps on texts; patterns run in linear time."""

from typing import Annotated, Literal

from pydantic import Field

from dataflowtools.src.logics.data_analysis.model import Model
from dataflowtools.src.logics.data_analysis.reading import ColumnName
from dataflowtools.src.logics.data_analysis.steps.column_steps import Columns

Pattern = Annotated[str, Field(min_length=1, max_length=1_000)]


class Text(Model):
    """Clean texts, one method after another."""

    op: Literal["text"]
    columns: Columns
    methods: list[Literal["trim", "collapse", "lower", "upper", "title", "digits", "empty_to_null"]] = Field(
        min_length=1, max_length=10
    )


class Replace(Model):
    """Replace parts of texts."""

    op: Literal["replace"]
    columns: Columns
    pattern: Pattern
    by: str = Field(max_length=1_000, description="With regex, ${1} is a group.")
    regex: bool = False


class Extract(Model):
    """Take what a regular expression finds into new columns."""

    op: Literal["extract"]
    column: ColumnName
    pattern: Pattern
    into: list[ColumnName] | None = Field(
        None, min_length=1, max_length=50, description="A name for each group; else the names of the groups."
    )


class Split(Model):
    """Split texts at a separator into columns, or into a list."""

    op: Literal["split"]
    column: ColumnName
    separator: str = Field(min_length=1, max_length=100)
    into: list[ColumnName] | None = Field(
        None, min_length=1, max_length=500, description="Columns; else a list."
    )
    keep: bool = Field(True, description="Whether the column itself stays when it is split into columns.")
