"""What a step works on: the table so far, the other tables, the limits, and where columns come from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches

import polars as pl

from dataflowtools.src.errors import InvalidStep, UnknownColumn, WorkerResultTooLarge
from dataflowtools.src.logics.data_analysis.limits import AnalysisLimits

Lineage = dict[str, frozenset[str]]


@dataclass(slots=True)
class Work:
    """The state of a transformation between two steps."""

    table: pl.LazyFrame
    limits: AnalysisLimits
    others: Mapping[str, pl.LazyFrame] = field(default_factory=dict)
    lineage: Lineage = field(default_factory=dict)

    @property
    def schema(self) -> pl.Schema:
        """Names and types of the table's columns now."""
        return self.table.collect_schema()

    def need(self, columns: Sequence[str]) -> None:
        """Raise UnknownColumn unless all are there."""
        check_columns(columns, self.schema)

    def need_numbers(self, columns: Sequence[str]) -> None:
        """Raise InvalidStep unless all hold numbers."""
        schema = self.schema
        check_columns(columns, schema)
        for name in columns:
            if not schema[name].is_numeric() and schema[name] != pl.Null:
                raise InvalidStep(f"The column {name[:60]!r} holds no numbers; cast it first.")

    def need_texts(self, columns: Sequence[str]) -> None:
        """Raise InvalidStep unless all hold texts."""
        schema = self.schema
        check_columns(columns, schema)
        for name in columns:
            if schema[name] not in (pl.String, pl.Null):
                raise InvalidStep(f"The column {name[:60]!r} holds no texts; cast it first.")

    def other(self, name: str) -> pl.LazyFrame:
        """Return another table; InvalidStep when it is not given."""
        found = self.others.get(name)
        if found is None:
            known = ", ".join(sorted(self.others)) or "none"
            raise InvalidStep(f"There is no table {name!r}; given are: {known}.")
        return found

    def count(self) -> int:
        """Count the rows."""
        return count_rows(self.table)

    def refuse_over(self, rows: int, columns: int, what: str) -> None:
        """Raise WorkerResultTooLarge, with the estimate, when a step would make too many rows or cells."""
        limits = self.limits
        if rows <= limits.rows and rows * columns <= limits.cells and columns <= limits.columns:
            return
        error = WorkerResultTooLarge(
            f"{what} would make {rows} rows and {columns} columns; {limits.rows} rows, {limits.columns} columns "
            f"and {limits.cells} cells are allowed."
        )
        error.extra = {  # type: ignore[attr-defined]  # the kit reads it where an error has one
            "estimate": {"rows": rows, "columns": columns, "cells": rows * columns},
            "limit": {"rows": limits.rows, "columns": limits.columns, "cells": limits.cells},
        }
        raise error

    def derived(self, name: str, sources: Sequence[str] | frozenset[str]) -> None:
        """Note that a column comes from others."""
        self.lineage[name] = frozenset().union(*(self.lineage.get(one, frozenset()) for one in sources))


def check_columns(columns: Sequence[str], schema: Mapping[str, pl.DataType]) -> None:
    """Raise UnknownColumn unless all are there."""
    for name in columns:
        if name not in schema:
            close = get_close_matches(name, list(schema)[:2000], n=1)
            hint = f"; did you mean {close[0][:60]!r}?" if close else ""
            raise UnknownColumn(f"There is no column {name[:100]!r}{hint}")


def count_rows(table: pl.LazyFrame) -> int:
    """Count the rows of a table."""
    return int(table.select(pl.len()).collect(engine="streaming").item())
