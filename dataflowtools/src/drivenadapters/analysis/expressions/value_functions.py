"""Functions on values of any kind."""

import polars as pl

from dataflowtools.src.drivenadapters.analysis.expressions.signature import Function


def _null_if(value: pl.Expr, other: pl.Expr) -> pl.Expr:
    return pl.when(value.ne_missing(other)).then(value)


def _text(value: pl.Expr) -> pl.Expr:
    return value.cast(pl.String)


def _integer(value: pl.Expr) -> pl.Expr:
    return value.cast(pl.Float64).truncate().cast(pl.Int64)


def _boolean(text: pl.Expr) -> pl.Expr:
    word = text.str.strip_chars().str.to_lowercase()
    true, false = ["true", "yes", "y", "1", "是"], ["false", "no", "n", "0", "否"]
    return (
        pl.when(word.is_in(true)).then(pl.lit(value=True)).when(word.is_in(false)).then(pl.lit(value=False))
    )


def _count(value: pl.Expr) -> pl.Expr:
    return value.list.len().cast(pl.Int64)


VALUE_FUNCTIONS = (
    Function("coalesce", ("any*",), "same", pl.coalesce, "The first that is not missing."),
    Function("null_if", ("any", "any"), "same", _null_if, "Missing when both are the same."),
    Function(
        "least",
        ("any*",),
        "same",
        pl.min_horizontal,
        "The smallest; missing ones are left out.",
    ),
    Function(
        "greatest",
        ("any*",),
        "same",
        pl.max_horizontal,
        "The largest; missing ones are left out.",
    ),
    Function("to_text", ("any",), "text", _text, "Written as a text."),
    Function("to_integer", ("number",), "integer", _integer, "The decimals cut off."),
    Function(
        "to_boolean", ("text",), "boolean", _boolean, "yes, true, 1, 是 and their opposites; else null."
    ),
    Function("is_null", ("any",), "boolean", lambda v: v.is_null(), "Whether it is missing."),
    Function("count_items", ("list",), "integer", _count, "How many items a list has."),
    Function(
        "join_items",
        ("list", "constant_text"),
        "text",
        lambda v, s: v.cast(pl.List(pl.String)).list.join(s, ignore_nulls=True),
        "A list as one text.",
    ),
)
