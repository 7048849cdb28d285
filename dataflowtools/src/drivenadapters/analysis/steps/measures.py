"""Aggregations by name, for groups, pivots and time spans."""

from collections.abc import Callable

import polars as pl

from dataflowtools.src.errors import InvalidStep
from dataflowtools.src.logics.data_analysis.steps.table_steps import Measure

_ANY = frozenset({"count", "distinct", "first", "last", "mode", "list", "missing", "rows"})
_ORDERED = _ANY | {"min", "max", "median", "range"}


def _total(column: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    """Sum integers exactly; nothing but missing values sums to nothing."""
    known = column.count() > 0
    if dtype.is_integer() or dtype == pl.Boolean:
        return pl.when(known).then(column.cast(pl.Int128).sum()).cast(pl.Int64)
    return pl.when(known).then(column.sum())


_SIMPLE: dict[str, Callable[[pl.Expr], pl.Expr]] = {
    "mean": lambda column: column.mean(),
    "min": lambda column: column.min(),
    "max": lambda column: column.max(),
    "count": lambda column: column.count().cast(pl.Int64),
    "distinct": lambda column: column.drop_nulls().n_unique().cast(pl.Int64),
    "median": lambda column: column.median(),
    "std": lambda column: column.std(),
    "var": lambda column: column.var(),
    "first": lambda column: column.first(),
    "last": lambda column: column.last(),
    "mode": lambda column: column.drop_nulls().mode().min(),
    "list": lambda column: column.implode(),
    "missing": lambda column: column.null_count().cast(pl.Int64),
    "range": lambda column: column.max() - column.min(),
}


def measure_name(measure: Measure) -> str:
    """Name the column of a measure."""
    if measure.name:
        return measure.name
    return "rows" if measure.column is None else f"{measure.column}_{measure.function}"


def measure_expr(measure: Measure, schema: pl.Schema) -> pl.Expr:
    """Build a measure; InvalidStep when its column is not of a kind that it counts with."""
    if measure.function == "rows":
        return pl.len().cast(pl.Int64).alias(measure_name(measure))
    if measure.column is None:
        raise InvalidStep(f"The measure {measure.function} wants a column.")
    if measure.column not in schema:
        from dataflowtools.src.drivenadapters.analysis.steps.context import check_columns

        check_columns([measure.column], schema)
    return aggregate(measure.function, measure.column, schema[measure.column], measure.quantile).alias(
        measure_name(measure)
    )


def aggregate(function: str, name: str, dtype: pl.DataType, quantile: float = 0.5) -> pl.Expr:
    """Build an aggregation of one column."""
    numeric = dtype.is_numeric() or dtype in (pl.Boolean, pl.Null)
    if function not in _ANY and not numeric and not (function in _ORDERED and _is_ordered(function, dtype)):
        raise InvalidStep(f"{function} wants numbers; the column {name[:60]!r} holds {dtype}.")
    column = pl.col(name)
    if function == "sum":
        return _total(column, dtype)
    if dtype == pl.Boolean and function in {"mean", "median", "std", "var", "range", "quantile"}:
        column = column.cast(pl.Int64)
    if function == "quantile":
        return column.quantile(quantile, interpolation="linear")
    return _SIMPLE[function](column)


def _is_ordered(function: str, dtype: pl.DataType) -> bool:
    return dtype.is_temporal() or (dtype == pl.String and function in {"min", "max"})
