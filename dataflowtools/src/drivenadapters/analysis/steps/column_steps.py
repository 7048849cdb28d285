"""Steps that work column by column."""

from collections.abc import Callable

import polars as pl

from dataflowtools.src.drivenadapters.analysis.expressions.compile import compile_expression
from dataflowtools.src.drivenadapters.analysis.expressions.kinds import kind_of
from dataflowtools.src.drivenadapters.analysis.failures import told
from dataflowtools.src.drivenadapters.analysis.steps.casts import cast_to, literal_of
from dataflowtools.src.drivenadapters.analysis.steps.context import Work
from dataflowtools.src.drivenadapters.analysis.steps.written_numbers import number_written
from dataflowtools.src.errors import InvalidStep
from dataflowtools.src.logics.data_analysis.steps import column_steps as ask


def select(work: Work, step: ask.Select) -> None:
    """Keep columns."""
    work.need(step.columns)
    if len(set(step.columns)) != len(step.columns):
        raise InvalidStep("A column is named twice.")
    work.table = work.table.select(step.columns)
    work.lineage = {name: work.lineage[name] for name in step.columns}


def drop(work: Work, step: ask.Drop) -> None:
    """Leave out columns or rows."""
    if step.columns is None and step.missing is None:
        raise InvalidStep("drop wants columns, or missing.")
    if step.missing is not None:
        subset = step.subset or work.schema.names()
        work.need(subset)
        nulls = [pl.col(name).is_null() for name in subset]
        gone = pl.any_horizontal(nulls) if step.missing == "any" else pl.all_horizontal(nulls)
        work.table = work.table.filter(~gone)
    if step.columns is not None:
        work.need(step.columns)
        work.table = work.table.drop(step.columns)
        work.lineage = {name: found for name, found in work.lineage.items() if name not in step.columns}


def rename(work: Work, step: ask.Rename) -> None:
    """Give other names."""
    work.need(list(step.names))
    names = [step.names.get(name, name) for name in work.schema.names()]
    if len(set(names)) != len(names) or not all(names):
        raise InvalidStep("Two columns would have the same name, or one none.")
    work.lineage = dict(zip(names, (work.lineage[name] for name in work.schema.names()), strict=True))
    work.table = work.table.rename(step.names)


def derive(work: Work, step: ask.Derive) -> None:
    """Compute columns."""
    for name, text in step.columns.items():
        with told(f"/columns/{name}"):
            compiled = compile_expression(text, work.schema)
            work.table = work.table.with_columns(compiled.expr.alias(name))
            work.schema  # noqa: B018  # a type error shows here, beside its expression
        work.derived(name, compiled.columns)


def cast(work: Work, step: ask.Cast) -> None:
    """Change types."""
    work.need(list(step.types))
    schema = work.schema
    casts = {name: _cast(name, schema[name], kind, step.decimal) for name, kind in step.types.items()}
    if step.on_error == "refuse":
        _refuse_failures(work, casts)
    work.table = work.table.with_columns([expr.alias(name) for name, expr in casts.items()])


def _cast(name: str, dtype: pl.DataType, kind: str, decimal: str) -> pl.Expr:
    column = pl.col(name)
    if dtype != pl.String or kind not in {"integer", "number"}:
        return cast_to(column, dtype, kind)
    written = cast_to(number_written(column, decimal), pl.Float64(), kind)
    if decimal == ",":  # 1.234 is a thousand there
        return written
    return pl.coalesce(cast_to(column, dtype, kind), written)


def _refuse_failures(work: Work, casts: dict[str, pl.Expr]) -> None:
    failed = [(pl.col(name).is_not_null() & expr.is_null()).sum().alias(name) for name, expr in casts.items()]
    counts = work.table.select(failed).collect(engine="streaming").row(0, named=True)
    for name, count in counts.items():
        if count:
            raise InvalidStep(f"{count} values of the column {name[:60]!r} do not fit.")


def fill(work: Work, step: ask.Fill) -> None:
    """Fill what is missing."""
    if (step.method is None) == (step.value is None):
        raise InvalidStep("fill wants either a value or a method.")
    schema = work.schema
    columns = step.columns or [name for name in schema.names() if _takes(step, schema[name])]
    work.need(columns)
    if step.method in {"mean", "median", "zero", "interpolate"}:
        work.need_numbers(columns)
    work.table = work.table.with_columns([_filled(step, name, schema[name]).alias(name) for name in columns])


_TARGETS: dict[type, type[pl.DataType]] = {bool: pl.Boolean, int: pl.Int64, float: pl.Float64}


def _takes(step: ask.Fill, dtype: pl.DataType) -> bool:
    if step.method in {"mean", "median", "zero", "interpolate"} or isinstance(step.value, (int, float)):
        return dtype == pl.Boolean if isinstance(step.value, bool) else dtype.is_numeric()
    return dtype == pl.String if isinstance(step.value, str) else True


def _filled(step: ask.Fill, name: str, dtype: pl.DataType) -> pl.Expr:
    column = pl.col(name)
    if step.method is None:
        return pl.coalesce(column, literal_of(step.value, dtype, name))
    return _FILLS[step.method](column)


_FILLS: dict[str, Callable[[pl.Expr], pl.Expr]] = {
    "forward": lambda column: column.forward_fill(),
    "backward": lambda column: column.backward_fill(),
    "interpolate": lambda column: column.interpolate(),
    "zero": lambda column: column.fill_null(0),
    "mode": lambda column: column.fill_null(column.drop_nulls().mode().min()),
    "mean": lambda column: column.cast(pl.Float64).fill_null(column.mean()),
    "median": lambda column: column.cast(pl.Float64).fill_null(column.median()),
    "min": lambda column: column.fill_null(column.min()),
    "max": lambda column: column.fill_null(column.max()),
}


def map_values(work: Work, step: ask.MapValues) -> None:
    """Replace values."""
    work.need([step.column])
    dtype = work.schema[step.column]
    values = [*step.values.values(), *([step.default] if step.otherwise == "default" else [])]
    kinds = {type(value) for value in values if value is not None}
    if kinds == {int, float}:
        kinds = {float}
    if len(kinds) > 1:
        raise InvalidStep("The new values are of different kinds.")
    target = _TARGETS.get(next(iter(kinds)), pl.String) if kinds else pl.String
    keys = pl.col(step.column).cast(pl.String)
    new = pl.Series(list(step.values.values()), dtype=target, strict=False)
    found = keys.replace_strict(
        pl.Series(list(step.values), dtype=pl.String), new, default=None, return_dtype=target
    )
    known = keys.is_in(list(step.values)).fill_null(value=False)
    rest: pl.Expr = pl.lit(None, dtype=target)
    if step.otherwise == "default":
        rest = pl.lit(step.default, dtype=target)
    elif step.otherwise == "keep":
        both = kind_of(dtype) == kind_of(target())
        rest = pl.col(step.column) if both else keys
        found = found if both else found.cast(pl.String)
    work.table = work.table.with_columns(pl.when(known).then(found).otherwise(rest).alias(step.column))


def normalise(work: Work, step: ask.Normalise) -> None:
    """Bring numbers to one scale; one that does not vary becomes 0."""
    work.need_numbers(step.columns)
    work.table = work.table.with_columns([_scaled(step.method, name).alias(name) for name in step.columns])


def _scaled(method: str, name: str) -> pl.Expr:
    column = pl.col(name).cast(pl.Float64)
    if method == "log1p":
        return pl.when(column > -1).then(column.log1p())
    if method == "max":
        largest = column.abs().max()
        return pl.when(largest > 0).then(column / largest).otherwise(column * 0)
    centre, width = {
        "minmax": (column.min(), column.max() - column.min()),
        "zscore": (column.mean(), column.std()),
        "robust": (
            column.median(),
            column.quantile(0.75, interpolation="linear") - column.quantile(0.25, interpolation="linear"),
        ),
    }[method]
    return pl.when(width > 0).then((column - centre) / width).otherwise(column * 0)


def clip(work: Work, step: ask.Clip) -> None:
    """Hold numbers between bounds."""
    work.need_numbers(step.columns)
    if step.low is not None and step.high is not None and step.low > step.high:
        raise InvalidStep("low is above high.")
    work.table = work.table.with_columns(
        [pl.col(name).cast(pl.Float64).clip(step.low, step.high).alias(name) for name in step.columns]
    )
