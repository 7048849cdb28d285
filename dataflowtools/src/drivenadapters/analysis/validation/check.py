"""A table held against a schema and rules."""

from collections.abc import Mapping
from typing import Any

import polars as pl
from pydantic import TypeAdapter

from dataflowtools.src.drivenadapters.analysis.failures import told
from dataflowtools.src.drivenadapters.analysis.loading.table import LoadedTable
from dataflowtools.src.drivenadapters.analysis.validation.failures import Check, Failures
from dataflowtools.src.drivenadapters.analysis.validation.json_schema import check_records
from dataflowtools.src.drivenadapters.analysis.validation.rule_checks import Compiler
from dataflowtools.src.drivenadapters.analysis.validation.table_schema import rules_of
from dataflowtools.src.logics.data_analysis.rules import Rule


def check_table(
    tables: Mapping[str, LoadedTable], request: Mapping[str, Any]
) -> tuple[dict[str, Any], bytes]:
    """Check the first table; gives the facts, and the page of errors as JSON."""
    table = next(iter(tables.values()))
    failures = Failures(offset=request["offset"], limit=request["limit"])
    schema = request.get("schema")
    rules: list[tuple[Any, str]] = []
    if schema is not None and "fields" in schema:
        for rule in rules_of(schema, table.schema):
            if isinstance(rule, dict):
                failures.add(None, rule["column"], "missing_column", None, "the table has no such column")
            else:
                rules.append((rule, "/schema"))
    elif schema is not None:
        check_records(table, schema, failures)
    asked = TypeAdapter(list[Rule]).validate_python(request.get("rules") or [])
    rules += [(rule, f"/rules/{place}") for place, rule in enumerate(asked)]
    frame = table.collected()
    _check_rules(frame, rules, tables, failures)
    shown = min(failures.offset + failures.limit, failures.total)
    facts = {
        "valid": failures.total == 0,
        "counts": {
            "rows": frame.height,
            "errors": failures.total,
            "failed_rows": failures.bad_rows(),
            "by_rule": failures.by_rule,
            "by_column": failures.by_column,
        },
        "next_offset": shown if shown < failures.total else None,
    }
    return facts, failures.page()


def _check_rules(
    frame: pl.DataFrame, rules: list[tuple[Any, str]], tables: Mapping[str, LoadedTable], failures: Failures
) -> None:
    compiler = Compiler(frame.schema, tables)
    checks: list[Check] = []
    for rule, pointer in rules:
        with told(pointer):
            checks.append(compiler.check_of(rule))
    if not checks:
        return
    with told("/rules"):
        failed = frame.select([check.failed.alias(str(place)) for place, check in enumerate(checks)])
    for place, check in enumerate(checks):
        column = failed.get_column(str(place))
        if column.len() == 1 and frame.height != 1:
            column = column.new_from_index(0, frame.height)
        failures.take(check, frame, column)
