"""Functions on texts; positions count from one, lengths count characters, patterns run in linear time."""

import polars as pl

from dataflowtools.src.drivenadapters.analysis.expressions.patterns import checked_pattern
from dataflowtools.src.drivenadapters.analysis.expressions.signature import Function

_MAX_WIDTH = 1_000
_MAX_GROUP = 99


def _contains(text: pl.Expr, part: pl.Expr) -> pl.Expr:
    return text.str.contains(part, literal=True)


def _replace(text: pl.Expr, part: str, by: str) -> pl.Expr:
    if not part:
        raise ValueError("an empty text cannot be replaced")
    return text.str.replace_all(part, by, literal=True)


def _substring(text: pl.Expr, start: pl.Expr, length: pl.Expr | None = None) -> pl.Expr:
    first = pl.when(start >= 1).then(start - 1)
    size = None if length is None else pl.when(length >= 0).then(length).cast(pl.UInt64)
    found = text.str.slice(first, size)
    known = first.is_not_null() if size is None else first.is_not_null() & size.is_not_null()
    return pl.when(known).then(found)


def _left(text: pl.Expr, count: pl.Expr) -> pl.Expr:
    size = pl.when(count >= 0).then(count)
    return pl.when(size.is_not_null()).then(text.str.slice(0, size.cast(pl.UInt64)))


def _right(text: pl.Expr, count: pl.Expr) -> pl.Expr:
    size = pl.when(count >= 0).then(count)
    kept = pl.min_horizontal(size, text.str.len_chars().cast(pl.Int64))
    start = text.str.len_chars().cast(pl.Int64) - kept
    return pl.when(size.is_not_null() & text.is_not_null()).then(text.str.slice(start))


def _concat(*texts: pl.Expr) -> pl.Expr:
    return pl.concat_str([text.cast(pl.String) for text in texts], ignore_nulls=True)


def _split_part(text: pl.Expr, separator: str, number: int) -> pl.Expr:
    if not separator or number < 1:
        raise ValueError("the separator is not empty, and parts count from one")
    return text.str.split(separator).list.get(number - 1, null_on_oob=True)


def _width(width: int, fill: str) -> None:
    if not 0 <= width <= _MAX_WIDTH or len(fill) != 1:
        raise ValueError(f"the width is at most {_MAX_WIDTH}, and it is filled with one character")


def _pad_left(text: pl.Expr, width: int, fill: str = " ") -> pl.Expr:
    _width(width, fill)
    return text.str.pad_start(width, fill)


def _pad_right(text: pl.Expr, width: int, fill: str = " ") -> pl.Expr:
    _width(width, fill)
    return text.str.pad_end(width, fill)


def _find(text: pl.Expr, part: str) -> pl.Expr:
    """Count in characters: Polars counts bytes, so the text before the match is measured."""
    if not part:
        raise ValueError("an empty text is found nowhere")
    before = text.str.splitn(part, 2).struct.field("field_0").str.len_chars().cast(pl.Int64)
    found = text.str.contains(part, literal=True)
    return pl.when(found).then(before + 1).when(text.is_not_null()).then(pl.lit(0, dtype=pl.Int64))


def _extract(text: pl.Expr, pattern: str, group: int = 0) -> pl.Expr:
    if not 0 <= group <= _MAX_GROUP:
        raise ValueError("groups count from 0, the whole match")
    return text.str.extract(checked_pattern(pattern), group)


def _regex_replace(text: pl.Expr, pattern: str, by: str) -> pl.Expr:
    return text.str.replace_all(checked_pattern(pattern), by)


def _number(text: pl.Expr) -> pl.Expr:
    found = text.str.strip_chars().cast(pl.Float64, strict=False)
    return pl.when(found.is_finite()).then(found)


TEXT_FUNCTIONS = (
    Function("length", ("text",), "integer", lambda t: t.str.len_chars().cast(pl.Int64), "Characters."),
    Function("lower", ("text",), "text", lambda t: t.str.to_lowercase(), "In small letters."),
    Function("upper", ("text",), "text", lambda t: t.str.to_uppercase(), "In capitals."),
    Function("trim", ("text",), "text", lambda t: t.str.strip_chars(), "Without white space around."),
    Function("ltrim", ("text",), "text", lambda t: t.str.strip_chars_start(), "Without white space before."),
    Function("rtrim", ("text",), "text", lambda t: t.str.strip_chars_end(), "Without white space after."),
    Function("reverse", ("text",), "text", lambda t: t.str.reverse(), "Backwards."),
    Function("contains", ("text", "text"), "boolean", _contains, "Whether the second is in the first."),
    Function(
        "starts_with", ("text", "text"), "boolean", lambda t, p: t.str.starts_with(p), "Whether it begins so."
    ),
    Function(
        "ends_with", ("text", "text"), "boolean", lambda t, p: t.str.ends_with(p), "Whether it ends so."
    ),
    Function(
        "replace", ("text", "constant_text", "constant_text"), "text", _replace, "Every such part replaced."
    ),
    Function("substring", ("text", "integer", "integer?"), "text", _substring, "From a position on."),
    Function("left", ("text", "integer"), "text", _left, "The first characters."),
    Function("right", ("text", "integer"), "text", _right, "The last characters."),
    Function("concat", ("any*",), "text", _concat, "Everything as one text; nulls are left out."),
    Function(
        "split_part", ("text", "constant_text", "constant_integer"), "text", _split_part, "One part of many."
    ),
    Function("pad_left", ("text", "constant_integer", "constant_text?"), "text", _pad_left, "Filled before."),
    Function(
        "pad_right", ("text", "constant_integer", "constant_text?"), "text", _pad_right, "Filled after."
    ),
    Function(
        "find", ("text", "constant_text"), "integer", _find, "Where a part begins; 0 when it is not there."
    ),
    Function(
        "matches",
        ("text", "constant_text"),
        "boolean",
        lambda t, p: t.str.contains(checked_pattern(p)),
        "Whether a regular expression is found.",
    ),
    Function(
        "extract", ("text", "constant_text", "constant_integer?"), "text", _extract, "What a pattern finds."
    ),
    Function(
        "regex_replace",
        ("text", "constant_text", "constant_text"),
        "text",
        _regex_replace,
        "Every match replaced; ${1} is a group.",
    ),
    Function(
        "count_matches",
        ("text", "constant_text"),
        "integer",
        lambda t, p: t.str.count_matches(checked_pattern(p)).cast(pl.Int64),
        "How often a pattern is found.",
    ),
    Function("to_number", ("text",), "number", _number, "A text as a number; null when it is none."),
)
