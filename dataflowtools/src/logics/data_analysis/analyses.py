"""What can be found out about a table."""

from typing import Annotated, Literal

from pydantic import Field

from dataflowtools.src.logics.data_analysis.model import Model
from dataflowtools.src.logics.data_analysis.reading import ColumnName
from dataflowtools.src.logics.data_analysis.steps.column_steps import Columns
from dataflowtools.src.logics.data_analysis.steps.table_steps import Measure

TestName = Literal[
    "t_one_sample", "t_independent", "t_paired", "mann_whitney", "wilcoxon", "anova", "kruskal", "chi_square",
    "fisher", "shapiro", "normality", "kolmogorov_smirnov", "levene", "pearson", "spearman", "kendall", "binomial",
]  # fmt: skip


class Profile(Model):
    """What each column is like, and the table as a whole."""

    kind: Literal["profile"]
    columns: Columns | None = Field(None, description="All, when not given.")
    bins: int = Field(20, ge=1, le=200, description="Classes of a histogram.")
    top: int = Field(10, ge=0, le=100, description="Most frequent values to list.")
    correlation: Literal["pearson", "spearman", "none"] = "pearson"
    duplicates: bool = True


class GroupStatistics(Model):
    """Measures by group."""

    kind: Literal["group"]
    by: list[ColumnName] = Field(default=[], max_length=100)
    measures: list[Measure] | None = Field(
        None, min_length=1, max_length=200, description="Rows and the means of all numbers, when not given."
    )


class PivotTable(Model):
    """A table of one column's values against another's."""

    kind: Literal["pivot"]
    index: Columns
    columns: ColumnName
    values: ColumnName | None = None
    function: Literal["sum", "mean", "min", "max", "count", "median", "first", "last", "rows"] = "sum"
    fill: float | None = None


class TimeSeries(Model):
    """Measures by spans of time."""

    kind: Literal["resample"]
    column: ColumnName
    every: str = Field(pattern=r"^[1-9]\d{0,5}(min|h|d|w|mo|q|y|s)$")
    by: list[ColumnName] = Field(default=[], max_length=20)
    measures: list[Measure] = Field(min_length=1, max_length=200)
    fill_gaps: bool = False


class Correlation(Model):
    """How numbers go together, pair by pair."""

    kind: Literal["correlation"]
    columns: Columns | None = None
    method: Literal["pearson", "spearman"] = "pearson"


class HypothesisTest(Model):
    """A test: its statistic, its p-value, and what it was computed from."""

    kind: Literal["test"]
    test: TestName
    columns: Columns = Field(
        description="The columns of numbers, or of categories for chi_square and fisher."
    )
    group: ColumnName | None = Field(
        None, description="A column whose values make the groups of the first column."
    )
    value: float | None = Field(None, description="Mean for t_one_sample, share for binomial.")
    alternative: Literal["two-sided", "less", "greater"] = "two-sided"
    equal_variance: bool = Field(False, description="For t_independent; false is Welch's test.")
    alpha: float = Field(0.05, gt=0, lt=1)


class SqlQuery(Model):
    """A SELECT over data and the other tables."""

    kind: Literal["sql"]
    query: str = Field(min_length=1, max_length=20_000)


Analyses = Annotated[
    Profile | GroupStatistics | PivotTable | TimeSeries | Correlation | HypothesisTest | SqlQuery,
    Field(discriminator="kind"),
]
