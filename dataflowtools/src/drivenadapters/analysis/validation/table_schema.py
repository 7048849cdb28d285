"""A Frictionless Table Schema as rules."""

from collections.abc import Callable, Mapping
from typing import Any

import polars as pl
from pydantic import TypeAdapter, ValidationError

from dataflowtools.src.errors import InvalidTableSchema
from dataflowtools.src.logics.data_analysis.rules import Rule

_TYPES = {
    "string": None, "any": None, "number": "number", "integer": "integer", "boolean": "boolean", "date": "date",
    "datetime": "datetime", "year": "integer", "object": None, "array": None, "time": None, "yearmonth": None,
    "duration": None, "geopoint": None, "geojson": None,
}  # fmt: skip
_FORMATS = {
    "email": r"[^@\s]+@[^@\s]+\.[^@\s]+",
    "uri": r"[A-Za-z][A-Za-z0-9+.-]*:\S+",
    "uuid": r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}",
}
_PATTERNS = {
    "time": r"\d{2}:\d{2}(:\d{2}(\.\d+)?)?",
    "yearmonth": r"\d{4}-(0[1-9]|1[0-2])",
    "year": r"-?\d{4}",
    "duration": r"P(\d+[YMWD])*(T(\d+(\.\d+)?[HMS])+)?",
}


def rules_of(schema: Mapping[str, Any], columns: Mapping[str, pl.DataType]) -> list[Any]:
    """Turn a Table Schema into rules; raises InvalidTableSchema for what it does not know."""
    found: list[dict[str, Any]] = []
    fields = schema.get("fields")
    if not isinstance(fields, list) or not all(
        isinstance(one, dict) and isinstance(one.get("name"), str) for one in fields
    ):
        raise InvalidTableSchema("A Table Schema has fields, each with a name.", field="/schema/fields")
    for place, one in enumerate(fields):
        if one["name"] not in columns:
            found.append({"rule": "missing_column", "column": one["name"]})
            continue
        found += _field_rules(one, f"/schema/fields/{place}")
    found += _keys(schema)
    rules = [one for one in found if one["rule"] != "missing_column"]
    try:
        made = TypeAdapter(list[Rule]).validate_python(rules, strict=False)
    except ValidationError as exc:
        raise InvalidTableSchema(
            f"The Table Schema is not valid: {exc.errors()[0]['msg']}.", field="/schema"
        ) from exc
    return [*made, *(one for one in found if one["rule"] == "missing_column")]


def _field_rules(one: Mapping[str, Any], pointer: str) -> list[dict[str, Any]]:
    name, kind, form = one["name"], one.get("type", "string"), one.get("format", "default")
    if kind not in _TYPES:
        raise InvalidTableSchema(f"There is no type {str(kind)[:40]!r}.", field=f"{pointer}/type")
    rules: list[dict[str, Any]] = []
    if _TYPES[kind]:
        rules.append({"rule": "type", "column": name, "type": _TYPES[kind]})
    pattern = _FORMATS.get(form) if kind == "string" else _PATTERNS.get(kind)
    if pattern:
        rules.append({"rule": "pattern", "column": name, "pattern": pattern, "name": "format"})
    constraints = one.get("constraints", {})
    if not isinstance(constraints, dict) or not constraints.keys() <= _CONSTRAINTS.keys():
        raise InvalidTableSchema(
            f"Constraints are {', '.join(_CONSTRAINTS)}.", field=f"{pointer}/constraints"
        )
    return rules + _constraint_rules(name, constraints)


_CONSTRAINTS: dict[str, Callable[[Any], dict[str, Any]]] = {
    "required": lambda _: {"rule": "not_null", "name": "required"},
    "unique": lambda _: {"rule": "unique"},
    "minimum": lambda bound: {"rule": "range", "min": bound, "name": "minimum"},
    "maximum": lambda bound: {"rule": "range", "max": bound, "name": "maximum"},
    "exclusiveMinimum": lambda bound: {
        "rule": "range", "min": bound, "exclusive": True, "name": "exclusiveMinimum",
    },
    "exclusiveMaximum": lambda bound: {
        "rule": "range", "max": bound, "exclusive": True, "name": "exclusiveMaximum",
    },
    "minLength": lambda bound: {"rule": "length", "min": bound, "name": "minLength"},
    "maxLength": lambda bound: {"rule": "length", "max": bound, "name": "maxLength"},
    "pattern": lambda pattern: {"rule": "pattern", "pattern": pattern},
    "enum": lambda values: {"rule": "set", "values": values, "name": "enum"},
}  # fmt: skip


def _constraint_rules(name: str, given: Mapping[str, Any]) -> list[dict[str, Any]]:
    wanted = {word: value for word, value in given.items() if value is not False}
    return [{**_CONSTRAINTS[word](value), "column": name} for word, value in wanted.items()]


def _keys(schema: Mapping[str, Any]) -> list[dict[str, Any]]:
    rules: list[dict[str, Any]] = []
    primary = _listed(schema.get("primaryKey", []))
    if primary:
        rules += [{"rule": "not_null", "column": name, "name": "primaryKey"} for name in primary]
        rules.append({"rule": "unique", "columns": primary, "name": "primaryKey"})
    for names in schema.get("uniqueKeys", []):
        rules.append({"rule": "unique", "columns": _listed(names), "name": "uniqueKeys"})
    for key in schema.get("foreignKeys", []):
        reference = key.get("reference", {}) if isinstance(key, dict) else {}
        rules.append(
            {
                "rule": "foreign_key",
                "columns": _listed(key.get("fields")),
                "table": reference.get("resource") or "data",
                "references": _listed(reference.get("fields")),
                "name": "foreignKeys",
            }
        )
    return rules


def _listed(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value or [])
