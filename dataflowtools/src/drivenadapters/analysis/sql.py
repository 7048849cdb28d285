"""SELECT over tables by DuckDB, which can reach nothing but them."""

import json
import re
from collections.abc import Collection, Mapping

import duckdb
import polars as pl
import pyarrow as pa

from dataflowtools.src.drivenadapters.analysis.loading.columnar_table import plain
from dataflowtools.src.drivenadapters.analysis.loading.names import unique_names
from dataflowtools.src.errors import (
    InvalidSql,
    OperationNotAllowed,
    WorkerMemoryExceeded,
    WorkerResultTooLarge,
)
from dataflowtools.src.logics.data_analysis.limits import AnalysisLimits

_BATCH_ROWS = 100_000
_FORBIDDEN = re.compile(
    r"(?i)\b(duckdb_\w+|pragma_\w+|read_\w+|glob|getenv|current_setting|parquet_\w+|sniff_csv|query|query_table|"
    r"which_secret|sqlite_\w+|postgres_\w+|mysql_\w+|iceberg_\w+|delta_scan|checkpoint|force_checkpoint|"
    r"pg_\w+|information_schema|sql_auto_complete|write_log|parse_duckdb_log_message|enable_logging)\b"
)
_FILES = (".csv", ".parquet", ".json")
_FOREIGN = re.compile(r"INTERVAL|UNION\(|MAP\(|TIME WITH TIME ZONE(?!\w)|BIT\b|TIME_NS")


def run_sql(query: str, tables: Mapping[str, pl.DataFrame], limits: AnalysisLimits) -> pl.DataFrame:
    """Run one SELECT; raises OperationNotAllowed, InvalidSql or WorkerResultTooLarge."""
    connection = duckdb.connect(
        ":memory:",
        config={
            "enable_external_access": "false",
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
            "python_enable_replacements": "false",
            "allow_community_extensions": "false",
            "threads": "2",
            "memory_limit": f"{limits.memory_bytes // 2 >> 20}MiB",
            "temp_directory": "",
        },
    )
    try:
        _check_statement(connection, query, tables)
        for name, frame in tables.items():
            connection.register(name, frame.to_arrow())
        connection.execute("SET lock_configuration = true").fetchall()
        found = _fetched(_portable(connection.sql(query)).to_arrow_reader(_BATCH_ROWS), limits)
    except duckdb.PermissionException as exc:
        raise OperationNotAllowed(_said(exc), position=1) from exc
    except duckdb.OutOfMemoryException as exc:
        raise WorkerMemoryExceeded("The query needs more memory than one job may use.") from exc
    except duckdb.Error as exc:
        raise InvalidSql(_said(exc)) from exc
    finally:
        connection.close()
    return plain(found.lazy()).collect()


def _portable(found: duckdb.DuckDBPyRelation) -> duckdb.DuckDBPyRelation:
    """Write as text what has no form outside DuckDB: spans of time as DuckDB says them, the others as JSON."""
    foreign = [bool(_FOREIGN.search(str(kind))) for kind in found.types]
    if not any(foreign):
        return found
    parts = []
    for place, (name, kind, odd) in enumerate(zip(found.columns, found.types, foreign, strict=True), start=1):
        quoted = '"' + name.replace('"', '""') + '"'
        nested = kind.id in {"list", "array", "struct", "map", "union"}
        value = f"to_json(#{place})" if nested else f"#{place}"
        parts.append(f"CAST({value} AS VARCHAR) AS {quoted}" if odd else f"#{place} AS {quoted}")
    return found.project(", ".join(parts))


def _fetched(reader: pa.RecordBatchReader, limits: AnalysisLimits) -> pl.DataFrame:
    """Take batch after batch, so that a result that explodes is refused before it is there."""
    batches, rows = [], 0
    for batch in reader:
        batches.append(batch)
        rows += batch.num_rows
        if rows > limits.rows or rows * batch.num_columns > limits.cells:
            raise WorkerResultTooLarge(
                f"The query gives more than {limits.rows} rows or {limits.cells} cells."
            )
    names, changed = unique_names(reader.schema.names)
    del changed
    table = pa.Table.from_batches(batches, reader.schema).rename_columns(names)
    return pl.DataFrame(table)


def _check_statement(connection: duckdb.DuckDBPyConnection, query: str, tables: Collection[str]) -> None:
    """Take one SELECT and nothing that looks beyond the tables given."""
    try:
        statements = connection.extract_statements(query)
    except duckdb.Error as exc:
        raise InvalidSql(_said(exc)) from exc
    if len(statements) != 1:
        raise OperationNotAllowed(f"one SELECT is taken; this is {len(statements)} statements", position=1)
    if statements[0].type != duckdb.StatementType.SELECT:
        kind = statements[0].type.name
        raise OperationNotAllowed(f"only SELECT is allowed; this is {kind}", position=1, near=kind)
    known = {name.lower() for name in tables}
    for role, part in _names(connection, query):
        if role == "table_name" and part.lower() in known:
            continue
        if _FORBIDDEN.fullmatch(part) or (role == "table_name" and _names_file(part)):
            place = max(query.lower().find(part.lower()), 0) + 1
            raise OperationNotAllowed(
                f"{part[:60]!r} looks beyond the tables given", position=place, near=part[:60]
            )


def _names_file(table: str) -> bool:
    """Whether DuckDB would take this name of a table for a file."""
    return "/" in table or table.lower().endswith(_FILES)


def _names(connection: duckdb.DuckDBPyConnection, query: str) -> list[tuple[str, str]]:
    """List the functions and tables that the parsed statement names, each with its role."""
    rows = connection.execute("SELECT json_serialize_sql(?)", [query]).fetchall()
    tree = json.loads(rows[0][0])
    if tree.get("error"):
        raise InvalidSql(str(tree.get("error_message", "The query cannot be read."))[:300])
    found: list[tuple[str, str]] = []
    pending = [tree]
    while pending:
        node = pending.pop()
        if isinstance(node, dict):
            keys = ("function_name", "table_name", "schema_name", "catalog_name")
            found += [(key, node[key]) for key in keys if isinstance(node.get(key), str) and node[key]]
            pending.extend(node.values())
        elif isinstance(node, list):
            pending.extend(node)
    return found


def _said(exc: Exception) -> str:
    lines = str(exc).strip().splitlines() or ["The query cannot be run."]
    return lines[0][:300]
