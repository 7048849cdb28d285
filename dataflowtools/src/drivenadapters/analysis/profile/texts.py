"""What a column of texts is like: lengths, usual values, shapes, and what the texts seem to be."""

from typing import Any

import polars as pl

_SAMPLE = 20_000
_SURE = 0.9
_SHAPES = (
    (r"[\p{Han}]+", "中"),
    (r"[\p{Lu}]+", "A"),
    (r"[\p{Ll}]+", "a"),
    (r"[0-9]+", "9"),
    (r"\s+", " "),
)
_MEANINGS = {
    "email": r"^[\w.+-]+@[\w-]+(\.[\w-]+)+$",
    "url": r"^(?i:https?|ftp)://\S+$",
    "ipv4": r"^((25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(25[0-5]|2[0-4]\d|1?\d?\d)$",
    "uuid": r"^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$",
    "mobile_cn": r"^(\+?86[- ]?)?1[3-9]\d{9}$",
    "id_card_cn": r"^[1-9]\d{5}(19|20)\d{2}(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])\d{3}[\dXx]$",
    "phone": r"^\+?[0-9][0-9 ()/.-]{6,18}[0-9]$",
    "date_iso": r"^\d{4}-\d{2}-\d{2}$",
    "date_cn": r"^\d{4}年\d{1,2}月\d{1,2}日$",
    "date_slash": r"^\d{1,4}/\d{1,2}/\d{1,4}$",
    "date_dot": r"^\d{1,2}\.\d{1,2}\.\d{4}$",
    "datetime_iso": r"^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}",
    "time": r"^\d{1,2}:\d{2}(:\d{2})?$",
    "percentage": r"^[+-]?\d+([.,]\d+)?\s?%$",
    "money": r"^[¥$€£]\s?[+-]?\d[\d,]*(\.\d+)?$",
    "number": r"^[+-]?\d[\d,. ]*$",
    "chinese": r"^[\p{Han}·]+$",
    "json": r"^\s*[\[{].*[\]}]\s*$",
}


def describe_texts(values: pl.Series, top: int) -> dict[str, Any]:
    """Describe texts without missing ones."""
    if values.is_empty():
        return {}
    counted = values.value_counts(name="\0count").sort(["\0count", values.name], descending=[True, False])
    lengths = values.str.len_chars()
    sample = counted.head(_SAMPLE)
    return {
        "distinct": counted.height,
        "top": [{"value": value, "count": count} for value, count in counted.head(top).rows()],
        "length": {"min": lengths.min(), "mean": lengths.mean(), "max": lengths.max()},
        "empty": int((lengths == 0).sum()),
        "padded": int(values.str.contains(r"^\s|\s$").sum()),
        "patterns": _patterns(sample, values.name),
        "meaning": _meaning(sample.get_column(values.name)),
    }


def _patterns(sample: pl.DataFrame, name: str) -> list[dict[str, Any]]:
    """Count shapes: runs of digits are 9, of letters A and a, of Chinese characters 中."""
    shape = pl.col(name).str.slice(0, 100)
    for pattern, sign in _SHAPES:
        shape = shape.str.replace_all(pattern, sign)
    shapes = (
        sample.group_by(shape.alias("pattern"))
        .agg(pl.col("\0count").sum().alias("count"), pl.col(name).first().alias("example"))
        .sort(["count", "pattern"], descending=[True, False])
    )
    return shapes.head(10).to_dicts()


def _meaning(values: pl.Series) -> dict[str, Any] | None:
    """Name what nine of ten distinct texts look like."""
    shares = {
        name: int(values.str.contains(pattern).sum()) / max(len(values), 1)
        for name, pattern in _MEANINGS.items()
    }
    name = next((name for name, share in shares.items() if share >= _SURE), None)
    return None if name is None else {"kind": name, "share": round(shares[name], 4)}
