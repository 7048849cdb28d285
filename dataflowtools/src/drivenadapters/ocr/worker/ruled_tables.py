"""Tables by their ruled lines: where the grid stands and which cells span more than one field of it."""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

_MAX_SIDE = 2400
_LEAST_FIELDS = 4
_LEAST_FIELD_PX = 12
_NEAR_PX = 8
_EDGE_SHARE = 0.6
_MAX_TABLES = 50
_DARK_GROUND = 128
_MAX_FIELDS = 20_000


def ruled_tables(page: NDArray[np.uint8]) -> list[dict[str, Any]]:
    """List tables as cells with row, column, spans and box in the page's pixels."""
    grey = page if page.ndim == 2 else cv2.cvtColor(page, cv2.COLOR_BGR2GRAY)  # noqa: PLR2004  # grey
    scale = min(1.0, _MAX_SIDE / max(grey.shape))
    if min(grey.shape) * scale < 3 * _NEAR_PX:
        return []
    if scale < 1:
        grey = cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA).astype(np.uint8)
    across, down = _lines(grey.astype(np.uint8))
    mask = cv2.dilate(across | down, np.ones((3, 3), np.uint8))
    _, _, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    tables = []
    for left, top, width, height, _ in sorted(stats[1:].tolist(), key=lambda found: -found[4])[:_MAX_TABLES]:
        window = np.s_[top : top + height, left : left + width]
        cells = _cells(across[window], down[window])
        if cells:
            tables.append({"cells": [_placed(cell, left, top, scale) for cell in cells]})
    return tables


def _lines(grey: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    if float(np.median(grey)) < _DARK_GROUND:
        grey = np.asarray(cv2.bitwise_not(grey), dtype=np.uint8)
    dark = cv2.adaptiveThreshold(grey, 255, cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY_INV, 25, 10)
    length = max(32, max(grey.shape) // 40)
    across = cv2.morphologyEx(dark, cv2.MORPH_OPEN, np.ones((1, length), np.uint8))
    down = cv2.morphologyEx(dark, cv2.MORPH_OPEN, np.ones((length, 1), np.uint8))
    return across.astype(np.uint8), down.astype(np.uint8)


def _cells(across: NDArray[np.uint8], down: NDArray[np.uint8]) -> list[dict[str, Any]]:
    ys = _positions(across, axis=1)
    xs = _positions(down, axis=0)
    rows, columns = len(ys) - 1, len(xs) - 1
    if rows < 1 or columns < 1 or not _LEAST_FIELDS <= rows * columns <= _MAX_FIELDS:
        return []
    if not _framed(across, down, xs, ys) or min(np.diff(xs).min(), np.diff(ys).min()) < _LEAST_FIELD_PX:
        return []
    wall_right = np.ones((rows, columns), dtype=bool)
    wall_below = np.ones((rows, columns), dtype=bool)
    for row in range(rows):
        for column in range(columns):
            if column + 1 < columns:
                wall_right[row, column] = _drawn(down, xs[column + 1], ys[row], ys[row + 1], axis=0)
            if row + 1 < rows:
                wall_below[row, column] = _drawn(across, ys[row + 1], xs[column], xs[column + 1], axis=1)
    return _merge(xs, ys, wall_right, wall_below)


def _framed(across: NDArray[np.uint8], down: NDArray[np.uint8], xs: list[int], ys: list[int]) -> bool:
    """Whether lines run around the whole grid."""
    level = all(_drawn(across, y, xs[0], xs[-1], axis=1) for y in (ys[0], ys[-1]))
    return level and all(_drawn(down, x, ys[0], ys[-1], axis=0) for x in (xs[0], xs[-1]))


def _positions(lines: NDArray[np.uint8], axis: int) -> list[int]:
    """Where lines stand: the middles of bands that are dark over a good part of the length."""
    share = (lines > 0).sum(axis=axis)
    least = max(24, 0.12 * lines.shape[axis])
    places = np.flatnonzero(share >= least)
    bands: list[list[int]] = []
    for place in places.tolist():
        if bands and place - bands[-1][-1] <= _NEAR_PX:
            bands[-1].append(place)
        else:
            bands.append([place])
    return [round(sum(band) / len(band)) for band in bands]


def _drawn(lines: NDArray[np.uint8], at: int, start: int, end: int, axis: int) -> bool:
    """Whether a line stands between two fields."""
    low, high = max(0, at - _NEAR_PX // 2), at + _NEAR_PX // 2 + 1
    window = lines[start:end, low:high] if axis == 0 else lines[low:high, start:end].T
    return bool(window.size) and float((window > 0).any(axis=1).mean()) >= _EDGE_SHARE


def _merge(
    xs: list[int], ys: list[int], wall_right: NDArray[np.bool_], wall_below: NDArray[np.bool_]
) -> list[dict[str, Any]]:
    rows, columns = wall_right.shape
    taken = np.zeros((rows, columns), dtype=bool)
    cells = []
    for row in range(rows):
        for column in range(columns):
            if taken[row, column]:
                continue
            wide, tall = 1, 1
            while column + wide < columns and not wall_right[row, column + wide - 1]:
                wide += 1
            while row + tall < rows and not wall_below[row + tall - 1, column : column + wide].any():
                tall += 1
            taken[row : row + tall, column : column + wide] = True
            box = [xs[column], ys[row], xs[column + wide], ys[row + tall]]
            cells.append(
                {"row": row, "column": column, "row_span": tall, "column_span": wide, "box": box}
            )  # fmt: skip
    return cells


def _placed(cell: dict[str, Any], left: int, top: int, scale: float) -> dict[str, Any]:
    x0, y0, x1, y1 = cell["box"]
    box = [(x0 + left) / scale, (y0 + top) / scale, (x1 + left) / scale, (y1 + top) / scale]
    return cell | {"box": [round(value, 1) for value in box]}
