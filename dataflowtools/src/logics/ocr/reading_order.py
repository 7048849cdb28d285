"""The order in which people read a page: columns, rows, and vertical lines from right to left."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import fmean, median
from typing import Generic, TypeVar

from dataflowtools.src.logics.ocr.model import Rect

T = TypeVar("T")
_GUTTER_HEIGHTS = 0.5
_MAX_CROSSING = 0.25
_LEAST_OVERLAP = 0.3
_FORM_RATIO = 6.0
_MAX_DEPTH = 24
_SAME_ROW = 0.5
_BLOCK_GAP = 1.1


@dataclass(frozen=True, slots=True)
class Item(Generic[T]):
    """Something with a place on the page."""

    rect: Rect
    value: T


def turned(rect: Rect) -> Rect:
    """See vertical lines that follow each other to the left as rows that follow each other down."""
    return Rect(rect.top, -rect.right, rect.bottom, -rect.left)


Split = Callable[[Item[T], float], Sequence[Item[T]]]


def reading_order(
    items: Sequence[Item[T]], split: Split[T] | None = None, *, depth: int = 0
) -> list[list[Item[T]]]:
    """Group items and put the groups, and the items in each, in reading order.

    `split` may divide a line that was read across a gutter; it returns the line alone where it is one.
    """
    if len(items) < 2 or depth > _MAX_DEPTH:  # noqa: PLR2004  # one item has no order
        return [list(items)] if items else []
    size = median(min(item.rect.height, item.rect.width) for item in items) or 1.0
    gutter = _gutter(items, size)
    if gutter is None:
        return _stacked(items, size)
    if split is not None:
        items = [part for item in items for part in _parts(item, gutter, split)]
    crossing = sorted(
        (item for item in items if item.rect.left < gutter < item.rect.right),
        key=lambda item: item.rect.centre[1],
    )
    rest = [item for item in items if not item.rect.left < gutter < item.rect.right]
    groups: list[list[Item[T]]] = []
    for spanning in [*crossing, None]:
        above = [item for item in rest if spanning is None or item.rect.centre[1] < spanning.rect.centre[1]]
        rest = [item for item in rest if item not in above]
        for side in (
            [item for item in above if item.rect.centre[0] < gutter],
            [item for item in above if item.rect.centre[0] >= gutter],
        ):
            groups += reading_order(side, split, depth=depth + 1)
        if spanning is not None:
            groups.append([spanning])
    return _joined(groups, size)


def _parts(item: Item[T], gutter: float, split: Split[T]) -> Sequence[Item[T]]:
    return split(item, gutter) if item.rect.left < gutter < item.rect.right else [item]


def _gutter(items: Sequence[Item[T]], size: float) -> float | None:
    """Find where the widest nearly empty strip between two columns is emptiest; wide lines may cross it."""
    best, best_width = None, _GUTTER_HEIGHTS * size
    for run in _strips(items):
        width = run[-1][1] - run[0][0]
        fewest = min(crossing for _, _, crossing in run)
        low, high = max(
            ((low, high) for low, high, crossing in run if crossing == fewest),
            key=lambda gap: gap[1] - gap[0],
        )
        if width > best_width and _divides(items, (low + high) / 2, size):
            best, best_width = (low + high) / 2, width
    return best


def _strips(items: Sequence[Item[T]]) -> list[list[tuple[float, float, int]]]:
    """List the runs of intervals across that few items cross."""
    edges = sorted({item.rect.left for item in items} | {item.rect.right for item in items})
    runs: list[list[tuple[float, float, int]]] = [[]]
    for low, high in pairwise(edges):
        middle = (low + high) / 2
        crossing = sum(item.rect.left < middle < item.rect.right for item in items)
        if crossing <= _MAX_CROSSING * len(items):
            runs[-1].append((low, high, crossing))
        elif runs[-1]:
            runs.append([])
    return [run for run in runs if run]


def _divides(items: Sequence[Item[T]], at: float, size: float) -> bool:
    """Whether there are columns on both sides, and not a form whose rows belong together."""
    left = [item.rect for item in items if item.rect.right <= at]
    right = [item.rect for item in items if item.rect.left >= at]
    crossing = [item.rect for item in items if item.rect.left < at < item.rect.right]
    if len(left) < 2 or len(right) < 2 or _splits_rows(crossing, left + right, size):  # noqa: PLR2004  # a column
        return False
    top = max(min(rect.top for rect in left), min(rect.top for rect in right))
    bottom = min(max(rect.bottom for rect in left), max(rect.bottom for rect in right))
    shorter = min(
        max(rect.bottom for rect in side) - min(rect.top for rect in side) for side in (left, right)
    )
    if bottom - top < _LEAST_OVERLAP * shorter:
        return False
    return not (_row_share(left, right, size) > 0.7 and _is_form(left, right, size))  # noqa: PLR2004  # most rows


def _splits_rows(crossing: Sequence[Rect], sides: Sequence[Rect], size: float) -> bool:
    """Whether a line that crosses stands in a row with others, so that the strip is no gutter there."""
    beside = sum(
        any(abs(rect.centre[1] - other.centre[1]) < _SAME_ROW * size for other in sides) for rect in crossing
    )
    return beside > len(crossing) / 2


def _row_share(left: Sequence[Rect], right: Sequence[Rect], size: float) -> float:
    beside = sum(
        any(abs(rect.centre[1] - other.centre[1]) < _SAME_ROW * size for other in right) for rect in left
    )
    return beside / len(left)


def _is_form(left: Sequence[Rect], right: Sequence[Rect], size: float) -> bool:
    """Labels and values are short; lines of running text are many times as long as high."""
    return min(fmean(rect.width / size for rect in side) for side in (left, right)) < _FORM_RATIO


def _stacked(items: Sequence[Item[T]], size: float) -> list[list[Item[T]]]:
    """Order one column by rows, a new group after each wide gap."""
    groups: list[list[Item[T]]] = []
    bottom = float("-inf")
    for row in rows_of(items):
        top = min(item.rect.top for item in row)
        if not groups or top - bottom > _BLOCK_GAP * size:
            groups.append([])
            bottom = float("-inf")
        groups[-1] += row
        bottom = max(bottom, *(item.rect.bottom for item in row))
    return groups


def rows_of(items: Sequence[Item[T]]) -> list[list[Item[T]]]:
    """Gather items that stand in one row, from the left; rows from the top."""
    rows: list[list[Item[T]]] = []
    for item in sorted(items, key=lambda item: item.rect.centre[1]):
        if rows and _in_row(item.rect, rows[-1][-1].rect):
            rows[-1].append(item)
        else:
            rows.append([item])
    return [sorted(row, key=lambda item: item.rect.left) for row in rows]


def _in_row(rect: Rect, other: Rect) -> bool:
    overlap = min(rect.bottom, other.bottom) - max(rect.top, other.top)
    return overlap > _SAME_ROW * min(rect.height, other.height)


def _joined(groups: list[list[Item[T]]], size: float) -> list[list[Item[T]]]:
    """Put a spanning line back to what it stands above when there is no gap and it is as wide."""
    joined: list[list[Item[T]]] = []
    for group in groups:
        if joined and len(group) == 1 and _continues(joined[-1][-1].rect, group[0].rect, size):
            joined[-1] += group
        else:
            joined.append(group)
    return joined


def _continues(before: Rect, after: Rect, size: float) -> bool:
    gap = after.top - before.bottom
    close = -size < gap <= _BLOCK_GAP * size and abs(before.left - after.left) < 2 * size
    return close and abs(before.height - after.height) < _SAME_ROW * size
