"""The step that runs SQL."""

from typing import TYPE_CHECKING

from dataflowtools.src.drivenadapters.analysis.sql import run_sql
from dataflowtools.src.drivenadapters.analysis.steps.context import Work
from dataflowtools.src.logics.data_analysis.steps.table_steps import Sql

if TYPE_CHECKING:
    import polars as pl


def sql(work: Work, step: Sql) -> None:
    """Run a SELECT; every column of the result may come from every column of the tables."""
    others = {name: table.collect(engine="streaming") for name, table in work.others.items()}
    tables = {**others, "data": work.table.collect(engine="streaming")}
    sources: frozenset[str] = frozenset().union(*work.lineage.values()) if work.lineage else frozenset()
    sources |= {f"{name}.{column}" for name, frame in others.items() for column in frame.columns}
    found: pl.DataFrame = run_sql(step.query, tables, work.limits)
    work.table = found.lazy()
    work.lineage = dict.fromkeys(found.columns, sources)
