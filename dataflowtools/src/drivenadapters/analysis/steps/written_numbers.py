"""Numbers as people write them: grouped, with a currency, a percent sign, or brackets for what is owed."""

import polars as pl

_SPACES = "\u00a0\u202f\u2009 "
_CURRENCY = r"(?:\p{Sc}|[A-Z]{3}|元|円|원)"


def number_written(text: pl.Expr, decimal: str) -> pl.Expr:
    """Read texts as numbers; percents as shares of one, and null for what is no number."""
    groups = f"{_SPACES}'’{',' if decimal == '.' else '.'}"
    mark = "\\" + decimal
    digits = rf"(?:\d{{1,3}}(?:[{groups}]\d{{3}})+|\d+)(?:{mark}\d*)?|{mark}\d+"
    before = rf"(?:[-+−]\s*{_CURRENCY}?|{_CURRENCY}?\s*[-+−]?)\s*"
    whole = rf"^\(?{before}({digits})\s*(?:%|{_CURRENCY})?\)?$"
    trimmed = text.str.strip_chars(_SPACES + "\t\r\n")
    number = trimmed.str.extract(whole, 1).str.replace_all(rf"[{groups}]", "")
    value = number.str.replace(decimal, ".", literal=True).cast(pl.Float64, strict=False)
    negative = trimmed.str.contains(r"[-−]|^\(.*\)$")
    signed = pl.when(negative).then(-value).otherwise(value)
    return pl.when(trimmed.str.ends_with("%")).then(signed / 100).otherwise(signed)
