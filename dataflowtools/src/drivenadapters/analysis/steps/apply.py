"""A pipeline: step after step, with a preview and a count after each when that is asked for."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from dataflowtools.src.drivenadapters.analysis.failures import told
from dataflowtools.src.drivenadapters.analysis.loading.table import LoadedTable
from dataflowtools.src.drivenadapters.analysis.output.records import describe_columns, records_of
from dataflowtools.src.drivenadapters.analysis.steps import (
    category_steps,
    column_steps,
    row_steps,
    shape_steps,
    sql_step,
    table_steps,
    text_steps,
)
from dataflowtools.src.drivenadapters.analysis.steps.context import Work
from dataflowtools.src.logics.data_analysis.limits import AnalysisLimits

if TYPE_CHECKING:
    import polars as pl

APPLY: Mapping[str, Callable[[Work, Any], None]] = {
    "select": column_steps.select,
    "drop": column_steps.drop,
    "rename": column_steps.rename,
    "derive": column_steps.derive,
    "cast": column_steps.cast,
    "fill": column_steps.fill,
    "map_values": column_steps.map_values,
    "normalise": column_steps.normalise,
    "normalize": column_steps.normalise,
    "clip": column_steps.clip,
    "parse_dates": category_steps.parse_dates,
    "encode": category_steps.encode,
    "bin": category_steps.bin_,
    "text": text_steps.text,
    "replace": text_steps.replace,
    "extract": text_steps.extract,
    "split": text_steps.split,
    "filter": row_steps.filter_,
    "dedupe": row_steps.dedupe,
    "sort": row_steps.sort,
    "sample": row_steps.sample,
    "limit": row_steps.limit,
    "explode": row_steps.explode,
    "join": table_steps.join,
    "union": table_steps.union,
    "group": shape_steps.group,
    "pivot": shape_steps.pivot,
    "unpivot": shape_steps.unpivot,
    "window": shape_steps.window,
    "resample": shape_steps.resample,
    "sql": sql_step.sql,
}


@dataclass(slots=True)
class Report:
    """What each step did."""

    steps: list[dict[str, Any]] = field(default_factory=list)


def apply_steps(
    table: LoadedTable,
    steps: Sequence[Any],
    others: Mapping[str, LoadedTable],
    limits: AnalysisLimits,
    *,
    preview_rows: int | None,
) -> tuple[Work, Report]:
    """Apply the steps; errors name the step. A table in memory stays there, a large one stays on disk."""
    names = table.schema.names()
    work = Work(
        table=table.lazy,
        limits=limits,
        others={name: other.lazy for name, other in others.items()},
        lineage={name: frozenset({f"data.{name}"}) for name in names},
    )
    report, held = Report(), table.frame is not None
    for place, step in enumerate(steps):
        with told(f"/steps/{place}"):
            _within(place, step, work)
            if held:
                work.table = work.table.collect(engine="in-memory").lazy()
            report.steps.append(_entry(place, step, work, held=held, preview_rows=preview_rows))
    return work, report


def _within(place: int, step: Any, work: Work) -> None:
    """Run a step; a field that it names itself is a field of this step."""
    try:
        APPLY[step.op](work, step)
        work.lineage = {name: work.lineage.get(name, frozenset()) for name in work.schema.names()}
    except Exception as error:
        inner = getattr(error, "field", None)
        if inner and inner.startswith("/") and not inner.startswith("/steps/"):
            error.field = f"/steps/{place}{inner}"  # type: ignore[attr-defined]  # only errors of the tree have one
        raise


def _entry(place: int, step: Any, work: Work, *, held: bool, preview_rows: int | None) -> dict[str, Any]:
    entry: dict[str, Any] = {"step": place, "op": step.op, "columns": describe_columns(work.schema)}
    if held:
        entry["rows"] = work.count()
    if preview_rows is not None:
        engine: Literal["in-memory", "streaming"] = "in-memory" if held else "streaming"
        head: pl.DataFrame = work.table.head(preview_rows).collect(engine=engine)
        entry["preview"] = records_of(head)
    return entry
