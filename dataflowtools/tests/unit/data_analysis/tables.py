"""Tables by chance, for Polars and for pandas, and how results are compared."""

import datetime as dt
import math
from typing import Any

import pandas as pd
import polars as pl
from hypothesis import strategies as st

SCHEMA = {
    "i": pl.Int64, "j": pl.Int64, "x": pl.Float64, "y": pl.Float64, "s": pl.String, "k": pl.String, "b": pl.Boolean,
    "d": pl.Date, "t": pl.Datetime("us"),
}  # fmt: skip
PANDAS = {
    "i": "Int64", "j": "Int64", "x": "Float64", "y": "Float64", "s": "string", "k": "string", "b": "boolean",
    "d": "datetime64[ns]", "t": "datetime64[ns]",
}  # fmt: skip
_NUMBERS = st.floats(-1e6, 1e6, allow_nan=False).map(lambda value: round(value, 3))
_VALUES = {
    "i": st.integers(-1000, 1000),
    "j": st.integers(-5, 5),
    "x": _NUMBERS,
    "y": st.sampled_from([-2.5, -1.0, 0.0, 0.5, 1.0, 3.25, 100.0]),
    "s": st.text(alphabet="abC 1,-中é", max_size=8),
    "k": st.sampled_from(["a", "b", "甲", "乙", "a b"]),
    "b": st.booleans(),
    "d": st.dates(dt.date(1990, 1, 1), dt.date(2035, 12, 31)),
    "t": st.datetimes(dt.datetime(1990, 1, 1), dt.datetime(2035, 12, 31)).map(
        lambda moment: moment.replace(microsecond=0)
    ),
}


def frames(
    *columns: str, min_rows: int = 0, max_rows: int = 12, missing: bool = True
) -> st.SearchStrategy[pl.DataFrame]:
    """Frames of these columns."""
    names = columns or tuple(SCHEMA)
    row = st.fixed_dictionaries(
        {name: st.none() | _VALUES[name] if missing else _VALUES[name] for name in names}
    )
    return st.lists(row, min_size=min_rows, max_size=max_rows).map(
        lambda rows: pl.DataFrame(rows, schema={name: SCHEMA[name] for name in names}, orient="row")
    )


def as_pandas(frame: pl.DataFrame) -> pd.DataFrame:
    """Make the same frame for pandas, with its nullable types."""
    return pd.DataFrame(
        {name: pd.Series(frame[name].to_list(), dtype=PANDAS.get(name, "object")) for name in frame.columns}
    )


def plain(values: Any) -> list[Any]:
    """Bring values of either library to Python's own."""
    found = values.to_list() if hasattr(values, "to_list") else list(values)
    return [_plain(value) for value in found]


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return [_plain(one) for one in value]
    if value is None or value is pd.NaT or value is pd.NA:
        return None
    if isinstance(value, pd.Timestamp):
        value = value.to_pydatetime()
    if isinstance(value, dt.datetime):
        return value.isoformat()
    if isinstance(value, dt.date):
        return dt.datetime(value.year, value.month, value.day).isoformat()
    if hasattr(value, "item"):
        value = value.item()
    return None if isinstance(value, float) and not math.isfinite(value) else value


def same(one: Any, other: Any) -> bool:
    """Hold when two lists of values are the same, numbers to nine digits."""
    left, right = plain(one), plain(other)
    return len(left) == len(right) and all(_same(a, b) for a, b in zip(left, right, strict=True))


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, list) and isinstance(other, list):
        return same(one, other)
    if (
        isinstance(one, bool)
        or isinstance(other, bool)
        or not isinstance(one, (int, float))
        or not isinstance(other, (int, float))
    ):
        return bool(one == other) and (one is None) == (other is None)
    return math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-7)


def assert_frames(found: pl.DataFrame, wanted: pd.DataFrame, *, ordered: bool = True) -> None:
    """Fail unless both have the same columns and the same rows, in the same order if that counts."""
    assert found.columns == [str(name) for name in wanted.columns]
    if ordered:
        for name, column in zip(found.columns, wanted.columns, strict=True):
            assert same(found[name], wanted[column]), (name, plain(found[name]), plain(wanted[column]))
        return
    left = sorted((plain(row) for row in found.rows()), key=repr)
    right = sorted((plain(row) for row in wanted.itertuples(index=False, name=None)), key=repr)
    assert len(left) == len(right), (left, right)
    assert all(same(a, b) for a, b in zip(left, right, strict=True)), (left, right)


def codes(table: Any) -> list[str]:
    """List the codes of a table's warnings."""
    return [warning["code"] for warning in table.warnings]
