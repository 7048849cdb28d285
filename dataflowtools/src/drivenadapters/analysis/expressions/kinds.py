"""The kinds of values that expressions know, and a compiled part of an expression."""

from dataclasses import dataclass
from enum import Enum
from typing import Any

import polars as pl


class Kind(Enum):
    """What a value is, as far as operators and functions care."""

    INTEGER = "integer"
    FLOAT = "number"
    TEXT = "text"
    BOOLEAN = "boolean"
    DATE = "date"
    DATETIME = "datetime"
    DURATION = "duration"
    LIST = "list"
    NULL = "null"
    OTHER = "other"


NUMBERS = frozenset({Kind.INTEGER, Kind.FLOAT, Kind.NULL})
MOMENTS = frozenset({Kind.DATE, Kind.DATETIME, Kind.NULL})
DTYPES: dict[Kind, Any] = {
    Kind.INTEGER: pl.Int64,
    Kind.FLOAT: pl.Float64,
    Kind.TEXT: pl.String,
    Kind.BOOLEAN: pl.Boolean,
    Kind.DATE: pl.Date,
    Kind.DATETIME: pl.Datetime("us"),
}


@dataclass(frozen=True, slots=True)
class Typed:
    """A compiled part: the Polars expression, its kind, where it stood, and its value if it is a literal."""

    expr: pl.Expr
    kind: Kind
    position: int
    literal: Any = None
    is_literal: bool = False


def kind_of(dtype: pl.DataType) -> Kind:
    """Tell the kind of a column."""
    if dtype.is_integer():
        return Kind.INTEGER
    if dtype.is_float() or dtype.is_decimal():
        return Kind.FLOAT
    if isinstance(dtype, pl.List):
        return Kind.LIST
    simple = {
        pl.String: Kind.TEXT,
        pl.Categorical: Kind.TEXT,
        pl.Enum: Kind.TEXT,
        pl.Boolean: Kind.BOOLEAN,
        pl.Date: Kind.DATE,
        pl.Datetime: Kind.DATETIME,
        pl.Duration: Kind.DURATION,
        pl.Null: Kind.NULL,
    }
    return simple.get(dtype.base_type(), Kind.OTHER)


def common_kind(kinds: list[Kind]) -> Kind | None:
    """Find the kind that all can become; None when there is none."""
    known = {kind for kind in kinds if kind is not Kind.NULL}
    if not known:
        return Kind.NULL
    if len(known) == 1:
        return known.pop()
    if known == {Kind.INTEGER, Kind.FLOAT}:
        return Kind.FLOAT
    if known == {Kind.DATE, Kind.DATETIME}:
        return Kind.DATETIME
    return None
