"""Steps that choose and order rows."""

from typing import Annotated, Literal

from pydantic import Field

from dataflowtools.src.logics.data_analysis.model import Model
from dataflowtools.src.logics.data_analysis.reading import ColumnName
from dataflowtools.src.logics.data_analysis.steps.column_steps import Columns


class Filter(Model):
    """Keep the rows for which a condition holds."""

    op: Literal["filter"]
    condition: str = Field(min_length=1, max_length=10_000)


class Dedupe(Model):
    """Keep one row of those that are the same."""

    op: Literal["dedupe"]
    columns: Columns | None = Field(None, description="What makes rows the same; else all columns.")
    keep: Literal["first", "last", "none"] = "first"


class SortKey(Model):
    """One column to sort by."""

    column: ColumnName
    descending: bool = False
    missing_last: bool = True


class Sort(Model):
    """Order rows; equal ones keep their order."""

    op: Literal["sort"]
    by: Annotated[list[ColumnName | SortKey], Field(min_length=1, max_length=100)]


class Sample(Model):
    """Take rows by chance; the same seed takes the same rows."""

    op: Literal["sample"]
    rows: int | None = Field(None, ge=0)
    fraction: float | None = Field(None, ge=0, le=1)
    seed: int = Field(0, ge=0, lt=1 << 63)


class Limit(Model):
    """Take so many rows."""

    op: Literal["limit"]
    rows: int = Field(ge=0)
    offset: int = Field(0, ge=0)


class Explode(Model):
    """Give every item of lists its own row."""

    op: Literal["explode"]
    columns: Columns
    separator: str | None = Field(
        None, min_length=1, max_length=100, description="Split texts at this first."
    )
