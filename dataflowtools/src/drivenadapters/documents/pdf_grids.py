"""Ruled tables: the cells that lines on the page enclose."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from dataflowtools.src.drivenadapters.documents.pdf_page import Page, Rule
from dataflowtools.src.logics.file.documents.model import Box

_SNAP = 3.0
_REACH = 4.0
_OVERHANG = 12.0
_MAX_LINES = 400
_SAME = 1.5
_DASH_ACROSS, _DASH_DOWN = 8.0, 4.0


@dataclass(slots=True)
class Grid:
    """The lines of one table: their places, and which cells they part."""

    xs: list[float]
    ys: list[float]
    horizontal: list[Rule]
    vertical: list[Rule]

    @property
    def box(self) -> Box:
        """Where the grid stands."""
        return Box(self.xs[0], self.ys[0], self.xs[-1], self.ys[-1])

    def has_left_edge(self, row: int, column: int) -> bool:
        """Say whether a line parts a box from the one to its left."""
        x, middle = self.xs[column], (self.ys[row] + self.ys[row + 1]) / 2
        own = (rule for rule in self.vertical if abs(rule.left - x) <= _SNAP)
        return any(rule.top - 1 <= middle <= rule.bottom + 1 for rule in own)

    def has_top_edge(self, row: int, column: int) -> bool:
        """Say whether a line parts a box from the one above."""
        y, middle = self.ys[row], (self.xs[column] + self.xs[column + 1]) / 2
        own = (rule for rule in self.horizontal if abs(rule.top - y) <= _SNAP)
        return any(rule.left - 1 <= middle <= rule.right + 1 for rule in own)


def merged_horizontal(rules: Iterable[Rule]) -> list[Rule]:
    """Join pieces of one horizontal line."""
    merged: list[Rule] = []
    for rule in sorted(rules, key=lambda one: (round(one.top), one.left)):
        y = (rule.top + rule.bottom) / 2
        for index in range(len(merged) - 1, max(-1, len(merged) - 60), -1):
            one = merged[index]
            if (
                abs(one.top - y) <= _SAME
                and rule.left <= one.right + _SNAP
                and rule.right >= one.left - _SNAP
            ):
                merged[index] = Rule(min(one.left, rule.left), one.top, max(one.right, rule.right), one.top)
                break
        else:
            merged.append(Rule(rule.left, y, rule.right, y))
    return merged


def merged_vertical(rules: Iterable[Rule]) -> list[Rule]:
    """Join pieces of one vertical line."""
    turned = merged_horizontal(Rule(rule.top, rule.left, rule.bottom, rule.right) for rule in rules)
    return [Rule(rule.top, rule.left, rule.bottom, rule.right) for rule in turned]


def find_grids(page: Page) -> list[Grid]:
    """Find groups of crossing lines."""
    horizontal = [
        rule for rule in merged_horizontal(page.horizontal) if rule.right - rule.left > _DASH_ACROSS
    ]
    vertical = [rule for rule in merged_vertical(page.vertical) if rule.bottom - rule.top > _DASH_DOWN]
    if len(horizontal) > _MAX_LINES * 3 or len(vertical) > _MAX_LINES * 3:
        return []
    grids = []
    for lines, posts in _components(horizontal, vertical):
        grid = _grid(lines, posts)
        if grid is not None:
            grids.append(grid)
    return _outermost(grids)


def _outermost(grids: list[Grid]) -> list[Grid]:
    """Leave out grids that lie within another one."""
    kept: list[Grid] = []
    for grid in sorted(grids, key=lambda one: -_area(one.box)):
        if not any(_within(grid.box, other.box) for other in kept):
            kept.append(grid)
    return kept


def _area(box: Box) -> float:
    return (box.right - box.left) * (box.bottom - box.top)


def _within(one: Box, two: Box) -> bool:
    return (
        one.left >= two.left - _REACH
        and one.right <= two.right + _REACH
        and one.top >= two.top - _REACH
        and one.bottom <= two.bottom + _REACH
    )


Group = tuple[list[Rule], list[Rule]]


def _components(horizontal: Sequence[Rule], vertical: Sequence[Rule]) -> Iterable[Group]:
    parent = list(range(len(horizontal) + len(vertical)))

    def find(one: int) -> int:
        while parent[one] != one:
            parent[one] = parent[parent[one]]
            one = parent[one]
        return one

    for i, line in enumerate(horizontal):
        for j, post in enumerate(vertical):
            if (
                line.left - _REACH <= post.left <= line.right + _REACH
                and post.top - _REACH <= line.top <= post.bottom + _REACH
            ):
                parent[find(i)] = find(len(horizontal) + j)
    groups: dict[int, tuple[list[Rule], list[Rule]]] = {}
    for index in range(len(parent)):
        lines, posts = groups.setdefault(find(index), ([], []))
        if index < len(horizontal):
            lines.append(horizontal[index])
        else:
            posts.append(vertical[index - len(horizontal)])
    return groups.values()


def _grid(horizontal: list[Rule], vertical: list[Rule]) -> Grid | None:
    if len(horizontal) < 2 or len(vertical) < 1:  # noqa: PLR2004  # no cell has fewer
        return None
    xs = _places([rule.left for rule in vertical])
    ys = _places([rule.top for rule in horizontal])
    left, right = min(rule.left for rule in horizontal), max(rule.right for rule in horizontal)
    top, bottom = min(rule.top for rule in vertical), max(rule.bottom for rule in vertical)
    # Tables that are open at the sides: their lines reach beyond the outermost posts.
    if left < xs[0] - _OVERHANG:
        xs.insert(0, left)
    if right > xs[-1] + _OVERHANG:
        xs.append(right)
    if top < ys[0] - _OVERHANG:
        ys.insert(0, top)
    if bottom > ys[-1] + _OVERHANG:
        ys.append(bottom)
    if len(xs) < 3 or len(ys) < 2 or len(xs) > _MAX_LINES or len(ys) > _MAX_LINES:  # noqa: PLR2004  # two columns
        return None
    return Grid(xs, ys, horizontal, vertical)


def _places(values: Sequence[float]) -> list[float]:
    """Join places that are nearly the same."""
    places: list[list[float]] = []
    for value in sorted(values):
        if places and value - places[-1][-1] <= _SNAP:
            places[-1].append(value)
        else:
            places.append([value])
    return [sum(group) / len(group) for group in places]
