"""A JSON Schema of a record, held against every record."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, NoReturn

import jsonschema_rs
import polars as pl

from dataflowtools.src.drivenadapters.analysis.loading.table import LoadedTable
from dataflowtools.src.drivenadapters.analysis.output.records import plain
from dataflowtools.src.drivenadapters.analysis.validation.failures import Failures
from dataflowtools.src.errors import InvalidTableSchema

_BATCH_ROWS = 20_000
_MAX_VALUE = 500


def _refuse(uri: str) -> NoReturn:
    raise ValueError(f"{uri[:100]} is outside of the schema")


def compiled_schema(schema: Mapping[str, Any]) -> Any:
    """Compile a schema; nothing outside of it is fetched, and patterns run in linear time."""
    record = schema
    if schema.get("type") == "array" and isinstance(schema.get("items"), dict):
        rest = {name: schema[name] for name in ("$defs", "definitions", "$schema") if name in schema}
        record = {**rest, **schema["items"]}
    try:
        return jsonschema_rs.validator_for(
            dict(record),
            retriever=_refuse,
            pattern_options=jsonschema_rs.RegexOptions(),
            validate_formats=True,
        )
    except (jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError, ValueError) as exc:
        said = str(exc).strip().splitlines()[0][:300]
        raise InvalidTableSchema(f"The JSON Schema cannot be used: {said}", field="/schema") from exc


def check_records(table: LoadedTable, schema: Mapping[str, Any], failures: Failures) -> None:
    """Check every record; a missing cell of a file is a property that is not there."""
    validator = compiled_schema(schema)
    for number, record in enumerate(_records(table), start=1):
        if validator.is_valid(record):
            continue
        for error in validator.iter_errors(record):
            path = list(error.instance_path)
            rule = str(list(error.schema_path)[-1]) if error.schema_path else "schema"
            column = _column(error, path, rule)
            failures.add(number, column, rule, _value(record, path, column), error.message[:300])


def _column(error: Any, path: list[Any], rule: str) -> str | None:
    if path:
        return str(path[0])
    if rule == "required":
        return str(getattr(error.kind, "property", "")).strip('"') or None
    return None


def _value(record: Mapping[str, Any], path: list[Any], column: str | None) -> Any:
    if not path:
        return record.get(column) if column else None
    value: Any = record
    for part in path:
        value = value[part]
    if isinstance(value, (dict, list)) and len(json.dumps(value)) > _MAX_VALUE:
        return json.dumps(value, ensure_ascii=False)[:_MAX_VALUE]
    return value


def _records(table: LoadedTable) -> Iterator[Mapping[str, Any]]:
    if table.records is not None:
        yield from table.records
        return
    for batch in _batches(table):
        for row in batch.iter_rows(named=True):
            yield {name: value for name, value in row.items() if value is not None}


def _batches(table: LoadedTable) -> Iterator[pl.DataFrame]:
    frame = table.collected()
    for start in range(0, frame.height, _BATCH_ROWS):
        yield plain(frame.slice(start, _BATCH_ROWS))
