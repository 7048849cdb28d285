"""Steps that choose and order rows."""

import polars as pl

from dataflowtools.src.drivenadapters.analysis.expressions.compile import compile_condition
from dataflowtools.src.drivenadapters.analysis.failures import told
from dataflowtools.src.drivenadapters.analysis.steps.context import Work
from dataflowtools.src.errors import InvalidStep
from dataflowtools.src.logics.data_analysis.steps import row_steps as ask

_PLACE = "\0place"


def filter_(work: Work, step: ask.Filter) -> None:
    """Keep rows."""
    with told("/condition"):
        work.table = work.table.filter(compile_condition(step.condition, work.schema).expr.cast(pl.Boolean))


def dedupe(work: Work, step: ask.Dedupe) -> None:
    """Keep one of the same."""
    if step.columns is not None:
        work.need(step.columns)
    work.table = work.table.unique(subset=step.columns, keep=step.keep, maintain_order=True)


def sort(work: Work, step: ask.Sort) -> None:
    """Order rows."""
    keys = [ask.SortKey(column=key) if isinstance(key, str) else key for key in step.by]
    work.need([key.column for key in keys])
    work.table = work.table.sort(
        [key.column for key in keys],
        descending=[key.descending for key in keys],
        nulls_last=[key.missing_last for key in keys],
        maintain_order=True,
    )


def sample(work: Work, step: ask.Sample) -> None:
    """Take rows by chance, in the order they have."""
    if (step.rows is None) == (step.fraction is None):
        raise InvalidStep("sample wants either rows or a fraction.")
    count = work.count()
    wanted = step.rows if step.rows is not None else int(count * (step.fraction or 0))
    chosen = pl.int_range(count, eager=True).sample(min(wanted, count), seed=step.seed).sort()
    places = pl.LazyFrame({_PLACE: chosen.cast(pl.UInt32)})
    numbered = work.table.with_row_index(_PLACE)
    work.table = numbered.join(places, on=_PLACE, how="semi", maintain_order="left").drop(_PLACE)


def limit(work: Work, step: ask.Limit) -> None:
    """Take so many rows."""
    work.table = work.table.slice(step.offset, step.rows)


def explode(work: Work, step: ask.Explode) -> None:
    """Give items their own rows."""
    work.need(step.columns)
    if step.separator is not None:
        work.need_texts(step.columns)
        parts = [pl.col(name).cast(pl.String).str.split(step.separator) for name in step.columns]
        work.table = work.table.with_columns(parts)
    schema = work.schema
    for name in step.columns:
        if not isinstance(schema[name], pl.List):
            raise InvalidStep(f"The column {name[:60]!r} holds no lists; give a separator to split texts.")
    lengths = pl.col(step.columns[0]).list.len().clip(1).fill_null(1).cast(pl.Int64).sum()
    rows = work.table.select(lengths).collect(engine="streaming").item()
    work.refuse_over(int(rows or 0), len(schema), "Exploding")
    work.table = work.table.explode(step.columns)
