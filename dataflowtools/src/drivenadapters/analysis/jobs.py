"""What a worker does with tables; it gets open files, the last one to write to."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, BinaryIO

import polars as pl
from pydantic import TypeAdapter

from dataflowtools.src.drivenadapters.analysis.expressions.functions import FUNCTIONS
from dataflowtools.src.drivenadapters.analysis.failures import told
from dataflowtools.src.drivenadapters.analysis.loading.load_table import load_table
from dataflowtools.src.drivenadapters.analysis.loading.table import LoadedTable
from dataflowtools.src.drivenadapters.analysis.output.records import describe_columns, json_bytes
from dataflowtools.src.drivenadapters.analysis.output.writers import write_table
from dataflowtools.src.drivenadapters.analysis.profile.analyze import run_analysis
from dataflowtools.src.drivenadapters.analysis.steps.apply import apply_steps
from dataflowtools.src.drivenadapters.analysis.steps.context import count_rows
from dataflowtools.src.drivenadapters.analysis.validation.check import check_table
from dataflowtools.src.drivenadapters.analysis.validation.infer import infer_schema_of
from dataflowtools.src.drivenadapters.workers.job import Job
from dataflowtools.src.errors import WorkerResultTooLarge
from dataflowtools.src.logics.data_analysis.limits import AnalysisLimits
from dataflowtools.src.logics.data_analysis.output import Output
from dataflowtools.src.logics.data_analysis.reading import ReadTable
from dataflowtools.src.logics.data_analysis.steps.catalogue import Step

Arguments = Mapping[str, Any]


def warm_up() -> None:
    """Touch what every job needs, so that no job pays for it."""
    import duckdb
    import fastexcel
    import jsonschema_rs
    import xlsxwriter
    from scipy import stats

    duckdb.connect(":memory:").close()
    del fastexcel, jsonschema_rs, xlsxwriter, stats
    pl.DataFrame({"a": [1, 2], "b": ["x", "y"]}).lazy().group_by("b").agg(pl.col("a").sum()).collect(
        engine="streaming"
    )


@contextmanager
def _opened(job: Job, arguments: Arguments, limits: AnalysisLimits) -> Iterator[dict[str, LoadedTable]]:
    found: dict[str, LoadedTable] = {}
    try:
        yield _loaded(job, arguments, limits, found)
    finally:
        for table in found.values():
            table.close()


def _loaded(
    job: Job, arguments: Arguments, limits: AnalysisLimits, found: dict[str, LoadedTable]
) -> dict[str, LoadedTable]:
    for number, (about, file) in enumerate(zip(arguments["tables"], job.files, strict=False)):
        folder = job.scratch / str(number)
        folder.mkdir()
        options = ReadTable.model_validate(about["read"])
        with told():
            found[about["name"]] = load_table(file, about["file_name"], options, limits, folder)
    return found


def _limits(arguments: Arguments) -> AnalysisLimits:
    return AnalysisLimits(**arguments["limits"])


def _writable(job: Job) -> BinaryIO:
    return os.fdopen(os.dup(job.files[-1].fileno()), "wb")


def _about(tables: Mapping[str, LoadedTable]) -> dict[str, Any]:
    first = next(iter(tables.values()))
    warnings = [
        ({"table": name} if name != "data" else {}) | warning
        for name, table in tables.items()
        for warning in table.warnings
    ]
    return {"source": first.source, "warnings": warnings}


def transform(job: Job, arguments: Arguments) -> dict[str, Any]:
    """Apply steps to the first table and write the result, or give its records."""
    limits, request = _limits(arguments), arguments["request"]
    steps = TypeAdapter(list[Step]).validate_python(request["steps"])
    dry = request["dry_run"]
    with _opened(job, arguments, limits) as tables:
        names = list(tables)
        others = {name: tables[name] for name in names[1:]}
        work, report = apply_steps(
            tables[names[0]], steps, others, limits, preview_rows=request["preview_rows"] if dry else None
        )
        facts: dict[str, Any] = {
            **_about(tables),
            "steps": report.steps,
            "columns": describe_columns(work.schema),
            "lineage": {name: sorted(sources) for name, sources in work.lineage.items()},
            "dry_run": dry,
        }
        if dry:
            facts["preview"] = report.steps[-1]["preview"] if report.steps else []
        else:
            with told():
                _deliver(job, work.table, Output.model_validate(request["output"]), facts, limits)
    return facts


def _deliver(
    job: Job, table: pl.LazyFrame, output: Output, facts: dict[str, Any], limits: AnalysisLimits
) -> None:
    if output.format == "records":
        facts["rows"] = _give_records(job, table, limits)
        return
    with _writable(job) as file:
        facts["warnings"] += write_table(table, output, file, job.scratch)
    counted = facts["steps"][-1].get("rows") if facts["steps"] else None
    facts["rows"] = count_rows(table) if counted is None else counted


def _give_records(job: Job, table: pl.LazyFrame, limits: AnalysisLimits) -> int:
    frame = table.head(limits.inline_rows + 1).collect(engine="in-memory")
    content = json_bytes(frame) if frame.height <= limits.inline_rows else b""
    if frame.height > limits.inline_rows or len(content) > limits.inline_bytes:
        rows = count_rows(table)
        error = WorkerResultTooLarge(
            f"The result has {rows} rows; {limits.inline_rows} rows and {limits.inline_bytes} bytes come with a "
            "reply. Give to a format, and it is stored as a file."
        )
        error.extra = {"estimate": {"rows": rows}}  # type: ignore[attr-defined]  # the kit reads it where an error has one
        raise error
    job.blobs.append(content)
    return frame.height


def analyze(job: Job, arguments: Arguments) -> dict[str, Any]:
    """Count, and give facts or a table."""
    limits = _limits(arguments)
    with _opened(job, arguments, limits) as tables, told("/options/analysis"):
        facts = run_analysis(tables, arguments["request"], limits)
        return {**_about(tables), **facts}


def validate(job: Job, arguments: Arguments) -> dict[str, Any]:
    """Check the first table."""
    limits = _limits(arguments)
    with _opened(job, arguments, limits) as tables, told():
        facts, errors = check_table(tables, arguments["request"])
        job.blobs.append(errors)
        return {**_about(tables), **facts}


def infer_schema(job: Job, arguments: Arguments) -> dict[str, Any]:
    """Describe the first table by a schema."""
    limits = _limits(arguments)
    with _opened(job, arguments, limits) as tables, told():
        schema = infer_schema_of(next(iter(tables.values())), arguments["request"])
        return {**_about(tables), "schema": schema}


def functions(job: Job, arguments: Arguments) -> dict[str, Any]:
    """List the functions of expressions."""
    del job, arguments
    about = [
        {"name": one.name, "signature": one.signature, "summary": one.about} for one in FUNCTIONS.values()
    ]
    return {"functions": about}


def to_arrow(job: Job, arguments: Arguments) -> dict[str, Any]:
    """Give every table as an Arrow stream."""
    limits = _limits(arguments)
    columns = {}
    with _opened(job, arguments, limits) as tables, told():
        for name, table in tables.items():
            frame = table.collected()
            columns[name] = describe_columns(frame.schema)
            stream = frame.write_ipc_stream(None, compression="zstd", compat_level=pl.CompatLevel.oldest())
            job.blobs.append(stream.getvalue())
        return {**_about(tables), "tables": columns}
