"""One analysis of a table, and its chart's data."""

from collections.abc import Callable, Mapping
from typing import Any

import polars as pl
from pydantic import TypeAdapter

from dataflowtools.src.drivenadapters.analysis.charts.vega import chart_spec
from dataflowtools.src.drivenadapters.analysis.failures import told
from dataflowtools.src.drivenadapters.analysis.loading.table import LoadedTable
from dataflowtools.src.drivenadapters.analysis.output.records import describe_columns, records_of
from dataflowtools.src.drivenadapters.analysis.profile.correlations import correlation_matrix, numeric_columns
from dataflowtools.src.drivenadapters.analysis.profile.profile import profile_table
from dataflowtools.src.drivenadapters.analysis.sql import run_sql
from dataflowtools.src.drivenadapters.analysis.statistics.hypothesis import run_test
from dataflowtools.src.drivenadapters.analysis.steps import shape_steps
from dataflowtools.src.drivenadapters.analysis.steps.context import Work, check_columns, count_rows
from dataflowtools.src.errors import InvalidAnalysis, WorkerResultTooLarge
from dataflowtools.src.logics.data_analysis import analyses as ask
from dataflowtools.src.logics.data_analysis.charts import Chart
from dataflowtools.src.logics.data_analysis.limits import AnalysisLimits
from dataflowtools.src.logics.data_analysis.steps.table_steps import Group, Pivot, Resample


def run_analysis(
    tables: Mapping[str, LoadedTable], request: Mapping[str, Any], limits: AnalysisLimits
) -> dict[str, Any]:
    """Run an analysis and, when a chart is asked for, make its specification."""
    wanted: Any = TypeAdapter(ask.Analyses).validate_python(request["analysis"])
    main = next(iter(tables.values()))
    found: dict[str, Any] = {"analysis": wanted.kind}
    frame: pl.DataFrame | None = None
    if isinstance(wanted, ask.Profile):
        found |= profile_table(main, wanted)
    elif isinstance(wanted, ask.Correlation):
        found |= {"rows": count_rows(main.lazy), "correlation": _correlation(main, wanted)}
    elif isinstance(wanted, ask.HypothesisTest):
        found |= {"rows": count_rows(main.lazy), "test": run_test(main, wanted)}
    else:
        frame = _table(tables, wanted, limits)
        found |= _as_table(frame, limits)
    if request["result"] == "table" and frame is None:
        found["table"] = _flat(found)
    if request.get("chart"):
        chart = Chart.model_validate(request["chart"])
        with told("/options/chart"):
            found["chart"] = chart_spec(chart, main, frame, found)
    return found


def _correlation(main: LoadedTable, wanted: ask.Correlation) -> dict[str, Any]:
    names = wanted.columns or numeric_columns(main.schema)
    schema = main.schema
    check_columns(names, schema)
    for name in names:
        if not schema[name].is_numeric():
            raise InvalidAnalysis(
                f"The column {name[:60]!r} holds no numbers.", field="/options/analysis/columns"
            )
    return correlation_matrix(main.lazy.select(names).collect(engine="streaming"), wanted.method)


def _table(tables: Mapping[str, LoadedTable], wanted: Any, limits: AnalysisLimits) -> pl.DataFrame:
    main = next(iter(tables.values()))
    if isinstance(wanted, ask.SqlQuery):
        return run_sql(wanted.query, {name: table.collected() for name, table in tables.items()}, limits)
    work = Work(table=main.lazy, limits=limits, lineage={name: frozenset() for name in main.schema})
    step, apply = _step(main, wanted)
    apply(work, step)
    return work.table.collect(engine="streaming" if main.frame is None else "in-memory")


def _step(main: LoadedTable, wanted: Any) -> tuple[Any, Callable[[Work, Any], None]]:
    fields = wanted.model_dump(exclude={"kind"})
    if isinstance(wanted, ask.GroupStatistics):
        fields["measures"] = fields["measures"] or _usual(main, wanted.by)
        return Group.model_validate({"op": "group", **fields}), shape_steps.group
    if isinstance(wanted, ask.PivotTable):
        return Pivot.model_validate({"op": "pivot", **fields}), shape_steps.pivot
    return Resample.model_validate({"op": "resample", **fields}), shape_steps.resample


def _usual(main: LoadedTable, by: list[str]) -> list[dict[str, Any]]:
    numbers = [name for name in numeric_columns(main.schema) if name not in by]
    return [{"function": "rows"}, *({"function": "mean", "column": name} for name in numbers)]


def _as_table(frame: pl.DataFrame, limits: AnalysisLimits) -> dict[str, Any]:
    if frame.height > limits.inline_rows:
        raise WorkerResultTooLarge(
            f"The result has {frame.height} rows; {limits.inline_rows} come with a reply. Use transform."
        )
    return {"rows": frame.height, "columns": describe_columns(frame.schema), "data": records_of(frame)}


def _flat(found: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Write facts as rows: a profile has one a column, a matrix one a pair, a test one."""
    if "correlation" in found and found["analysis"] == "correlation":
        names, matrix = found["correlation"]["columns"], found["correlation"]["matrix"]
        return [
            {"column": one, "other": two, "coefficient": matrix[i][j]}
            for i, one in enumerate(names)
            for j, two in enumerate(names)
        ]
    if "test" in found:
        return [{name: value for name, value in found["test"].items() if not isinstance(value, (dict, list))}]
    return [_flat_column(column) for column in found["columns"]]


def _flat_column(column: Mapping[str, Any]) -> dict[str, Any]:
    plain = {name: value for name, value in column.items() if not isinstance(value, (dict, list))}
    plain |= column.get("quantiles", {})
    if "outliers" in column:
        plain["outliers"] = column["outliers"]["count"]
    return plain
