"""Rules and schemas against pandas, pandera and a second JSON Schema engine."""

import json
import re

import jsonschema
import pandas as pd
import pandera.pandas as pa
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dataflowtools.src.drivenadapters.analysis.loading.json_table import from_records
from dataflowtools.src.drivenadapters.analysis.loading.table import LoadedTable
from dataflowtools.src.drivenadapters.analysis.validation.check import check_table
from dataflowtools.src.drivenadapters.analysis.validation.infer import infer_schema_of
from dataflowtools.src.errors import DataflowError, InvalidPattern, InvalidTableSchema, UnknownColumn
from dataflowtools.src.logics.data_analysis.limits import AnalysisLimits
from dataflowtools.src.logics.data_analysis.reading import ReadTable
from dataflowtools.tests.unit.data_analysis.tables import as_pandas, frames, plain

CHANCE = settings(max_examples=60, deadline=None, database=None, suppress_health_check=list(HealthCheck))


def check(table, *, rules=(), schema=None, offset=0, limit=10_000, others=None):
    if isinstance(table, pl.DataFrame):
        table = LoadedTable.held(table)
    tables = {"data": table} | {name: LoadedTable.held(one) for name, one in (others or {}).items()}
    request = {"rules": list(rules), "schema": schema, "offset": offset, "limit": limit}
    facts, page = check_table(tables, request)
    return facts, json.loads(page)


def failing(frame, rule, **more):
    facts, errors = check(frame, rules=[rule], **more)
    assert facts["counts"]["errors"] == len(errors)
    assert facts["valid"] == (not errors)
    return [error["row"] - 1 for error in errors]


def places(mask):
    return [place for place, bad in enumerate(plain(mask)) if bad]


@CHANCE
@given(frame=frames("i", "x", "s", "k", "d", "b"))
def test_every_rule_finds_what_pandas_finds(frame):
    table = as_pandas(frame)
    assert failing(frame, {"rule": "not_null", "column": "i"}) == places(table.i.isna())
    assert failing(frame, {"rule": "range", "column": "x", "min": -10, "max": 100}) == places(
        (table.x < -10) | (table.x > 100)
    )
    assert failing(frame, {"rule": "range", "column": "i", "min": 0, "exclusive": True}) == places(
        table.i <= 0
    )
    assert failing(frame, {"rule": "range", "column": "d", "min": "2010-01-01"}) == places(
        table.d < "2010-01-01"
    )
    assert failing(frame, {"rule": "length", "column": "s", "min": 2, "max": 4}) == places(
        (table.s.str.len() < 2) | (table.s.str.len() > 4)
    )
    known = table.k.notna()
    assert failing(frame, {"rule": "set", "column": "k", "values": ["a", "甲"]}) == places(
        known & ~table.k.isin(["a", "甲"])
    )
    assert failing(frame, {"rule": "set", "column": "k", "values": ["a"], "negate": True}) == places(
        table.k.isin(["a"])
    )
    assert failing(frame, {"rule": "set", "column": "i", "values": [1, 2.0, "3"]}) == places(
        table.i.notna() & ~table.i.isin([1, 2])
    )
    assert failing(frame, {"rule": "pattern", "column": "s", "pattern": "[a-c]*"}) == places(
        [v is not None and not re.fullmatch("[a-c]*", v) for v in plain(table.s)]
    )
    assert failing(frame, {"rule": "unique", "column": "k"}) == places(known & table.k.duplicated(keep=False))
    both = table.k.notna() & table.b.notna()
    assert failing(frame, {"rule": "unique", "columns": ["k", "b"]}) == places(
        both & table.duplicated(["k", "b"], keep=False)
    )
    assert failing(frame, {"rule": "expression", "expression": "i > x"}) == places(
        [
            i is not None and x is not None and not i > x
            for i, x in zip(plain(table.i), plain(table.x), strict=True)
        ]
    )
    assert failing(frame, {"rule": "type", "column": "x", "type": "integer"}) == places(
        [v is not None and v != int(v) for v in plain(table.x)]
    )
    assert failing(frame, {"rule": "type", "column": "s", "type": "number"}) == places(
        [v is not None and not re.fullmatch(r"\s*[+-]?\d+\s*", v) for v in plain(table.s)]
    )
    assert failing(frame, {"rule": "type", "column": "i", "type": "text"}) == places(table.i.notna())


@CHANCE
@given(frame=frames("k", "j"), other=frames("k", "j"))
def test_foreign_keys(frame, other):
    table, theirs = as_pandas(frame), as_pandas(other)
    rule = {"rule": "foreign_key", "column": "k", "table": "o"}
    assert failing(frame, rule, others={"o": other}) == places(
        table.k.notna() & ~table.k.isin(theirs.k.dropna())
    )
    rule = {"rule": "foreign_key", "columns": ["k", "j"], "table": "o", "references": ["k", "j"]}
    pairs = {pair for pair in zip(plain(theirs.k), plain(theirs.j), strict=True) if None not in pair}
    wanted = [
        None not in pair and pair not in pairs for pair in zip(plain(table.k), plain(table.j), strict=True)
    ]
    assert failing(frame, rule, others={"o": other}) == places(wanted)


@CHANCE
@given(frame=frames("i", "k", min_rows=1))
def test_pandera_finds_the_same(frame):
    columns = {
        "i": pa.Column("Int64", [pa.Check.in_range(-100, 100)], nullable=True),
        "k": pa.Column(object, [pa.Check.isin(["a", "b"])], nullable=False),
    }
    table = pd.DataFrame(
        {
            "i": pd.Series(frame["i"].to_list(), dtype="Int64"),
            "k": pd.Series(frame["k"].to_list(), dtype=object),
        }
    )
    found = set()
    try:
        pa.DataFrameSchema(columns).validate(table, lazy=True)
    except pa.errors.SchemaErrors as error:
        cases = error.failure_cases
        found = {
            (int(row), column)
            for row, column in zip(cases["index"], cases["column"], strict=True)
            if pd.notna(row)
        }
    rules = [
        {"rule": "range", "column": "i", "min": -100, "max": 100},
        {"rule": "set", "column": "k", "values": ["a", "b"]},
        {"rule": "not_null", "column": "k"},
    ]
    _, errors = check(frame, rules=rules)
    assert {(error["row"] - 1, error["column"]) for error in errors} == found


_SCHEMA = {
    "type": "object",
    "properties": {
        "n": {"type": "integer", "minimum": 0, "maximum": 10, "multipleOf": 2},
        "s": {"type": ["string", "null"], "minLength": 1, "maxLength": 3, "pattern": "^[a-c]*$"},
        "e": {"enum": ["x", 1, None]},
        "o": {"type": "object", "properties": {"deep": {"type": "boolean"}}, "required": ["deep"]},
        "l": {"type": "array", "items": {"type": "number"}, "maxItems": 2, "uniqueItems": True},
    },
    "required": ["n"],
    "additionalProperties": False,
}  # fmt: skip
_JSON = (
    st.none()
    | st.booleans()
    | st.integers(-3, 12)
    | st.floats(-2, 12).map(lambda v: round(v, 1))
    | st.text("abcd", max_size=4)
)
_RECORD = st.fixed_dictionaries(
    {},
    optional={
        "n": _JSON, "s": _JSON, "e": st.sampled_from(["x", 1, None, "y"]), "z": _JSON,
        "o": st.fixed_dictionaries({}, optional={"deep": _JSON}), "l": st.lists(_JSON, max_size=3),
    },
)  # fmt: skip


@CHANCE
@given(records=st.lists(_RECORD, max_size=8))
def test_a_second_json_schema_engine_finds_the_same(records):
    table = from_records(records, ReadTable(), AnalysisLimits())
    _, errors = check(table, schema=_SCHEMA)
    second = jsonschema.Draft202012Validator(_SCHEMA)
    wanted = sorted(
        (row, error.validator)
        for row, record in enumerate(records, 1)
        for error in second.iter_errors(record)
    )
    assert sorted((error["row"], error["rule"]) for error in errors) == wanted


def test_json_schema_names_the_column_and_the_value():
    table = from_records([{"n": 3, "o": {"deep": "x"}}, {"s": "a"}], ReadTable(), AnalysisLimits())
    _, errors = check(table, schema=_SCHEMA)
    seen = {(error["row"], error["column"], error["rule"], json.dumps(error["value"])) for error in errors}
    assert seen == {(1, "n", "multipleOf", "3"), (1, "o", "type", '"x"'), (2, "n", "required", "null")}


def test_a_missing_cell_of_a_file_is_a_property_that_is_not_there():
    frame = pl.DataFrame({"n": [2, None], "d": ["2024-01-01", None]}).with_columns(pl.col("d").str.to_date())
    schema = {
        "properties": {"n": {"type": "integer"}, "d": {"type": "string", "format": "date"}},
        "required": ["n"],
    }
    _, errors = check(frame, schema=schema)
    assert [(error["row"], error["column"], error["rule"]) for error in errors] == [(2, "n", "required")]


@pytest.mark.parametrize(
    "schema",
    [
        {"$ref": "http://127.0.0.1:9/schema.json"},
        {"$ref": "file:///etc/passwd"},
        {"type": "nonsense"},
        {"properties": {"a": {"pattern": "("}}},
        {"properties": {"a": {"pattern": "(?=x)"}}},
        {"fields": [{"type": "string"}]},
        {"fields": [{"name": "a", "type": "blob"}]},
        {"fields": [{"name": "a", "constraints": {"maximal": 3}}]},
        {"fields": "a"},
    ],
)
def test_a_schema_that_is_none_is_refused_and_nothing_is_fetched(schema):
    with pytest.raises(InvalidTableSchema):
        check(pl.DataFrame({"a": ["x"]}), schema=schema)


def test_a_table_schema_is_checked_field_by_field():
    frame = pl.DataFrame(
        {"id": ["1", "2", "2", "x"], "mail": ["a@b.c", "no", None, "d@e.f"], "qty": [1, 20, 3, None]}
    )
    schema = {
        "fields": [
            {"name": "id", "type": "integer", "constraints": {"unique": True}},
            {
                "name": "mail",
                "type": "string",
                "format": "email",
                "constraints": {"required": True, "maxLength": 4},
            },
            {
                "name": "qty",
                "type": "number",
                "constraints": {"minimum": 2, "maximum": 10, "enum": [1, 3, 20]},
            },
            {"name": "gone", "type": "string"},
        ],
        "primaryKey": "id",
        "foreignKeys": [{"fields": "qty", "reference": {"resource": "sizes", "fields": "size"}}],
    }
    facts, errors = check(frame, schema=schema, others={"sizes": pl.DataFrame({"size": [1, 3]})})
    seen = sorted(
        (error["row"] or 0, error["column"], error["rule"], str(error["value"])) for error in errors
    )
    assert seen == sorted([
        (4, "id", "type", "x"), (2, "id", "unique", "2"), (3, "id", "unique", "2"), (2, "id", "primaryKey", "2"), (3, "id", "primaryKey", "2"),
        (2, "mail", "format", "no"), (3, "mail", "required", "None"), (1, "mail", "maxLength", "a@b.c"), (4, "mail", "maxLength", "d@e.f"),
        (1, "qty", "minimum", "1"), (2, "qty", "maximum", "20"), (0, "gone", "missing_column", "None"), (2, "qty", "foreignKeys", "20"),
    ])  # fmt: skip
    assert facts["counts"]["by_rule"]["enum"] == 0
    assert facts["counts"]["failed_rows"] == 4


@CHANCE
@given(frame=frames("i", "k", "x", max_rows=20), limit=st.integers(1, 7))
def test_pages_together_are_all_errors_in_order(frame, limit):
    rules = [
        {"rule": "not_null", "column": "i"}, {"rule": "range", "column": "x", "max": 0},
        {"rule": "unique", "column": "k", "name": "keys"}, {"rule": "set", "column": "k", "values": ["a"]},
    ]  # fmt: skip
    whole, everything = check(frame, rules=rules)
    gathered, offset = [], 0
    while offset is not None:
        facts, page = check(frame, rules=rules, offset=offset, limit=limit)
        assert facts["counts"] == whole["counts"]
        assert len(page) <= limit
        gathered += page
        offset = facts["next_offset"]
    assert gathered == everything
    assert len(everything) == whole["counts"]["errors"] == sum(whole["counts"]["by_rule"].values())
    assert whole["counts"]["failed_rows"] == len({error["row"] for error in everything})


@CHANCE
@given(frame=frames(min_rows=1))
def test_a_table_is_valid_under_what_is_inferred_from_it(frame):
    table = LoadedTable.held(frame)
    rules = infer_schema_of(table, {"kind": "rules"})["rules"]
    if rules:
        assert check(frame, rules=rules)[0]["valid"]
    for kind in ("table_schema", "json_schema"):
        facts, errors = check(frame, schema=infer_schema_of(table, {"kind": kind}))
        assert facts["valid"], (kind, errors)


@pytest.mark.parametrize(
    ("rule", "error"),
    [
        ({"rule": "not_null", "column": "nope"}, UnknownColumn),
        ({"rule": "pattern", "column": "s", "pattern": "(?=a)"}, InvalidPattern),
        ({"rule": "range", "column": "i"}, InvalidTableSchema),
        ({"rule": "range", "column": "i", "min": "soon"}, InvalidTableSchema),
        ({"rule": "unique"}, InvalidTableSchema),
        ({"rule": "foreign_key", "column": "i", "table": "nope"}, InvalidTableSchema),
        ({"rule": "expression", "expression": "@os"}, DataflowError),
        ({"rule": "expression", "expression": "i + 1"}, DataflowError),
    ],
)
def test_a_rule_that_makes_no_sense_names_its_place(rule, error):
    with pytest.raises(error) as caught:
        check(pl.DataFrame({"i": [1], "s": ["a"]}), rules=[{"rule": "not_null", "column": "i"}, rule])
    assert caught.value.field == "/rules/1"


def test_messages_name_the_bounds_as_they_were_given():
    frame = pl.DataFrame({"n": [1, 9], "d": ["2024-01-01", "2024-03-01"]})
    rules = [
        {"rule": "range", "column": "n", "min": 2, "max": 5.5},
        {"rule": "range", "column": "n", "max": 9, "exclusive": True},
        {"rule": "range", "column": "d", "min": "2024-02-01"},
    ]
    _, errors = check(frame, rules=rules)
    assert [error["message"] for error in errors] == [
        "below 2 or above 5.5", "below 2 or above 5.5", "not below 9", "below 2024-02-01",
    ]  # fmt: skip


def test_a_pattern_is_refused_with_the_reason_alone():
    with pytest.raises(InvalidPattern) as caught:
        check(pl.DataFrame({"s": ["x"]}), rules=[{"rule": "pattern", "column": "s", "pattern": "(?=x)"}])
    assert caught.value.message.endswith(
        "engine: look-around, including look-ahead and look-behind, is not supported"
    )
