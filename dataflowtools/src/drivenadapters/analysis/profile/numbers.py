"""What a column of numbers is like; everything is read off one sorted copy."""

import math
from itertools import pairwise
from typing import Any

import polars as pl

_QUANTILES = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)
_WHISKER = 1.5


def describe_numbers(values: pl.Series, bins: int) -> dict[str, Any]:
    """Describe numbers without missing ones."""
    ordered = values.sort()
    if ordered.is_empty():
        return {}
    low, high = ordered[0], ordered[-1]
    points = {f"p{round(share * 100)}": quantile(ordered, share) for share in _QUANTILES}
    return {
        "distinct": int((ordered != ordered.shift(1)).fill_null(value=True).sum()),
        "min": low,
        "max": high,
        "mean": ordered.mean(),
        "std": ordered.std(),
        "sum": _sum(ordered),
        "skewness": _finite(ordered.cast(pl.Float64).skew()),
        "kurtosis": _finite(ordered.cast(pl.Float64).kurtosis()),
        "zeros": int((ordered == 0).sum()),
        "negatives": int((ordered < 0).sum()),
        "quantiles": points,
        "outliers": outliers(ordered, points["p25"], points["p75"]),
        "histogram": histogram(ordered, bins),
    }


def quantile(ordered: pl.Series, share: float) -> float:
    """Interpolate linearly between the two nearest of sorted numbers."""
    place = (len(ordered) - 1) * share
    low, high = float(ordered[math.floor(place)]), float(ordered[math.ceil(place)])
    return low + (high - low) * (place - math.floor(place))


def outliers(ordered: pl.Series, first: float, third: float) -> dict[str, Any]:
    """Count what lies further than 1.5 interquartile ranges outside of the quartiles."""
    low, high = first - _WHISKER * (third - first), third + _WHISKER * (third - first)
    numbers = ordered.cast(pl.Float64)
    below, above = (
        int(numbers.search_sorted(low, side="left")),
        len(ordered) - int(numbers.search_sorted(high, side="right")),
    )
    examples = [*ordered.head(min(below, 5)).to_list(), *ordered.tail(min(above, 5)).to_list()]
    return {"method": "iqr", "low": low, "high": high, "count": below + above, "examples": examples}


def histogram(ordered: pl.Series, bins: int) -> dict[str, list[float]]:
    """Count sorted numbers in classes of one width, the last one closed."""
    numbers = ordered.cast(pl.Float64)
    low, high = float(numbers[0]), float(numbers[-1])
    if low == high:
        return {"edges": [low, high], "counts": [len(numbers)]}
    edges = [low + (high - low) * k / bins for k in range(bins)] + [high]
    places = [int(numbers.search_sorted(edge, side="left")) for edge in edges[1:-1]]
    marks = [0, *places, len(numbers)]
    return {"edges": edges, "counts": [high - low for low, high in pairwise(marks)]}


def _sum(values: pl.Series) -> int | float:
    """Sum exactly where the numbers are whole."""
    if values.dtype.is_integer():
        return int(values.cast(pl.Int128).sum() or 0)
    return float(values.sum())


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None
