"""How columns of numbers go together, on the rows where both are there."""

from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

MAX_COLUMNS = 60


def correlation_matrix(frame: pl.DataFrame, method: str) -> dict[str, Any]:
    """Give the coefficients; one that does not exist is null."""
    names = frame.columns
    columns = [frame.get_column(name).cast(pl.Float64).to_numpy() for name in names]
    whole = [not frame.get_column(name).has_nulls() for name in names]
    scaled = [
        _scaled(_ranks(column) if method == "spearman" else column) if known else column
        for column, known in zip(columns, whole, strict=True)
    ]
    matrix: list[list[float | None]] = [[None] * len(names) for _ in names]
    for i in range(len(names)):
        for j in range(i, len(names)):
            if whole[i] and whole[j]:
                found = _product(scaled[i], scaled[j])
            else:
                found = _pair(columns[i], columns[j], ranked=method == "spearman")
            matrix[i][j] = matrix[j][i] = found
    return {"method": method, "columns": names, "matrix": matrix}


def _scaled(column: NDArray[np.float64]) -> NDArray[np.float64]:
    """Centre a column and bring it to length one; one that does not vary becomes NaN."""
    if len(column) < 2:  # noqa: PLR2004  # one point correlates with nothing
        return np.full(len(column), np.nan)
    centred = column - column.mean()
    size = float(np.sqrt(centred @ centred))
    return centred / size if size and np.isfinite(size) else np.full(len(column), np.nan)


def _product(one: NDArray[np.float64], other: NDArray[np.float64]) -> float | None:
    found = float(one @ other) if len(one) else float("nan")
    return None if np.isnan(found) else float(np.clip(found, -1, 1))


def _pair(one: NDArray[np.float64], other: NDArray[np.float64], *, ranked: bool) -> float | None:
    known = ~(np.isnan(one) | np.isnan(other))
    if not known.all():
        one, other = one[known], other[known]
    if len(one) < 2:  # noqa: PLR2004  # one point correlates with nothing
        return None
    if ranked:
        one, other = _ranks(one), _ranks(other)
    return _product(_scaled(one), _scaled(other))


def _ranks(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return pl.Series(values).rank("average").to_numpy()


def numeric_columns(schema: pl.Schema) -> list[str]:
    """List the columns of numbers, up to as many as are compared."""
    return [name for name, dtype in schema.items() if dtype.is_numeric()][:MAX_COLUMNS]


def strong_pairs(found: dict[str, Any], least: float = 0.7) -> list[dict[str, Any]]:
    """List pairs that go together strongly, the strongest first."""
    names, matrix = found["columns"], found["matrix"]
    pairs = [
        {"columns": [names[i], names[j]], "coefficient": matrix[i][j]}
        for i in range(len(names))
        for j in range(i + 1, len(names))
        if matrix[i][j] is not None and abs(matrix[i][j]) >= least
    ]
    return sorted(pairs, key=lambda pair: -abs(pair["coefficient"]))
