"""Steps that bring tables together; what would explode is counted first and refused."""

import polars as pl

from dataflowtools.src.drivenadapters.analysis.steps.context import Work, check_columns, count_rows
from dataflowtools.src.errors import InvalidStep
from dataflowtools.src.logics.data_analysis.steps import table_steps as ask

_LEFT, _RIGHT = "\0left", "\0right"


def join(work: Work, step: ask.Join) -> None:
    """Put another table beside."""
    other = work.other(step.table)
    theirs = other.collect_schema()
    left, right = _keys(work, step, theirs)
    width = len(work.schema) + (0 if step.how in {"semi", "anti"} else len(theirs) - len(right))
    work.refuse_over(
        _estimate(work, step, other, left, right), width, f"The {step.how} join with {step.table}"
    )
    if step.how == "cross":
        work.table = work.table.join(other, how="cross", suffix=step.suffix)
    else:
        work.table = work.table.join(
            _like(other, theirs, work.schema, left, right),
            left_on=left,
            right_on=right,
            how=step.how,
            suffix=step.suffix,
            coalesce=True,
            maintain_order="left_right" if step.how in {"inner", "left", "full"} else None,
        )
    new = [name for name in work.schema.names() if name not in work.lineage]
    for name in new:
        source = name if name in theirs else name.removesuffix(step.suffix)
        work.lineage[name] = frozenset({f"{step.table}.{source}"})
    work.lineage = {name: work.lineage[name] for name in work.schema.names()}


def _keys(work: Work, step: ask.Join, theirs: pl.Schema) -> tuple[list[str], list[str]]:
    left, right = step.left_on or step.on or [], step.right_on or step.on or []
    if step.how == "cross":
        if left or right:
            raise InvalidStep("A cross join has no keys.")
        return [], []
    if not left or len(left) != len(right):
        raise InvalidStep("A join wants on, or left_on and right_on of the same length.")
    work.need(left)
    check_columns(right, theirs)
    return left, right


def _like(
    other: pl.LazyFrame, theirs: pl.Schema, ours: pl.Schema, left: list[str], right: list[str]
) -> pl.LazyFrame:
    """Cast the other table's keys to the types of ours; keys of different kinds are refused."""
    casts = []
    for mine, name in zip(left, right, strict=True):
        one, two = ours[mine], theirs[name]
        if one == two:
            continue
        if not (one.is_numeric() and two.is_numeric()) and pl.Null not in (one, two):
            raise InvalidStep(
                f"The keys {mine[:60]!r} ({one}) and {name[:60]!r} ({two}) are of different types; cast one of them."
            )
        casts.append(pl.col(name).cast(one, strict=False))
    return other.with_columns(casts) if casts else other


def _estimate(work: Work, step: ask.Join, other: pl.LazyFrame, left: list[str], right: list[str]) -> int:
    """Count the rows that a join makes, exactly, without making them."""
    if step.how in {"semi", "anti"}:
        return work.count()
    if step.how == "cross":
        return work.count() * count_rows(other)
    ours = work.table.group_by(left).agg(pl.len().cast(pl.Int64).alias(_LEFT))
    theirs = _like(other, other.collect_schema(), work.schema, left, right)
    theirs = theirs.group_by(right).agg(pl.len().cast(pl.Int64).alias(_RIGHT))
    how = {"inner": "inner", "left": "left", "right": "right", "full": "full"}[step.how]
    both = ours.join(theirs, left_on=left, right_on=right, how=how, coalesce=True)  # type: ignore[arg-type]  # one of its literals
    rows = (pl.col(_LEFT).fill_null(1).cast(pl.Float64) * pl.col(_RIGHT).fill_null(1)).sum()
    return int(both.select(rows).collect(engine="streaming").item() or 0)


def union(work: Work, step: ask.Union) -> None:
    """Put other tables below."""
    tables = [work.table, *(work.other(name) for name in step.tables)]
    schemas = [table.collect_schema() for table in tables]
    rows = sum(count_rows(table) for table in tables)
    names = list(dict.fromkeys(name for schema in schemas for name in schema))
    work.refuse_over(rows, len(names), "The union")
    if step.columns == "same" and any(set(schema) != set(schemas[0]) for schema in schemas):
        raise InvalidStep("The tables do not have the same columns.")
    work.table = pl.concat(tables, how="diagonal_relaxed")
    for table, schema in zip(step.tables, schemas[1:], strict=True):
        for name in schema:
            found = work.lineage.get(name, frozenset())
            work.lineage[name] = found | {f"{table}.{name}"}
