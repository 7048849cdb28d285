"""From texts to numbers, dates and truth values, where every value of the column allows it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

_INTEGER = r"^[+-]?(?:0|[1-9]\d{0,17})$"
_FLOAT = r"^[+-]?(?:(?:0|[1-9]\d{0,17})(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?$|^[+-]?(?i:inf|infinity)$"
_DATE = r"^\d{4}-\d{2}-\d{2}$"
_STAMP = r"^\d{4}-\d{2}-\d{2}[ T]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?$"
_ZONED = _STAMP.removesuffix("$") + r" ?(?:Z|[+-]\d{2}:?\d{2})$"
_COMMA = r"^[+-]?(?:0|[1-9]\d{0,17}|[1-9]\d{0,2}(?:\.\d{3})+)(?:,\d+)?$"
_SURELY_DECIMAL = r"^[+-]?0,|,\d{1,2}$|,\d{4,}$|\.\d+,|\d{4},"


@dataclass(frozen=True, slots=True)
class TextType:
    """A type that a text may have: the pattern of its texts, of those that prove it, and the way there."""

    name: str
    pattern: str
    native: pl.DataType | None = None
    proof: str = ""

    def cast(self, column: pl.Expr) -> pl.Expr:
        """Turn the texts into values; what fails is null."""
        if self.native is not None:
            return column.cast(self.native, strict=False)
        if self.name == "boolean":
            return column.str.to_lowercase() == "true"
        if self.name == "date":
            return column.str.to_date("%Y-%m-%d", strict=False)
        if self.name == "decimal_comma":
            plain = column.str.replace_all(".", "", literal=True).str.replace(",", ".", literal=True)
            return plain.cast(pl.Float64, strict=False)
        text = column.str.replace(" ", "T", literal=True)
        if self.name == "zoned":
            return _moment_in_utc(text)
        text = pl.when(text.str.len_chars() == 16).then(text + ":00").otherwise(text)  # noqa: PLR2004  # no seconds
        return text.str.to_datetime("%Y-%m-%dT%H:%M:%S%.f", strict=False, time_unit="us")


def _moment_in_utc(text: pl.Expr) -> pl.Expr:
    parts = text.str.replace(r" ?Z$", "+00:00").str.replace(" ", "", literal=True)
    parts = parts.str.replace(r"(T\d{2}:\d{2})([+-])", "${1}:00${2}")  # no seconds
    moment = parts.str.to_datetime("%Y-%m-%dT%H:%M:%S%.f%z", strict=False, time_unit="us", time_zone="UTC")
    return moment.dt.replace_time_zone(None)


INTEGER = TextType("integer", _INTEGER, pl.Int64())
NUMBER = TextType("number", _FLOAT, pl.Float64())
MOMENTS = (TextType("date", _DATE), TextType("datetime", _STAMP), TextType("zoned", _ZONED))
_REST = (TextType("boolean", "^(?i:true|false)$"), *MOMENTS)
TYPES = (INTEGER, NUMBER, *_REST)
_COMMA_TYPES = (INTEGER, TextType("decimal_comma", _COMMA), *_REST)
_EITHER_TYPES = (INTEGER, NUMBER, TextType("decimal_comma", _COMMA, proof=_SURELY_DECIMAL), *_REST)


def types_of_texts(decimal: str, delimiter: str) -> Sequence[TextType]:
    """Choose by the decimal mark; without one a comma may be it where semicolons part the fields."""
    if decimal == ",":
        return _COMMA_TYPES
    return _EITHER_TYPES if not decimal and delimiter == ";" else TYPES


def find_types(
    sample: pl.DataFrame, *, but: Sequence[str] = (), among: Sequence[TextType] = TYPES
) -> dict[str, TextType]:
    """Name the type of each text column for which every value that is there is of it."""
    texts = [name for name, dtype in sample.schema.items() if dtype == pl.String and name not in but]
    found: dict[str, TextType] = {}
    for name in texts:
        values = sample.get_column(name).drop_nulls()
        if values.is_empty():
            continue
        kind = next((one for one in among if _all(values, one)), None)
        if kind is not None:
            found[name] = kind
    return found


def _all(values: pl.Series, kind: TextType) -> bool:
    if not values.head(100).str.contains(kind.pattern).all() or not values.str.contains(kind.pattern).all():
        return False
    if kind.proof and not values.str.contains(kind.proof).any():
        return False
    frame = values.to_frame("value")
    return not frame.select(kind.cast(pl.col("value")).is_null().any()).item()


def find_types_streaming(lazy: pl.LazyFrame, guessed: Mapping[str, TextType]) -> dict[str, TextType]:
    """Keep those guesses that hold for the whole table, in one pass over it."""
    checks = [
        (
            pl.col(name).is_not_null()
            & (~pl.col(name).str.contains(kind.pattern) | kind.cast(pl.col(name)).is_null())
        )
        .any()
        .alias(name)
        for name, kind in guessed.items()
    ]
    if not checks:
        return {}
    wrong = lazy.select(checks).collect(engine="streaming").row(0, named=True)
    return {
        name: _wider(kind, lazy, name) if wrong[name] else kind
        for name, kind in guessed.items()
        if not wrong[name] or kind is INTEGER
    }


def _wider(kind: TextType, lazy: pl.LazyFrame, name: str) -> TextType:
    """An integer column with a decimal far down is a number, if all of it is."""
    del kind
    holds = find_types_streaming(lazy, {name: NUMBER})
    return holds.get(name, TextType("text", "", pl.String()))


def cast_types(kinds: Mapping[str, TextType]) -> list[pl.Expr]:
    """Build the casts."""
    return [_finite(kind.cast(pl.col(name)), kind).alias(name) for name, kind in kinds.items()]


def _finite(column: pl.Expr, kind: TextType) -> pl.Expr:
    return pl.when(column.is_finite()).then(column) if kind is NUMBER else column
