"""Every operator and function against pandas or plain Python, on tables by chance."""

import calendar
import datetime as dt
import math
import re

import pandas as pd
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings

from dataflowtools.src.drivenadapters.analysis.expressions.compile import compile_expression
from dataflowtools.src.drivenadapters.analysis.expressions.functions import FUNCTIONS
from dataflowtools.src.errors import (
    InvalidExpression,
    InvalidPattern,
    OperationNotAllowed,
    UnknownColumn,
)
from dataflowtools.tests.unit.data_analysis.tables import SCHEMA as SCHEMAS
from dataflowtools.tests.unit.data_analysis.tables import as_pandas, frames, plain, same

INF = float("inf")


def each(function, *columns):
    """Apply a Python function row by row; a missing argument gives a missing result, an error too."""

    def run(table):
        rows = zip(*(plain(table[name]) for name in columns), strict=True)
        return [None if any(value is None for value in row) else _tried(function, row) for row in rows]

    return run


def _tried(function, row):
    try:
        found = function(*row)
    except (ValueError, ZeroDivisionError, OverflowError):
        return None
    return (
        None
        if isinstance(found, (float, complex)) and (isinstance(found, complex) or not math.isfinite(found))
        else found
    )


def rows(function):
    """Apply a Python function to whole rows, missing values and all."""
    return lambda table: [
        function(dict(zip(table.columns, plain(row), strict=True))) for row in table.itertuples(index=False)
    ]


def half_up(value, digits=0):
    scaled = abs(value) * 10**digits
    low = math.floor(scaled)
    return math.copysign((low + (scaled - low >= 0.5)) / 10**digits, value)


def day(text):
    return dt.datetime.fromisoformat(text)


def add_months(text, count):
    moment = day(text)
    place = moment.year * 12 + moment.month - 1 + count
    year, month = place // 12, place % 12 + 1
    return moment.replace(
        year=year, month=month, day=min(moment.day, calendar.monthrange(year, month)[1])
    ).isoformat()


def three(one, other):
    """Or as SQL knows it."""
    if one or other:
        return True
    return None if one is None or other is None else False


CASES = {
    # operators
    "i + j": lambda t: t.i + t.j,
    "i - j": lambda t: t.i - t.j,
    "i * j": lambda t: t.i * t.j,
    "x * 2 + i": lambda t: t.x * 2 + t.i,
    "-i": lambda t: -t.i,
    "i / j": each(lambda i, j: i / j, "i", "j"),
    "i // j": each(lambda i, j: i // j, "i", "j"),
    "i % j": each(lambda i, j: i % j, "i", "j"),
    "x // y": each(lambda x, y: math.floor(x / y), "x", "y"),
    "y % 3": each(lambda y: y % 3, "y"),
    "j ** 2": lambda t: t.j**2,
    "y ^ 0.5": each(lambda y: y**0.5, "y"),
    "2 ** 3 ** 0": lambda t: [2.0] * len(t),
    "-2 ** 2": lambda t: [-4.0] * len(t),
    "(i + j) * 2 - 1": lambda t: (t.i + t.j) * 2 - 1,
    "i = j": lambda t: t.i == t.j,
    "i != j": lambda t: t.i != t.j,
    "i < j": lambda t: t.i < t.j,
    "i <= x": lambda t: t.i <= t.x,
    "x > 0.5": lambda t: t.x > 0.5,
    "i >= 3": lambda t: t.i >= 3,
    "k = '甲'": lambda t: t.k == "甲",
    "k < 'b'": each(lambda k: k < "b", "k"),
    "d >= '2010-06-15'": each(lambda d: d >= "2010-06-15T00:00:00", "d"),
    "t < '2010-06-15T12:00:00'": each(lambda t: t < "2010-06-15T12:00:00", "t"),
    "b and i > 0": lambda t: t.b & (t.i > 0),
    "b or i > 0": lambda t: t.b | (t.i > 0),
    "not b": lambda t: ~t.b,
    "i between -3 and 3": lambda t: (t.i >= -3) & (t.i <= 3),
    "i not between -3 and 3": lambda t: ~((t.i >= -3) & (t.i <= 3)),
    "j in (1, 2, 3)": each(lambda j: j in (1, 2, 3), "j"),
    "k not in ('a', '乙')": each(lambda k: k not in ("a", "乙"), "k"),
    "i is null": lambda t: t.i.isna(),
    "i is not null": lambda t: t.i.notna(),
    "s + k": lambda t: t.s + t.k,
    "if(i > 0, 'p', 'n')": rows(lambda r: "p" if r["i"] is not None and r["i"] > 0 else "n"),
    "if(b, i)": rows(lambda r: r["i"] if r["b"] else None),
    "case when i > 0 then x when j > 0 then y else 0 end": rows(
        lambda r: r["x"] if (r["i"] or 0) > 0 else r["y"] if (r["j"] or 0) > 0 else 0
    ),
    # numbers
    "abs(i)": lambda t: t.i.abs(),
    "round(x)": each(half_up, "x"),
    "round(y, 1)": each(lambda y: half_up(y, 1), "y"),
    "floor(x)": each(math.floor, "x"),
    "ceil(x)": each(math.ceil, "x"),
    "trunc(x)": each(math.trunc, "x"),
    "sign(x)": each(lambda x: (x > 0) - (x < 0), "x"),
    "sqrt(y)": each(math.sqrt, "y"),
    "cbrt(y)": each(lambda y: math.copysign(abs(y) ** (1 / 3), y), "y"),
    "exp(y)": each(math.exp, "y"),
    "ln(y)": each(math.log, "y"),
    "log10(y)": each(math.log10, "y"),
    "log2(y)": each(math.log2, "y"),
    "log(y)": each(math.log, "y"),
    "log(y, 3)": each(lambda y: math.log(y) / math.log(3), "y"),
    "power(y, 2)": each(lambda y: y**2, "y"),
    "mod(i, j)": each(lambda i, j: i % j, "i", "j"),
    "clip(i, -3, 3)": lambda t: t.i.clip(-3, 3),
    "sin(y)": each(math.sin, "y"),
    "cos(y)": each(math.cos, "y"),
    "tan(y)": each(math.tan, "y"),
    "asin(y)": each(math.asin, "y"),
    "acos(y)": each(math.acos, "y"),
    "atan(y)": each(math.atan, "y"),
    "radians(y)": each(math.radians, "y"),
    "degrees(y)": each(math.degrees, "y"),
    # texts
    "length(s)": lambda t: t.s.str.len(),
    "lower(s)": lambda t: t.s.str.lower(),
    "upper(s)": lambda t: t.s.str.upper(),
    "trim(s)": lambda t: t.s.str.strip(),
    "ltrim(s)": lambda t: t.s.str.lstrip(),
    "rtrim(s)": lambda t: t.s.str.rstrip(),
    "reverse(s)": lambda t: t.s.str[::-1],
    "contains(s, 'a')": lambda t: t.s.str.contains("a", regex=False),
    "contains(s, k)": each(lambda s, k: k in s, "s", "k"),
    "starts_with(s, 'a')": lambda t: t.s.str.startswith("a"),
    "ends_with(s, 'é')": lambda t: t.s.str.endswith("é"),
    "replace(s, 'a', '中')": lambda t: t.s.str.replace("a", "中", regex=False),
    "substring(s, 2, 3)": lambda t: t.s.str[1:4],
    "substring(s, 3)": lambda t: t.s.str[2:],
    "left(s, 2)": lambda t: t.s.str[:2],
    "right(s, 2)": lambda t: t.s.str[-2:],
    "concat(s, '-', i)": rows(lambda r: "".join(str(v) for v in (r["s"], "-", r["i"]) if v is not None)),
    "split_part(s, ',', 2)": each(lambda s: s.split(",")[1] if "," in s else None, "s"),
    "pad_left(s, 5, '*')": lambda t: t.s.str.pad(5, "left", "*"),
    "pad_right(s, 5)": lambda t: t.s.str.pad(5, "right"),
    "find(s, '中')": lambda t: t.s.str.find("中") + 1,
    "matches(s, '^[a-c]+$')": each(lambda s: re.fullmatch("[a-c]+", s) is not None, "s"),
    "extract(s, '([0-9])(.)', 2)": each(lambda s: m[2] if (m := re.search("([0-9])(.)", s)) else None, "s"),
    "regex_replace(s, '[0-9a]', '${0}!')": lambda t: t.s.str.replace("[0-9a]", r"\g<0>!", regex=True),
    "count_matches(s, 'a')": lambda t: t.s.str.count("a"),
    "to_number(s)": each(lambda s: float(s) if re.fullmatch(r"\s*[+-]?\d+\s*", s) else None, "s"),
    # dates
    "date(2000 + j, 2, 29)": each(lambda j: f"{2000 + j}-02-29T00:00:00" if calendar.isleap(2000 + j) else None, "j"),
    "parse_date('2024-02-30')": lambda t: [None] * len(t),
    "parse_date(format_date(d, '%d.%m.%Y'), '%d.%m.%Y')": lambda t: t.d,
    "parse_datetime(format_date(t, '%Y-%m-%dT%H:%M:%S'))": lambda t: t.t,
    "format_date(d, '%Y/%m')": lambda t: t.d.dt.strftime("%Y/%m"),
    "to_date(t)": lambda t: t.t.dt.normalize(),
    "year(d)": lambda t: t.d.dt.year,
    "quarter(d)": lambda t: t.d.dt.quarter,
    "month(t)": lambda t: t.t.dt.month,
    "week(d)": lambda t: t.d.dt.isocalendar().week,
    "day(d)": lambda t: t.d.dt.day,
    "weekday(d)": lambda t: t.d.dt.day_of_week + 1,
    "day_of_year(d)": lambda t: t.d.dt.day_of_year,
    "hour(t)": lambda t: t.t.dt.hour,
    "minute(t)": lambda t: t.t.dt.minute,
    "second(t)": lambda t: t.t.dt.second,
    "date_add(d, j, 'month')": each(add_months, "d", "j"),
    "date_add(t, 1, 'year')": each(lambda t: add_months(t, 12), "t"),
    "date_add(t, j, 'day')": each(lambda t, j: (day(t) + dt.timedelta(days=j)).isoformat(), "t", "j"),
    "date_add(t, j, 'hour')": each(lambda t, j: (day(t) + dt.timedelta(hours=j)).isoformat(), "t", "j"),
    "date_diff(t, d, 'day')": each(lambda t, d: math.trunc((day(t) - day(d)) / dt.timedelta(days=1)), "t", "d"),
    "date_diff(d, t, 'month')": each(
        lambda d, t: (day(d).year - day(t).year) * 12 + day(d).month - day(t).month, "d", "t"
    ),
    "date_trunc(t, 'month')": lambda t: t.t.dt.to_period("M").dt.to_timestamp(),
    "date_trunc(d, 'week')": lambda t: t.d - pd.to_timedelta(t.d.dt.day_of_week, unit="D"),
    # values
    "coalesce(i, j, 7)": lambda t: t.i.fillna(t.j).fillna(7),
    "null_if(j, 0)": lambda t: t.j.mask(t.j == 0),
    "least(i, x)": rows(lambda r: min((v for v in (r["i"], r["x"]) if v is not None), default=None)),
    "greatest(i, j, 2)": rows(lambda r: max(v for v in (r["i"], r["j"], 2) if v is not None)),
    "to_text(i)": each(str, "i"),
    "to_integer(x)": each(math.trunc, "x"),
    "to_boolean(k + '')": lambda t: [None] * len(t),
    "to_boolean(if(b, '是', 'No'))": rows(lambda r: bool(r["b"])),
    "is_null(s)": lambda t: t.s.isna(),
}  # fmt: skip
LISTS = {"count_items(l)": [2, 0, None], "join_items(l, '+')": ["1+2", "", None]}


@settings(max_examples=30, deadline=None, database=None, suppress_health_check=list(HealthCheck))
@given(frame=frames(min_rows=1))
def test_every_expression_gives_what_pandas_gives(frame):
    table = as_pandas(frame)
    compiled = {text: compile_expression(text, frame.schema).expr for text in CASES}
    whole = frame.select([expr.alias(text) for text, expr in compiled.items()])
    for text, oracle in CASES.items():
        found, wanted = whole[text], oracle(table)
        assert same(found, wanted), (text, frame.to_dicts(), plain(found), plain(wanted))


def test_every_expression_takes_an_empty_table():
    frame = pl.DataFrame(schema=SCHEMAS)
    for text in CASES:
        compile_expression(text, frame.schema)
        frame.with_columns(compile_expression(text, frame.schema).expr.alias("r"))


@pytest.mark.parametrize("text", LISTS)
def test_functions_on_lists(text):
    frame = pl.DataFrame({"l": [[1, 2], [], None]})
    assert frame.select(compile_expression(text, frame.schema).expr.alias("r"))["r"].to_list() == LISTS[text]


def test_every_function_has_a_case():
    texts = " ".join([*CASES, *LISTS])
    assert [name for name in FUNCTIONS if not re.search(rf"\b{name}\(", texts)] == []


SCHEMA = {"i": pl.Int64(), "s": pl.String(), "a b": pl.Int64(), "单价": pl.Float64(), "d": pl.Date()}


def test_names_may_be_chinese_and_any_name_in_backticks():
    frame = pl.DataFrame({"a b": [1], "单价": [2.5], "a`b": [3]})
    compiled = compile_expression("`a b` * 单价 + `a``b`", frame.schema)
    assert frame.select(compiled.expr.alias("r"))["r"].to_list() == [5.5]
    assert compiled.columns == {"a b", "单价", "a`b"}


def test_whole_numbers_are_exact_or_an_error():
    frame = pl.DataFrame({"i": [(1 << 53) + 1]})
    assert frame.select(compile_expression("i * 3", frame.schema).expr).item() == 3 * ((1 << 53) + 1)
    with pytest.raises(pl.exceptions.InvalidOperationError):
        frame.select(compile_expression("i * i", frame.schema).expr)


@pytest.mark.parametrize(
    ("text", "error", "position"),
    [
        ("@os", OperationNotAllowed, 1),
        ("i + @pd.read_csv('x')", OperationNotAllowed, 5),
        ("i.__class__", OperationNotAllowed, 2),
        ("__import__('os')", OperationNotAllowed, 1),
        ("__builtins__", OperationNotAllowed, 1),
        ("lambda: 1", OperationNotAllowed, 1),
        ("[x for x in i]", OperationNotAllowed, 1),
        ("i[0]", OperationNotAllowed, 2),
        ("{i}", OperationNotAllowed, 1),
        ("i; i", OperationNotAllowed, 2),
        ("x := 1", OperationNotAllowed, 3),
        ("open('/etc/passwd')", OperationNotAllowed, 1),
        ("eval('1')", OperationNotAllowed, 1),
        ("system('id')", OperationNotAllowed, 1),
        ("read_csv('/etc/passwd')", OperationNotAllowed, 1),
        ("nope", UnknownColumn, 1),
        ("i + nope", UnknownColumn, 5),
        ("i +", InvalidExpression, 4),
        ("", InvalidExpression, 1),
        ("(i", InvalidExpression, 3),
        ("i i", InvalidExpression, 3),
        ("'abc", InvalidExpression, 1),
        ("i + s", InvalidExpression, 3),
        ("s > 1", InvalidExpression, 3),
        ("d + 1", InvalidExpression, 3),
        ("i < 1 < 2", InvalidExpression, 7),
        ("round(i, i)", InvalidExpression, 10),
        ("round(i, 99)", InvalidExpression, 1),
        ("sqrt(s)", InvalidExpression, 6),
        ("sqrt()", InvalidExpression, 1),
        ("d > 'yesterday'", InvalidExpression, 5),
        ("not 1", InvalidExpression, 1),
        ("if(i, 1, 2)", InvalidExpression, 4),
        ("if(true, 1, 'a')", InvalidExpression, 1),
        ("case when true then 1", InvalidExpression, 22),
        ("99999999999999999999", InvalidExpression, 1),
        ("pad_left(s, 100000)", InvalidExpression, 1),
        ("i in ()", InvalidExpression, 3),
    ],
)
def test_a_refusal_names_position_and_reason(text, error, position):
    with pytest.raises(error) as caught:
        compile_expression(text, SCHEMA)
    assert caught.value.extra["position"] == position
    assert f"Position {position}: " in str(caught.value)
    assert len(str(caught.value)) > 20


@pytest.mark.parametrize(
    "text",
    ["((((" * 200 + "i" + "))))" * 200, "-" * 500 + "i", "+".join(["i"] * 5000), "not " * 300 + "true"],
)
def test_size_and_depth_are_bounded(text):
    with pytest.raises(InvalidExpression):
        compile_expression(text, SCHEMA)


@pytest.mark.parametrize("pattern", ["(?=a)", "(a)\\\\1", "(?<!a)b", "(", "a{1000000}", "x" * 2000])
def test_patterns_that_are_not_linear_or_too_large_are_refused(pattern):
    with pytest.raises(InvalidPattern):
        compile_expression(f"matches(s, '{pattern}')", SCHEMA)


def test_a_pattern_that_backtracks_elsewhere_is_quick_here():
    frame = pl.DataFrame({"s": ["a" * 50_000 + "!"] * 20})
    compiled = compile_expression("matches(s, '^(a+)+$')", frame.schema)
    assert frame.select(compiled.expr)["s"].to_list() == [False] * 20
