"""Steps that bring tables together, or give them another shape."""

from typing import Annotated, Literal

from pydantic import Field

from dataflowtools.src.logics.data_analysis.model import Model
from dataflowtools.src.logics.data_analysis.reading import ColumnName
from dataflowtools.src.logics.data_analysis.steps.column_steps import Columns

TableName = Annotated[str, Field(pattern=r"^[^\W\d]\w{0,62}$")]
Aggregation = Literal[
    "sum", "mean", "min", "max", "count", "distinct", "median", "std", "var", "first", "last", "mode", "list",
    "missing", "rows", "range", "quantile",
]  # fmt: skip


class Measure(Model):
    """One number a group."""

    function: Aggregation
    column: ColumnName | None = Field(None, description="Not needed for rows.")
    name: ColumnName | None = Field(None, description="The result's column; else column_function.")
    quantile: float = Field(0.5, ge=0, le=1)


class Join(Model):
    """Put the columns of another table beside those of the same key; one that exists gets the suffix."""

    op: Literal["join"]
    table: TableName
    on: Columns | None = None
    left_on: Columns | None = None
    right_on: Columns | None = None
    how: Literal["inner", "left", "right", "full", "semi", "anti", "cross"] = "inner"
    suffix: str = Field("_right", min_length=1, max_length=50)


class Union(Model):
    """Put the rows of other tables below; a column that one of them lacks is missing there."""

    op: Literal["union"]
    tables: list[TableName] = Field(min_length=1, max_length=20)
    columns: Literal["all", "same"] = Field("all", description="same refuses tables of other columns.")


class Group(Model):
    """One row for each group, in the order of the groups."""

    op: Literal["group"]
    by: list[ColumnName] = Field(default=[], max_length=100, description="Empty makes one group of all.")
    measures: list[Measure] = Field(min_length=1, max_length=200)


class Pivot(Model):
    """Make the values of a column into columns."""

    op: Literal["pivot"]
    index: Columns
    columns: ColumnName
    values: ColumnName | None = Field(None, description="Not needed to count rows.")
    function: Literal["sum", "mean", "min", "max", "count", "median", "first", "last", "rows"] = "sum"
    fill: float | None = Field(None, description="What stands where there is nothing.")


class Unpivot(Model):
    """Make columns into rows of a name and a value."""

    op: Literal["unpivot"]
    index: list[ColumnName] = Field(default=[], max_length=5_000)
    columns: Columns | None = None
    name_to: ColumnName = "name"
    value_to: ColumnName = "value"


class WindowColumn(Model):
    """One column that looks at other rows."""

    function: Literal[
        "row_number", "rank", "dense_rank", "lag", "lead", "cumulative_sum", "cumulative_min", "cumulative_max",
        "cumulative_count", "rolling_sum", "rolling_mean", "rolling_min", "rolling_max", "rolling_std", "sum", "mean",
        "min", "max", "count", "share", "difference", "percent_change", "first", "last",
    ]  # fmt: skip
    column: ColumnName | None = Field(None, description="Not needed for row_number.")
    name: ColumnName
    offset: int = Field(1, ge=0, le=1_000_000, description="For lag, lead, difference and percent_change.")
    size: int = Field(
        3, ge=1, le=100_000, description="Rows of a rolling window; it is missing before they are there."
    )


class Window(Model):
    """Columns computed over the rows around, within each partition; the rows keep their order."""

    op: Literal["window"]
    partition_by: list[ColumnName] = Field(default=[], max_length=100)
    order_by: list[ColumnName] = Field(default=[], max_length=100)
    descending: bool = False
    columns: list[WindowColumn] = Field(min_length=1, max_length=100)


class Resample(Model):
    """One row for each span of time and group."""

    op: Literal["resample"]
    column: ColumnName = Field(description="A date or a time.")
    every: str = Field(
        pattern=r"^[1-9]\d{0,5}(min|h|d|w|mo|q|y|s)$", description="Such as 15min, 1h, 1d, 1w, 1mo, 1q, 1y."
    )
    by: list[ColumnName] = Field(default=[], max_length=20)
    measures: list[Measure] = Field(min_length=1, max_length=200)
    fill_gaps: bool = Field(False, description="Whether spans without rows are there, with missing values.")


class Sql(Model):
    """A SELECT over the table, which is named data, and the other tables given."""

    op: Literal["sql"]
    query: str = Field(min_length=1, max_length=20_000)
