"""Functions on dates and times; patterns of dates are those of strftime."""

from collections.abc import Callable

import polars as pl

from dataflowtools.src.drivenadapters.analysis.expressions.signature import Function

_STAMP = pl.Datetime("us")
UNITS = {
    "year": "y", "quarter": "q", "month": "mo", "week": "w", "day": "d", "hour": "h", "minute": "m",
    "second": "s",
}  # fmt: skip
_SECONDS = {"week": 604_800, "day": 86_400, "hour": 3_600, "minute": 60, "second": 1}


def _unit(unit: str) -> str:
    if unit not in UNITS:
        raise ValueError(f"the unit is one of {', '.join(UNITS)}")
    return UNITS[unit]


def _pattern(pattern: str) -> str:
    if not 1 <= len(pattern) <= 100:  # noqa: PLR2004  # no real pattern is longer
        raise ValueError("the pattern of a date has 1 to 100 characters")
    return pattern


def _date(year: pl.Expr, month: pl.Expr, day: pl.Expr) -> pl.Expr:
    parts = [year, month, day]
    text = pl.concat_str(
        [part.cast(pl.String).str.zfill(width) for part, width in zip(parts, (4, 2, 2), strict=True)],
        separator="-",
    )
    return text.str.to_date("%Y-%m-%d", strict=False)


def _parse_date(text: pl.Expr, pattern: str = "%Y-%m-%d") -> pl.Expr:
    return text.str.strip_chars().str.to_date(_pattern(pattern), strict=False)


def _parse_datetime(text: pl.Expr, pattern: str = "%Y-%m-%dT%H:%M:%S") -> pl.Expr:
    return text.str.strip_chars().str.to_datetime(_pattern(pattern), strict=False, time_unit="us")


def _format(moment: pl.Expr, pattern: str) -> pl.Expr:
    return moment.dt.strftime(_pattern(pattern))


def _part(read: Callable[[pl.Expr], pl.Expr]) -> Callable[[pl.Expr], pl.Expr]:
    return lambda moment: read(moment).cast(pl.Int64)


def _add(moment: pl.Expr, count: pl.Expr, unit: str) -> pl.Expr:
    text = pl.concat_str([count.cast(pl.String), pl.lit(_unit(unit))])
    return moment.dt.offset_by(text)


def _difference(later: pl.Expr, earlier: pl.Expr, unit: str) -> pl.Expr:
    """Whole units from the earlier to the later; months and years count by the calendar."""
    _unit(unit)
    if unit in _SECONDS:
        micros = (later - earlier).dt.total_microseconds()
        size = _SECONDS[unit] * 1_000_000
        return pl.when(micros < 0).then(-((-micros) // size)).otherwise(micros // size)
    months = (later.dt.year().cast(pl.Int64) - earlier.dt.year()) * 12 + (
        later.dt.month().cast(pl.Int64) - earlier.dt.month()
    )
    return months // {"month": 1, "quarter": 3, "year": 12}[unit]


def _truncate(moment: pl.Expr, unit: str) -> pl.Expr:
    return moment.dt.truncate(f"1{_unit(unit)}")


_MOMENT = ("moment",)
DATE_FUNCTIONS = (
    Function("date", ("integer", "integer", "integer"), "date", _date, "Year, month and day as a date."),
    Function("parse_date", ("text", "constant_text?"), "date", _parse_date, "A text as a date, or null."),
    Function(
        "parse_datetime",
        ("text", "constant_text?"),
        "datetime",
        _parse_datetime,
        "A text as a time, or null.",
    ),
    Function("format_date", ("moment", "constant_text"), "text", _format, "Written by a pattern."),
    Function("to_date", ("datetime",), "date", lambda m: m.dt.date(), "The day of a moment."),
    Function("year", _MOMENT, "integer", _part(lambda m: m.dt.year()), "The year."),
    Function("quarter", _MOMENT, "integer", _part(lambda m: m.dt.quarter()), "1 to 4."),
    Function("month", _MOMENT, "integer", _part(lambda m: m.dt.month()), "1 to 12."),
    Function("week", _MOMENT, "integer", _part(lambda m: m.dt.week()), "ISO week, 1 to 53."),
    Function("day", _MOMENT, "integer", _part(lambda m: m.dt.day()), "Day of the month."),
    Function("weekday", _MOMENT, "integer", _part(lambda m: m.dt.weekday()), "Monday is 1, Sunday 7."),
    Function("day_of_year", _MOMENT, "integer", _part(lambda m: m.dt.ordinal_day()), "1 to 366."),
    Function("hour", ("datetime",), "integer", _part(lambda m: m.dt.hour()), "0 to 23."),
    Function("minute", ("datetime",), "integer", _part(lambda m: m.dt.minute()), "0 to 59."),
    Function("second", ("datetime",), "integer", _part(lambda m: m.dt.second()), "0 to 59."),
    Function("date_add", ("moment", "integer", "constant_text"), "first", _add, "Moved by so many units."),
    Function(
        "date_diff",
        ("datetime", "datetime", "constant_text"),
        "integer",
        _difference,
        "Whole units from the second to the first.",
    ),
    Function("date_trunc", ("moment", "constant_text"), "first", _truncate, "The unit's beginning."),
)
