"""A table's profile."""

from typing import Any

import polars as pl

from dataflowtools.src.drivenadapters.analysis.loading.table import LoadedTable
from dataflowtools.src.drivenadapters.analysis.output.records import kind_name
from dataflowtools.src.drivenadapters.analysis.profile.correlations import (
    correlation_matrix,
    numeric_columns,
    strong_pairs,
)
from dataflowtools.src.drivenadapters.analysis.profile.moments import (
    describe_booleans,
    describe_moments,
    describe_others,
)
from dataflowtools.src.drivenadapters.analysis.profile.numbers import describe_numbers
from dataflowtools.src.drivenadapters.analysis.profile.texts import describe_texts
from dataflowtools.src.drivenadapters.analysis.steps.context import check_columns, count_rows
from dataflowtools.src.logics.data_analysis.analyses import Profile


def profile_table(table: LoadedTable, ask: Profile) -> dict[str, Any]:
    """Describe every column, duplicates and correlations; columns come one at a time from large files."""
    names = ask.columns or table.schema.names()
    check_columns(names, table.schema)
    rows = table.frame.height if table.frame is not None else count_rows(table.lazy)
    columns = [_column(table, name, rows, ask) for name in names]
    cells = rows * len(names)
    missing = sum(column["missing"] for column in columns)
    found: dict[str, Any] = {
        "rows": rows,
        "columns": columns,
        "missing_cells": missing,
        "missing_share": missing / cells if cells else 0.0,
    }
    if ask.duplicates:
        found["duplicate_rows"] = _duplicates(table, names, columns, rows)
    numbers = [name for name in numeric_columns(table.schema) if name in names]
    if ask.correlation != "none" and len(numbers) > 1:
        frame = (
            table.frame if table.frame is not None else table.lazy.select(numbers).collect(engine="streaming")
        )
        found["correlation"] = correlation_matrix(frame.select(numbers), ask.correlation)
        found["strong_correlations"] = strong_pairs(found["correlation"])
    return found


def _column(table: LoadedTable, name: str, rows: int, ask: Profile) -> dict[str, Any]:
    if table.frame is not None:
        series = table.frame.get_column(name)
    else:
        series = table.lazy.select(name).collect(engine="streaming").to_series()
    missing = series.null_count()
    known = series.drop_nulls() if missing else series
    about = _describe(known, ask)
    distinct = about.get("distinct", 0)
    return {
        "name": name,
        "type": kind_name(series.dtype),
        "count": rows - missing,
        "missing": missing,
        "missing_share": missing / rows if rows else 0.0,
        "unique": bool(rows) and not missing and distinct == rows,
        "constant": distinct == 1 and not missing,
        **about,
    }


def _describe(known: pl.Series, ask: Profile) -> dict[str, Any]:
    dtype = known.dtype
    if dtype.is_numeric():
        return describe_numbers(known, ask.bins)
    if dtype == pl.String:
        return describe_texts(known, ask.top)
    if dtype in (pl.Date, pl.Datetime("us")):
        return describe_moments(known, ask.bins)
    return describe_booleans(known) if dtype == pl.Boolean else describe_others(known)


def _duplicates(
    table: LoadedTable, names: list[str], columns: list[dict[str, Any]], rows: int
) -> dict[str, Any]:
    """Count rows that came before; a column of which no value comes twice settles it."""
    if not rows or not names or any(column["unique"] for column in columns):
        return {"count": 0, "share": 0.0}
    distinct = table.lazy.select(names).unique().select(pl.len()).collect(engine="streaming").item()
    return {"count": rows - distinct, "share": (rows - distinct) / rows}
