"""A schema that describes a table as it is."""

from collections.abc import Mapping
from typing import Any

import polars as pl

from dataflowtools.src.drivenadapters.analysis.loading.table import LoadedTable
from dataflowtools.src.drivenadapters.analysis.output.records import kind_name

_MAX_VALUES = 20
_REPEATED = 5
_TABLE_TYPES = {
    "integer": "integer", "number": "number", "text": "string", "boolean": "boolean", "date": "date",
    "datetime": "datetime", "list": "array", "object": "object",
}  # fmt: skip
_JSON_TYPES = {
    "integer": {"type": "integer"}, "number": {"type": "number"}, "text": {"type": "string"},
    "boolean": {"type": "boolean"}, "date": {"type": "string", "format": "date"},
    "datetime": {"type": "string"}, "list": {"type": "array"}, "object": {"type": "object"},
}  # fmt: skip


def infer_schema_of(table: LoadedTable, request: Mapping[str, Any]) -> dict[str, Any]:
    """Describe the table as a Table Schema, a JSON Schema or rules, so that it is valid under it."""
    frame = table.collected()
    facts = [_facts(frame.get_column(name)) for name in frame.columns]
    if request["kind"] == "json_schema":
        return _json_schema(facts)
    if request["kind"] == "rules":
        return {"rules": [rule for fact in facts for rule in _rules(fact)]}
    fields = [_field(fact) for fact in facts]
    keys = [fact["name"] for fact in facts if fact["unique"] and fact["type"] in {"integer", "text"}]
    return {"fields": fields, **({"primaryKey": keys[:1]} if keys else {})}


def _facts(column: pl.Series) -> dict[str, Any]:
    kind, known = kind_name(column.dtype), column.drop_nulls()
    found: dict[str, Any] = {
        "name": column.name,
        "type": kind,
        "required": bool(len(known)) and len(known) == len(column),
    }
    found["unique"] = (
        found["required"]
        and len(known) > 1
        and not column.dtype.is_nested()
        and known.n_unique() == len(known)
    )
    if not len(known):
        return found
    if kind in {"integer", "number"}:
        found |= {"min": known.min(), "max": known.max()}
    if kind in {"date", "datetime"}:
        found |= {"first": str(known.min().isoformat()), "last": str(known.max().isoformat())}  # type: ignore[union-attr]  # moments
    if kind == "text":
        lengths = known.str.len_chars()
        found |= {"shortest": lengths.min(), "longest": lengths.max()}
        values = known.unique()
        if len(values) <= _MAX_VALUES and len(known) >= _REPEATED * len(values):
            found["values"] = values.sort().to_list()
    return found


def _field(fact: Mapping[str, Any]) -> dict[str, Any]:
    constraints: dict[str, Any] = {}
    if fact["required"]:
        constraints["required"] = True
    if fact["unique"]:
        constraints["unique"] = True
    for word, name in (("minimum", "min"), ("maximum", "max"), ("minimum", "first"), ("maximum", "last"),
                       ("minLength", "shortest"), ("maxLength", "longest"), ("enum", "values")):  # fmt: skip
        if name in fact:
            constraints[word] = fact[name]
    kind = _TABLE_TYPES.get(fact["type"], "any")
    return {"name": fact["name"], "type": kind, **({"constraints": constraints} if constraints else {})}


def _json_schema(facts: list[dict[str, Any]]) -> dict[str, Any]:
    properties = {}
    for fact in facts:
        one: dict[str, Any] = dict(_JSON_TYPES.get(fact["type"], {}))
        for word, name in (("minimum", "min"), ("maximum", "max"), ("minLength", "shortest"),
                           ("maxLength", "longest"), ("enum", "values")):  # fmt: skip
            if name in fact:
                one[word] = fact[name]
        if not fact["required"]:
            one |= {"type": [one["type"], "null"]} if "type" in one else {}
            one |= {"enum": [*one["enum"], None]} if "enum" in one else {}
        properties[fact["name"]] = one
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "properties": properties,
        "required": [fact["name"] for fact in facts if fact["required"]],
    }


def _rules(fact: Mapping[str, Any]) -> list[dict[str, Any]]:
    about = {"column": fact["name"]}
    rules: list[dict[str, Any]] = []
    if fact["type"] in {"integer", "number", "text", "boolean", "date", "datetime"}:
        rules.append({"rule": "type", "type": fact["type"], **about})
    if fact["required"]:
        rules.append({"rule": "not_null", **about})
    if fact["unique"]:
        rules.append({"rule": "unique", **about})
    if "min" in fact:
        rules.append({"rule": "range", "min": fact["min"], "max": fact["max"], **about})
    if "first" in fact:
        rules.append({"rule": "range", "min": fact["first"], "max": fact["last"], **about})
    if "values" in fact:
        rules.append({"rule": "set", "values": fact["values"], **about})
    return rules
