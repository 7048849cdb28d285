"""Steps on texts."""

import re
from collections.abc import Callable

import polars as pl

from dataflowtools.src.drivenadapters.analysis.expressions.patterns import checked_pattern
from dataflowtools.src.drivenadapters.analysis.steps.context import Work
from dataflowtools.src.errors import InvalidStep
from dataflowtools.src.logics.data_analysis.steps import text_steps as ask

_METHODS: dict[str, Callable[[pl.Expr], pl.Expr]] = {
    "trim": lambda text: text.str.strip_chars(),
    "collapse": lambda text: text.str.replace_all(r"\s+", " ").str.strip_chars(),
    "lower": lambda text: text.str.to_lowercase(),
    "upper": lambda text: text.str.to_uppercase(),
    "title": lambda text: text.str.to_titlecase(),
    "digits": lambda text: text.str.replace_all(r"[^0-9]", ""),
    "empty_to_null": lambda text: pl.when(text != "").then(text),
}
_NAMED_GROUP = re.compile(r"\(\?P?<([A-Za-z_]\w*)>")


def text(work: Work, step: ask.Text) -> None:
    """Clean texts."""
    work.need_texts(step.columns)
    changed = []
    for name in step.columns:
        expr = pl.col(name).cast(pl.String)
        for method in step.methods:
            expr = _METHODS[method](expr)
        changed.append(expr.alias(name))
    work.table = work.table.with_columns(changed)


def replace(work: Work, step: ask.Replace) -> None:
    """Replace parts of texts."""
    work.need_texts(step.columns)
    pattern = checked_pattern(step.pattern, field="/pattern") if step.regex else step.pattern
    work.table = work.table.with_columns(
        [
            pl.col(name).cast(pl.String).str.replace_all(pattern, step.by, literal=not step.regex).alias(name)
            for name in step.columns
        ]
    )


def extract(work: Work, step: ask.Extract) -> None:
    """Take what a pattern finds into columns."""
    work.need_texts([step.column])
    pattern = checked_pattern(step.pattern, field="/pattern")
    groups = len(pl.select(pl.lit("").str.extract_groups(pattern)).to_series().struct.fields)
    names = step.into or _NAMED_GROUP.findall(pattern)
    if not names or len(names) != max(groups, 1):
        raise InvalidStep(
            f"The pattern has {groups} groups; into wants a name for each, or one for the whole match."
        )
    column = pl.col(step.column).cast(pl.String)
    found = [column.str.extract(pattern, place if groups else 0) for place in range(1, len(names) + 1)]
    work.table = work.table.with_columns([expr.alias(name) for name, expr in zip(names, found, strict=True)])
    for name in names:
        work.derived(name, [step.column])


def split(work: Work, step: ask.Split) -> None:
    """Split texts."""
    work.need_texts([step.column])
    parts = pl.col(step.column).cast(pl.String).str.split(step.separator)
    if step.into is None:
        work.table = work.table.with_columns(parts.alias(step.column))
        return
    new = [parts.list.get(place, null_on_oob=True).alias(name) for place, name in enumerate(step.into)]
    work.table = work.table.with_columns(new)
    for name in step.into:
        work.derived(name, [step.column])
    if not step.keep and step.column not in step.into:
        work.table = work.table.drop(step.column)
        work.lineage.pop(step.column)
