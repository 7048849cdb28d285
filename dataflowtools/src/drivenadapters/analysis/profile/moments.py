"""What a column of dates, of truth values or of anything else is like."""

from typing import Any

import polars as pl

from dataflowtools.src.drivenadapters.analysis.profile.numbers import histogram

_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def describe_moments(values: pl.Series, bins: int) -> dict[str, Any]:
    """Describe dates or times without missing ones."""
    if values.is_empty():
        return {}
    stamps = values.cast(pl.Datetime("us"))
    ordered = stamps.cast(pl.Int64).sort()
    found = histogram(ordered, bins)
    edges = pl.Series(found["edges"]).cast(pl.Int64).cast(pl.Datetime("us"))
    weekdays = stamps.dt.weekday().value_counts(name="n").rows()
    return {
        "distinct": int((ordered != ordered.shift(1)).fill_null(value=True).sum()),
        "min": _text(values.min()),
        "max": _text(values.max()),
        "span_days": (ordered[-1] - ordered[0]) / 86_400_000_000,
        "weekdays": {_DAYS[day - 1]: count for day, count in sorted(weekdays)},
        "with_time": int((stamps != stamps.dt.truncate("1d")).sum()),
        "histogram": {"edges": [_text(edge) for edge in edges], "counts": found["counts"]},
    }


def describe_booleans(values: pl.Series) -> dict[str, Any]:
    """Count truth values."""
    true = int(values.sum() or 0)
    return {"distinct": values.n_unique(), "true": true, "false": len(values) - true}


def describe_others(values: pl.Series) -> dict[str, Any]:
    """Count the items of lists; of other things only how many differ is told."""
    if isinstance(values.dtype, pl.List) and len(values):
        lengths = values.list.len()
        return {"items": {"min": lengths.min(), "mean": lengths.mean(), "max": lengths.max()}}
    return {}


def _text(moment: Any) -> str:
    return str(moment.isoformat())
