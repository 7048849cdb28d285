"""Casts between the types of the service; what does not fit is null."""

from collections.abc import Sequence
from datetime import date, datetime

import polars as pl

from dataflowtools.src.errors import InvalidStep

Plain = str | int | float | bool | None
_TRUE, _FALSE = ["true", "yes", "y", "1", "是"], ["false", "no", "n", "0", "否"]
_DATES = ("%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%Y%m%d", "%Y年%m月%d日")
_TIMES = ("", "T%H:%M:%S%.f", " %H:%M:%S%.f", "T%H:%M", " %H:%M")


def usual_formats(*, day_first: bool) -> list[str]:
    """List the forms of dates that are tried one after another."""
    short = (
        ("%d/%m/%Y", "%d.%m.%Y", "%d-%m-%Y", "%m/%d/%Y")
        if day_first
        else ("%m/%d/%Y", "%m-%d-%Y", "%d/%m/%Y")
    )
    rest = () if day_first else ("%d.%m.%Y", "%d-%m-%Y")
    return [*_DATES, *short, *rest, "%d %b %Y", "%d %B %Y", "%b %d, %Y", "%B %d, %Y"]


def parse_moments(text: pl.Expr, formats: Sequence[str]) -> pl.Expr:
    """Read texts as moments by the first format that fits."""
    trimmed = text.str.strip_chars()
    tries = [_one(trimmed, pattern) for pattern in formats]
    return pl.coalesce(tries)


def _one(text: pl.Expr, pattern: str) -> pl.Expr:
    if "%z" in pattern or "%#z" in pattern or "%:z" in pattern:
        found = text.str.to_datetime(pattern, strict=False, time_unit="us", time_zone="UTC")
        return found.dt.replace_time_zone(None)
    if any(mark in pattern for mark in ("%H", "%I", "%M", "%S", "%T", "%R", "%s", "%c", "%f")):
        return text.str.to_datetime(pattern, strict=False, time_unit="us")
    return text.str.to_date(pattern, strict=False).cast(pl.Datetime("us"))


def with_times(formats: Sequence[str]) -> list[str]:
    """Add times of the day to forms of dates."""
    return [day + time for day in formats for time in _TIMES]


def cast_to(column: pl.Expr, dtype: pl.DataType, kind: str) -> pl.Expr:
    """Cast a column of this type to a kind by name."""
    if kind == "text":
        return (
            column.list.eval(pl.element().cast(pl.String)).list.join(",")
            if dtype == pl.List
            else column.cast(pl.String)
        )
    if dtype == pl.List:
        raise InvalidStep("Lists become only texts; explode them first.")
    if dtype == pl.String:
        return _from_text(column, kind)
    if kind in {"integer", "number"}:
        if dtype.is_temporal():
            raise InvalidStep("A date is no number; use date_diff in an expression.")
        return (
            _number(column.cast(pl.Float64), kind)
            if not (dtype.is_integer() and kind == "integer")
            else column
        )
    if kind == "boolean":
        return column.cast(pl.Float64) != 0 if dtype != pl.Boolean else column
    if not dtype.is_temporal() and dtype != pl.Null:
        raise InvalidStep("A number is no date; write it as text and use parse_dates.")
    return column.cast(pl.Date if kind == "date" else pl.Datetime("us"))


def _from_text(column: pl.Expr, kind: str) -> pl.Expr:
    text = column.str.strip_chars()
    if kind == "number":
        return _number(text.cast(pl.Float64, strict=False), kind)
    if kind == "integer":
        exact = text.cast(pl.Int64, strict=False)
        return pl.coalesce(exact, _number(text.cast(pl.Float64, strict=False), kind))
    if kind == "boolean":
        word = text.str.to_lowercase()
        yes = pl.when(word.is_in(_TRUE)).then(pl.lit(value=True))
        return yes.when(word.is_in(_FALSE)).then(pl.lit(value=False)).otherwise(None)
    moment = parse_moments(column, with_times(_DATES[:1]))
    return moment.dt.date() if kind == "date" else moment


def _number(number: pl.Expr, kind: str) -> pl.Expr:
    finite = pl.when(number.is_finite()).then(number)
    if kind == "number":
        return finite
    return pl.when(finite == finite.truncate()).then(finite).cast(pl.Int64, strict=False)


def literal_of(value: Plain, dtype: pl.DataType, name: str) -> pl.Expr:
    """Make a value one of a column's type; InvalidStep when it is none."""
    if isinstance(value, bool) and dtype == pl.Boolean:
        return pl.lit(value)
    if isinstance(value, (int, float)) and not isinstance(value, bool) and dtype.is_numeric():
        whole = dtype.is_integer() and float(value).is_integer()
        return pl.lit(int(value) if whole else float(value), dtype=pl.Int64 if whole else pl.Float64)
    if isinstance(value, str) and dtype in (pl.String, pl.Null):
        return pl.lit(value)
    if isinstance(value, str) and dtype.is_temporal():
        return pl.lit(_moment(value, dtype, name))
    raise InvalidStep(f"{value!r:.60} is no value of the column {name[:60]!r}, which holds {dtype}.")


def _moment(text: str, dtype: pl.DataType, name: str) -> date | datetime:
    try:
        found = datetime.fromisoformat(text).replace(tzinfo=None)
    except ValueError:
        raise InvalidStep(f"{text[:40]!r} is no date for the column {name[:60]!r}.") from None
    return found.date() if dtype == pl.Date else found
