"""Tables as JSON: records that any program reads, numbers exact, dates in ISO 8601."""

import json
from collections.abc import Callable, Mapping
from typing import Any

import polars as pl

_KINDS = {
    pl.String: "text",
    pl.Boolean: "boolean",
    pl.Date: "date",
    pl.Datetime: "datetime",
    pl.List: "list",
    pl.Struct: "object",
    pl.Duration: "duration",
    pl.Null: "empty",
}


def kind_name(dtype: pl.DataType) -> str:
    """Name a column's type as replies do."""
    if dtype.is_integer():
        return "integer"
    return "number" if dtype.is_numeric() else _KINDS.get(dtype.base_type(), "other")


def describe_columns(schema: Mapping[str, pl.DataType]) -> list[dict[str, str]]:
    """List the columns and their types."""
    return [{"name": name, "type": kind_name(dtype)} for name, dtype in schema.items()]


def json_bytes(frame: pl.DataFrame) -> bytes:
    """Write the rows as a JSON array."""
    if not frame.width:
        return b"[" + b",".join([b"{}"] * frame.height) + b"]"
    return plain(frame).write_json().encode()


def records_of(frame: pl.DataFrame) -> list[dict[str, Any]]:
    """Give the rows as JSON values."""
    found: list[dict[str, Any]] = json.loads(json_bytes(frame))
    return found


def plain(frame: pl.DataFrame) -> pl.DataFrame:
    """Bring every value to what JSON knows: no NaN, dates as texts."""
    return frame.with_columns([_written(name, dtype) for name, dtype in frame.schema.items()])


def _written(name: str, dtype: pl.DataType) -> pl.Expr:
    column = pl.col(name)
    if dtype.is_float():
        return pl.when(column.is_finite()).then(column).alias(name)
    if isinstance(dtype, pl.List):
        plain_items = not (dtype.inner.is_float() or dtype.inner.is_temporal())
        return column if plain_items else column.list.eval(_element(dtype.inner))
    return _TEXTS[dtype.base_type()](column) if dtype.base_type() in _TEXTS else column


_TEXTS: dict[type[pl.DataType], Callable[[pl.Expr], pl.Expr]] = {
    pl.Date: lambda column: column.dt.strftime("%Y-%m-%d"),
    pl.Datetime: lambda column: column.dt.strftime("%Y-%m-%dT%H:%M:%S%.6f").str.strip_suffix(".000000"),
    pl.Duration: lambda column: column.dt.total_microseconds() / 1_000_000,
    pl.Int128: lambda column: column.cast(pl.String),
    pl.Categorical: lambda column: column.cast(pl.String),
    pl.Enum: lambda column: column.cast(pl.String),
    pl.Time: lambda column: column.cast(pl.String),
}


def _element(dtype: Any) -> pl.Expr:
    element = pl.element()
    if dtype.is_float():
        return pl.when(element.is_finite()).then(element)
    return element.cast(pl.String)
