"""Steps that make categories, classes and dates."""

from itertools import pairwise

import polars as pl

from dataflowtools.src.drivenadapters.analysis.steps.casts import parse_moments, usual_formats, with_times
from dataflowtools.src.drivenadapters.analysis.steps.context import Work
from dataflowtools.src.errors import InvalidStep
from dataflowtools.src.logics.data_analysis.steps import column_steps as ask

_MAX_CATEGORIES = 1_000


def parse_dates(work: Work, step: ask.ParseDates) -> None:
    """Read texts as dates."""
    work.need(step.columns)
    schema = work.schema
    formats = step.formats or with_times(usual_formats(day_first=step.day_first))
    casts = {}
    for name in step.columns:
        if schema[name] in (pl.Date, pl.Datetime("us")):
            moment = pl.col(name).cast(pl.Datetime("us"))
        elif schema[name] in (pl.String, pl.Int64, pl.Null):
            moment = parse_moments(pl.col(name).cast(pl.String), formats)
        else:
            raise InvalidStep(f"The column {name[:60]!r} holds no texts.")
        casts[name] = (moment.dt.date() if step.to == "date" else moment).alias(name)
    if step.on_error == "refuse":
        _refuse(work, casts)
    work.table = work.table.with_columns(list(casts.values()))


def _refuse(work: Work, casts: dict[str, pl.Expr]) -> None:
    wrong = [(pl.col(name).is_not_null() & expr.is_null()).sum().alias(name) for name, expr in casts.items()]
    for name, count in work.table.select(wrong).collect(engine="streaming").row(0, named=True).items():
        if count:
            raise InvalidStep(f"{count} values of the column {name[:60]!r} are no dates of these formats.")


def encode(work: Work, step: ask.Encode) -> None:
    """Turn categories into numbers."""
    work.need(step.columns)
    for name in step.columns:
        _encode(work, step, name)


def _encode(work: Work, step: ask.Encode, name: str) -> None:
    text = pl.col(name).cast(pl.String)
    if step.method == "frequency":
        share = pl.when(text.is_not_null()).then(pl.len().over(name).cast(pl.Float64)) / pl.col(name).count()
        new = {f"{name}_frequency": share}
    else:
        found = step.categories or _categories(work, name)
        if step.method == "onehot":
            work.refuse_over(work.count(), len(found) + len(work.schema), "Encoding")
            new = {f"{name}_{one}": (text == one).fill_null(value=False).cast(pl.Int64) for one in found}
        else:
            numbers = pl.Series(range(len(found)), dtype=pl.Int64)
            new = {f"{name}_code": text.replace_strict(found, numbers, default=None, return_dtype=pl.Int64)}
    taken = [one for one in new if one in work.schema]
    if taken:
        raise InvalidStep(f"There is a column {taken[0][:60]!r} already.")
    work.table = work.table.with_columns([expr.alias(one) for one, expr in new.items()])
    for one in new:
        work.derived(one, [name])
    if not step.keep:
        work.table = work.table.drop(name)
        work.lineage.pop(name)


def _categories(work: Work, name: str) -> list[str]:
    """List the values in their own order, numbers as numbers."""
    values = work.table.select(pl.col(name).drop_nulls().unique()).collect(engine="streaming").to_series()
    if len(values) > _MAX_CATEGORIES:
        work.refuse_over(work.count(), len(values) + len(work.schema), "Encoding")
        raise InvalidStep(
            f"The column {name[:60]!r} has {len(values)} categories; {_MAX_CATEGORIES} are encoded."
        )
    return values.sort().to_frame("value").select(pl.col("value").cast(pl.String)).to_series().to_list()


def bin_(work: Work, step: ask.Bin) -> None:
    """Put numbers into classes, each from its lower bound up to below its upper one."""
    work.need_numbers([step.column])
    if (step.edges is None) == (step.count is None):
        raise InvalidStep("bin wants either edges or a count.")
    edges = step.edges if step.edges is not None else _edges(work, step)
    labels = step.labels or _labels(edges)
    if len(labels) != len(edges) + 1:
        raise InvalidStep(
            f"{len(edges)} edges make {len(edges) + 1} classes; there are {len(labels)} labels."
        )
    column = pl.col(step.column).cast(pl.Float64)
    found: pl.Expr = pl.lit(labels[-1])
    for edge, label in zip(reversed(edges), reversed(labels[:-1]), strict=True):
        found = pl.when(column < edge).then(pl.lit(label)).otherwise(found)
    name = step.name or f"{step.column}_bin"
    work.table = work.table.with_columns(pl.when(column.is_not_null()).then(found).alias(name))
    work.derived(name, [step.column])


def _edges(work: Work, step: ask.Bin) -> list[float]:
    count = step.count or 2
    column = pl.col(step.column).cast(pl.Float64)
    if step.method == "quantiles":
        points = [column.quantile(k / count, interpolation="linear").alias(str(k)) for k in range(1, count)]
        found = work.table.select(points).collect(engine="streaming").row(0)
        return sorted({value for value in found if value is not None})
    low, high = (
        work.table.select(column.min().alias("a"), column.max().alias("b")).collect(engine="streaming").row(0)
    )
    if low is None or low == high:
        return []
    return [low + (high - low) * k / count for k in range(1, count)]


def _labels(edges: list[float]) -> list[str]:
    if not edges:
        return ["all"]
    texts = [f"{edge:g}" for edge in edges]
    if len(set(texts)) != len(texts):
        texts = [repr(edge) for edge in edges]
    between = [f"{low} to {high}" for low, high in pairwise(texts)]
    return [f"below {texts[0]}", *between, f"from {texts[-1]}"]
