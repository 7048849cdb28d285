"""JSON for the values of numpy, pandas, pyarrow, polars and sympy."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from coderunner.guest.language.values import ValueMapper

Convert = Callable[["ValueMapper", Any, int], Any]
MAX_ROWS: Final = 10_000


def converter(kind: type, library: str) -> Convert | None:
    """How to map this type; None leaves it to its text."""
    if library == "numpy":
        return _numpy(kind)
    if library == "pandas":
        return _pandas(kind)
    if library == "sympy":
        return lambda mapper, value, depth: mapper.map(str(value), depth)
    return _tabular(kind)


def _numpy(kind: type) -> Convert | None:
    import numpy as np

    if issubclass(kind, np.ndarray):
        return _array
    if issubclass(kind, (np.datetime64, np.timedelta64)):
        return lambda mapper, value, depth: None if np.isnat(value) else mapper.map(str(value), depth)
    if issubclass(kind, np.generic):
        return lambda mapper, value, depth: mapper.map(
            _fields(value) if isinstance(value, np.void) else value.item(), depth
        )
    return None


def _array(mapper: ValueMapper, value: Any, depth: int) -> Any:
    import numpy as np

    if isinstance(value, np.ma.MaskedArray):
        return mapper.map(value[:MAX_ROWS].tolist() if value.ndim else value.tolist(), depth)
    if value.ndim == 0:
        return mapper.map(value[()] if value.dtype.kind in "mM" else value.item(), depth)
    if value.dtype.kind in "mM":
        value = np.where(np.isnat(value), None, value.astype(str).astype(object))
    plain = value.ndim == 1 and value.dtype.names is None
    return mapper.items((_plain(row) if plain else row for row in value), depth)


def _fields(value: Any) -> Any:
    """A row of a structured array by the names of its fields."""
    names = value.dtype.names
    return value.tolist() if names is None else {name: value[name] for name in names}


def _plain(item: Any) -> Any:
    return item.item() if hasattr(item, "item") else item


def _pandas(kind: type) -> Convert | None:
    import pandas as pd

    found: list[tuple[Any, Convert]] = [
        (pd.DataFrame, _frame),
        (pd.Series, _series),
        ((pd.Index, pd.api.extensions.ExtensionArray), _index),
        ((pd.Timestamp, pd.Timedelta), lambda mapper, value, depth: mapper.map(value.isoformat(), depth)),
        ((type(pd.NaT), type(pd.NA)), lambda _mapper, _value, _depth: None),
        ((pd.Period, pd.Interval), lambda mapper, value, depth: mapper.map(str(value), depth)),
    ]
    return next((convert for bases, convert in found if issubclass(kind, bases)), None)


def _index(mapper: ValueMapper, value: Any, depth: int) -> Any:
    return mapper.items((_cell(item) for item in value), depth)


def _cell(item: Any) -> Any:
    import pandas as pd

    return None if item is pd.NA or item is pd.NaT else item


def _frame(mapper: ValueMapper, value: Any, depth: int) -> Any:
    shown = value.head(MAX_ROWS)
    columns = column_names(shown)
    listed = mapper.items(columns, depth)
    rows = (
        dict(zip(columns, map(_cell, row), strict=True)) for row in shown.itertuples(index=False, name=None)
    )
    records = mapper.items(rows, depth)
    mapper.truncated |= len(records) < len(value)
    default = type(value.index).__name__ == "RangeIndex" and value.index.start == 0 and value.index.step == 1
    return {
        "columns": listed,
        "records": records,
        "index": None if default else mapper.items(map(_cell, shown.index[: len(records)]), depth),
        "shape": [int(size) for size in value.shape],
        "truncated": len(records) < len(value),
    }


def column_names(frame: Any) -> list[str]:
    """The names of columns as text, each once: levels are joined, a second `a` becomes `a.1`."""
    names: dict[str, None] = {}
    for column in frame.columns:
        plain = name = ".".join(map(str, column)) if isinstance(column, tuple) else str(column)
        number = 0
        while name in names:
            number += 1
            name = f"{plain}.{number}"
        names[name] = None
    return list(names)


def _series(mapper: ValueMapper, value: Any, depth: int) -> Any:
    shown = value.head(MAX_ROWS)
    values = mapper.items((_cell(item) for item in shown), depth)
    mapper.truncated |= len(values) < len(value)
    return {
        "name": None if value.name is None else mapper.map(str(value.name), depth),
        "index": mapper.items(map(_cell, shown.index[: len(values)]), depth),
        "values": values,
        "length": len(value),
        "truncated": len(values) < len(value),
    }


def _tabular(kind: type) -> Convert | None:
    if hasattr(kind, "to_pylist"):
        return lambda mapper, value, depth: mapper.map(value.slice(0, MAX_ROWS).to_pylist(), depth)
    if hasattr(kind, "to_dicts"):
        return lambda mapper, value, depth: mapper.map(value.head(MAX_ROWS).to_dicts(), depth)
    return None
