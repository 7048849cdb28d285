"""Steps that give a table another shape: groups, pivots, windows, spans of time."""

from collections.abc import Callable, Sequence

import polars as pl

from dataflowtools.src.drivenadapters.analysis.steps.context import Lineage, Work
from dataflowtools.src.drivenadapters.analysis.steps.measures import aggregate, measure_expr, measure_name
from dataflowtools.src.errors import InvalidStep
from dataflowtools.src.logics.data_analysis.steps import table_steps as ask

_ORDER = "\0order"


def group(work: Work, step: ask.Group) -> None:
    """One row a group."""
    work.need(step.by)
    schema = work.schema
    measures = [measure_expr(measure, schema) for measure in step.measures]
    _check_names([*step.by, *map(measure_name, step.measures)])
    if step.by:
        work.table = work.table.group_by(step.by, maintain_order=True).agg(measures)
        work.table = work.table.sort(step.by, nulls_last=True, maintain_order=True)
    else:
        work.table = work.table.select(measures)
    work.lineage = _grouped(work.lineage, step.by, step.measures)


def _grouped(lineage: Lineage, by: Sequence[str], measures: Sequence[ask.Measure]) -> Lineage:
    found = {name: lineage[name] for name in by}
    for measure in measures:
        found[measure_name(measure)] = lineage[measure.column] if measure.column else frozenset()
    return found


def _check_names(names: Sequence[str]) -> None:
    if len(set(names)) != len(names):
        raise InvalidStep("Two columns of the result would have the same name.")


def pivot(work: Work, step: ask.Pivot) -> None:
    """Values become columns, in their order."""
    work.need([*step.index, step.columns, *([step.values] if step.values else [])])
    if step.values is None and step.function != "rows":
        raise InvalidStep("pivot wants values, or the function rows.")
    schema = work.schema
    heads = work.table.select(pl.col(step.columns).unique()).collect(engine="streaming").to_series().sort()
    shape = work.table.select(pl.struct(step.index).n_unique()).collect(engine="streaming").item()
    work.refuse_over(int(shape), len(heads) + len(step.index), "The pivot")
    measure = (
        pl.len().cast(pl.Int64)
        if step.function == "rows" or step.values is None
        else aggregate(step.function, step.values, schema[step.values])
    )
    texts = heads.cast(pl.String).to_list()
    names = [_head(text, step.index) for text in texts]
    _check_names([*step.index, *names])
    cells = work.table.group_by([*step.index, step.columns], maintain_order=True).agg(measure.alias(_ORDER))
    at = pl.col(step.columns).cast(pl.String)
    found = [pl.col(_ORDER).filter(at.eq_missing(pl.lit(text, dtype=pl.String))).first() for text in texts]
    columns = [expr.alias(name) for expr, name in zip(found, names, strict=True)]
    table = cells.group_by(step.index, maintain_order=True).agg(columns).sort(step.index, nulls_last=True)
    work.table = table if step.fill is None else table.with_columns(pl.col(names).fill_null(step.fill))
    sources = work.lineage[step.columns] | (work.lineage[step.values] if step.values else frozenset())
    work.lineage = {name: work.lineage[name] for name in step.index} | dict.fromkeys(names, sources)


def _head(text: str | None, index: Sequence[str]) -> str:
    name = "missing" if text is None else text or "empty"
    return f"{name}_value" if name in index else name


def unpivot(work: Work, step: ask.Unpivot) -> None:
    """Columns become rows."""
    schema = work.schema
    columns = step.columns or [name for name in schema.names() if name not in step.index]
    work.need([*step.index, *columns])
    _check_names([*step.index, step.name_to, step.value_to])
    work.refuse_over(work.count() * len(columns), len(step.index) + 2, "Unpivoting")
    kinds = {schema[name] for name in columns}
    if len(kinds) > 1 and not all(kind.is_numeric() for kind in kinds):
        work.table = work.table.with_columns(pl.col(columns).cast(pl.String))
    work.table = work.table.unpivot(
        on=columns, index=step.index or None, variable_name=step.name_to, value_name=step.value_to
    )
    sources: frozenset[str] = frozenset().union(*(work.lineage[name] for name in columns))
    work.lineage = {name: work.lineage[name] for name in step.index}
    work.lineage |= {step.name_to: frozenset(), step.value_to: sources}


def window(work: Work, step: ask.Window) -> None:
    """Columns over the rows around."""
    work.need([*step.partition_by, *step.order_by])
    for column in step.columns:
        if column.column is None and column.function != "row_number":
            raise InvalidStep(f"The window function {column.function} wants a column.")
        if column.column is not None:
            work.need([column.column])
    table = work.table.with_row_index(_ORDER)
    if step.order_by:
        table = table.sort(step.order_by, descending=step.descending, nulls_last=True, maintain_order=True)
    schema = work.schema
    new = []
    for column in step.columns:
        expr = _windowed(work, column, schema)
        new.append((expr.over(step.partition_by) if step.partition_by else expr).alias(column.name))
        work.derived(
            column.name, [*([column.column] if column.column else []), *step.partition_by, *step.order_by]
        )
    work.table = table.with_columns(new).sort(_ORDER).drop(_ORDER)


def _windowed(work: Work, ask_for: ask.WindowColumn, schema: pl.Schema) -> pl.Expr:
    if ask_for.function == "row_number" or ask_for.column is None:
        return pl.int_range(1, pl.len() + 1, dtype=pl.Int64)
    column, name = pl.col(ask_for.column), ask_for.column
    if ask_for.function in _NUMERIC:
        work.need_numbers([name])
    if ask_for.function in {"sum", "mean", "min", "max", "count", "first", "last"}:
        return aggregate(ask_for.function, name, schema[name])
    return _WINDOWS[ask_for.function](column, ask_for)


_NUMERIC = frozenset(
    {"cumulative_sum", "rolling_sum", "rolling_mean", "rolling_min", "rolling_max", "rolling_std", "share",
     "difference", "percent_change", "sum", "mean"}
)  # fmt: skip
_WINDOWS: dict[str, Callable[[pl.Expr, ask.WindowColumn], pl.Expr]] = {
    "rank": lambda column, _: column.rank("min").cast(pl.Int64),
    "dense_rank": lambda column, _: column.rank("dense").cast(pl.Int64),
    "lag": lambda column, one: column.shift(one.offset),
    "lead": lambda column, one: column.shift(-one.offset),
    "cumulative_sum": lambda column, _: column.cum_sum(),
    "cumulative_min": lambda column, _: column.cum_min(),
    "cumulative_max": lambda column, _: column.cum_max(),
    "cumulative_count": lambda column, _: column.cum_count().cast(pl.Int64),
    "rolling_sum": lambda column, one: column.cast(pl.Float64).rolling_sum(one.size),
    "rolling_mean": lambda column, one: column.cast(pl.Float64).rolling_mean(one.size),
    "rolling_min": lambda column, one: column.rolling_min(one.size),
    "rolling_max": lambda column, one: column.rolling_max(one.size),
    "rolling_std": lambda column, one: column.cast(pl.Float64).rolling_std(one.size),
    "share": lambda column, _: column / pl.when(column.sum() != 0).then(column.sum()),
    "difference": lambda column, one: column - column.shift(one.offset),
    "percent_change": lambda column, one: (
        column / pl.when(column.shift(one.offset) != 0).then(column.shift(one.offset)) - 1
    ),
}


def resample(work: Work, step: ask.Resample) -> None:
    """One row a span of time."""
    work.need([step.column, *step.by])
    schema = work.schema
    if schema[step.column] not in (pl.Date, pl.Datetime("us")):
        raise InvalidStep(f"The column {step.column[:60]!r} holds no dates; use parse_dates first.")
    every = step.every.replace("min", "m") if step.every.endswith("min") else step.every
    if schema[step.column] == pl.Date and every[-1] in "hms":
        work.table = work.table.with_columns(pl.col(step.column).cast(pl.Datetime("us")))
    names = [step.column, *step.by, *map(measure_name, step.measures)]
    _check_names(names)
    measures = [measure_expr(measure, schema) for measure in step.measures]
    known = work.table.filter(pl.col(step.column).is_not_null())
    spans = known.with_columns(pl.col(step.column).dt.truncate(every))
    table = spans.group_by([step.column, *step.by], maintain_order=True).agg(measures)
    if step.fill_gaps:
        table = _without_gaps(work, table, step, every)
    work.table = table.sort([step.column, *step.by], nulls_last=True).select(names)
    work.lineage = _grouped(work.lineage, [step.column, *step.by], step.measures)


def _without_gaps(work: Work, table: pl.LazyFrame, step: ask.Resample, every: str) -> pl.LazyFrame:
    held = table.collect(engine="streaming")
    if held.is_empty():
        return held.lazy()
    times = held.get_column(step.column)
    low, high = times.min(), times.max()
    count = (high - low) / _least(every) + 1  # type: ignore[operator]  # both are moments
    groups = held.select(step.by).unique(maintain_order=True) if step.by else None
    work.refuse_over(int(count * (len(groups) if groups is not None else 1)), held.width, "Filling the gaps")
    make = pl.date_range if times.dtype == pl.Date else pl.datetime_range
    spans = pl.DataFrame({step.column: make(low, high, every, eager=True).cast(times.dtype)})  # type: ignore[arg-type]  # both are moments
    grid = spans if groups is None else spans.join(groups, how="cross")
    return grid.lazy().join(held.lazy(), on=[step.column, *step.by], how="left", nulls_equal=True)


def _least(every: str) -> object:
    from datetime import timedelta

    number = int("".join(sign for sign in every if sign.isdigit()))
    unit = every.lstrip("0123456789")
    seconds = {
        "s": 1,
        "m": 60,
        "h": 3600,
        "d": 86400,
        "w": 604800,
        "mo": 86400 * 28,
        "q": 86400 * 89,
        "y": 86400 * 365,
    }
    return timedelta(seconds=number * seconds[unit])
