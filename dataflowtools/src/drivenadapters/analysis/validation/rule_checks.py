"""Rules compiled to vectorised checks."""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any

import polars as pl

from dataflowtools.src.drivenadapters.analysis.expressions.compile import compile_condition
from dataflowtools.src.drivenadapters.analysis.expressions.patterns import checked_pattern
from dataflowtools.src.drivenadapters.analysis.loading.table import LoadedTable
from dataflowtools.src.drivenadapters.analysis.steps.casts import cast_to
from dataflowtools.src.drivenadapters.analysis.steps.context import check_columns
from dataflowtools.src.drivenadapters.analysis.validation.failures import Check
from dataflowtools.src.errors import InvalidTableSchema
from dataflowtools.src.logics.data_analysis import rules as ask

_FOUND = "\0found"
_EXACT = 1 << 53


class Compiler:
    """Makes checks of rules for one table."""

    def __init__(self, schema: Mapping[str, pl.DataType], others: Mapping[str, LoadedTable]) -> None:
        self._schema = schema
        self._others = others
        self._by_rule: dict[str, Callable[[Any], Check]] = {
            "type": self._type,
            "not_null": self._not_null,
            "required": self._not_null,
            "range": self._range,
            "length": self._length,
            "set": self._set,
            "pattern": self._pattern,
            "unique": self._unique,
            "foreign_key": self._foreign_key,
            "expression": self._expression,
            "cross_column": self._expression,
        }

    def check_of(self, rule: Any) -> Check:
        """Compile a rule; raises UnknownColumn, InvalidPattern, InvalidExpression or InvalidTableSchema."""
        check = self._by_rule[rule.rule](rule)
        check.rule = rule.name or rule.rule
        return check

    def _column(self, name: str) -> tuple[pl.Expr, pl.DataType]:
        check_columns([name], self._schema)
        return pl.col(name), self._schema[name]

    def _type(self, rule: ask.TypeRule) -> Check:
        column, dtype = self._column(rule.column)
        failed = type_failure(column, dtype, rule.type)
        return Check("type", failed, rule.column, column, f"no {rule.type}")

    def _not_null(self, rule: ask.NotNullRule) -> Check:
        column, _ = self._column(rule.column)
        return Check("not_null", column.is_null(), rule.column, pl.lit(None, dtype=pl.String), "missing")

    def _range(self, rule: ask.RangeRule) -> Check:
        column, dtype = self._column(rule.column)
        if rule.min is None and rule.max is None:
            raise InvalidTableSchema("A range wants min, max, or both.")
        value, low, high = _comparable(column, dtype, rule)
        bounds = []
        if low is not None:
            bounds.append(value <= low if rule.exclusive else value < low)
        if high is not None:
            bounds.append(value >= high if rule.exclusive else value > high)
        unreadable = column.is_not_null() & value.is_null()
        failed = pl.any_horizontal([*(bound.fill_null(value=False) for bound in bounds), unreadable])
        return Check("range", failed, rule.column, column, _range_text(rule))

    def _length(self, rule: ask.LengthRule) -> Check:
        column, dtype = self._column(rule.column)
        length = column.list.len() if isinstance(dtype, pl.List) else column.cast(pl.String).str.len_chars()
        low, high = rule.min or 0, rule.max if rule.max is not None else (1 << 31)
        return Check(
            "length", ~length.is_between(low, high), rule.column, column, f"length outside {low} to {high}"
        )

    def _set(self, rule: ask.SetRule) -> Check:
        column, dtype = self._column(rule.column)
        known = _member(column, dtype, rule.values)
        failed = column.is_not_null() & (known if rule.negate else ~known)
        return Check("set", failed, rule.column, column, "a value that is not allowed")

    def _pattern(self, rule: ask.PatternRule) -> Check:
        column, _ = self._column(rule.column)
        checked_pattern(rule.pattern)
        whole = f"^(?:{rule.pattern})$"
        failed = ~column.cast(pl.String).str.contains(whole)
        return Check("pattern", failed, rule.column, column, f"does not match {rule.pattern[:100]}")

    def _unique(self, rule: ask.UniqueRule) -> Check:
        names = _names(rule)
        check_columns(names, self._schema)
        known = pl.all_horizontal([pl.col(name).is_not_null() for name in names])
        key = pl.col(names[0]) if len(names) == 1 else pl.struct(names)
        failed = known & key.is_duplicated()
        if len(names) == 1:
            return Check("unique", failed, names[0], pl.col(names[0]), "comes more than once")
        return Check("unique", failed, ",".join(names), key, "come together more than once")

    def _foreign_key(self, rule: ask.ForeignKeyRule) -> Check:
        names = _names(rule)
        check_columns(names, self._schema)
        other = self._others.get(rule.table)
        if other is None:
            raise InvalidTableSchema(f"There is no table {rule.table!r}; give it in tables.")
        theirs = rule.references or names
        check_columns(theirs, other.schema)
        if len(theirs) != len(names):
            raise InvalidTableSchema("A foreign key and what it references have the same number of columns.")
        keys = other.lazy.select([pl.col(name).cast(pl.String) for name in theirs]).drop_nulls().unique()
        held = keys.collect(engine="streaming")
        known = pl.all_horizontal([pl.col(name).is_not_null() for name in names])
        ours = [pl.col(name).cast(pl.String) for name in names]
        if len(names) == 1:
            failed = known & ~ours[0].is_in(held.to_series().implode())
            return Check("foreign_key", failed, names[0], pl.col(names[0]), f"not found in {rule.table}")
        parts = [text.str.replace_all("\x1f", "\x1f\x1f", literal=True) for text in ours]
        texts = held.select(
            pl.concat_str(
                [pl.col(name).str.replace_all("\x1f", "\x1f\x1f", literal=True) for name in theirs],
                separator="\x1f|",
            )
        ).to_series()
        failed = known & ~pl.concat_str(parts, separator="\x1f|").is_in(texts.implode())
        return Check("foreign_key", failed, ",".join(names), pl.struct(names), f"not found in {rule.table}")

    def _expression(self, rule: ask.ExpressionRule) -> Check:
        compiled = compile_condition(rule.expression, self._schema)
        if rule.column is not None:
            check_columns([rule.column], self._schema)
        used = sorted(compiled.columns)
        column = rule.column or (used[0] if len(used) == 1 else None)
        value = pl.col(column) if column else pl.struct(used) if used else pl.lit(None, dtype=pl.String)
        failed = ~compiled.expr.cast(pl.Boolean)
        return Check(
            "expression", failed, column or ",".join(used) or None, value, f"not {rule.expression[:200]}"
        )


def _names(rule: Any) -> list[str]:
    names = rule.columns or ([rule.column] if rule.column else [])
    if not names:
        raise InvalidTableSchema(f"The rule {rule.rule} wants column or columns.")
    return list(names)


def _range_text(rule: ask.RangeRule) -> str:
    low, high = (_said(bound) for bound in (rule.min, rule.max))
    if rule.exclusive:
        parts = [f"not above {low}" if low else "", f"not below {high}" if high else ""]
    else:
        parts = [f"below {low}" if low else "", f"above {high}" if high else ""]
    return " or ".join(part for part in parts if part)


def _said(bound: float | str | None) -> str:
    if bound is None:
        return ""
    whole = isinstance(bound, float) and bound.is_integer() and abs(bound) < _EXACT
    return str(int(bound)) if whole else str(bound)


def type_failure(column: pl.Expr, dtype: pl.DataType, kind: str) -> pl.Expr:
    """Tell which values are not of a type, nor texts that can be read as one."""
    never = pl.lit(value=False)
    if kind == "text":
        return never if dtype == pl.String else column.is_not_null()
    if dtype == pl.String:
        return column.is_not_null() & cast_to(column, dtype, kind).is_null()
    if kind == "integer" and dtype.is_float():
        return column != column.truncate()
    if kind == "date" and isinstance(dtype, pl.Datetime):
        return column != column.dt.truncate("1d")
    return never if _FITS[kind](dtype) else column.is_not_null()


_FITS: dict[str, Callable[[pl.DataType], bool]] = {
    "number": lambda dtype: dtype.is_numeric(),
    "integer": lambda dtype: dtype.is_integer(),
    "boolean": lambda dtype: dtype == pl.Boolean,
    "datetime": lambda dtype: dtype in (pl.Date, pl.Datetime("us")),
    "date": lambda dtype: dtype == pl.Date,
}


def _comparable(column: pl.Expr, dtype: pl.DataType, rule: ask.RangeRule) -> tuple[pl.Expr, Any, Any]:
    """Bring a column and its bounds to one kind: dates when a bound is written as one, else numbers."""
    if any(isinstance(bound, str) for bound in (rule.min, rule.max)):
        moments = column if dtype.is_temporal() else cast_to(column.cast(pl.String), pl.String(), "datetime")
        return moments.cast(pl.Datetime("us")), _moment(rule.min), _moment(rule.max)
    if dtype.is_temporal():
        raise InvalidTableSchema(f"The bounds of the dates in {rule.column[:60]!r} are written as texts.")
    return cast_to(column, dtype, "number"), rule.min, rule.max


def _moment(bound: Any) -> datetime | None:
    if bound is None:
        return None
    try:
        return datetime.fromisoformat(str(bound)).replace(tzinfo=None)
    except ValueError:
        raise InvalidTableSchema(f"The bound {str(bound)[:40]!r} is no date like 2024-12-31.") from None


def _member(column: pl.Expr, dtype: pl.DataType, values: list[Any]) -> pl.Expr:
    """Tell which values are in a list, numbers as numbers and the rest as texts."""
    if dtype.is_numeric():
        numbers = [
            float(value)
            for value in values
            if isinstance(value, (int, float)) and not isinstance(value, bool)
        ]
        return column.cast(pl.Float64).is_in(pl.Series(numbers, dtype=pl.Float64).implode())
    if dtype == pl.Boolean:
        return column.is_in(
            pl.Series([value for value in values if isinstance(value, bool)], dtype=pl.Boolean).implode()
        )
    texts = [_text(value) for value in values if value is not None]
    return column.cast(pl.String).is_in(pl.Series(texts, dtype=pl.String).implode())


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value.isoformat() if isinstance(value, (date, datetime)) else str(value)
