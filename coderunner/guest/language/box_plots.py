"""The five numbers of every box in a box plot, read from the lines matplotlib has drawn for it."""

from __future__ import annotations

from typing import Any, Final

_PARTS: Final = 5  # box, two whiskers, two caps in this order, then the median and perhaps fliers
_CLOSED: Final = 5
Boxes = list[tuple[str, list[dict[str, float]]]]


def read_boxes(axes: Any) -> tuple[Boxes, set[int]]:
    """The boxes by orientation, and the ids of the lines that belong to them."""
    upright: list[dict[str, float]] = []
    lying: list[dict[str, float]] = []
    used: set[int] = set()
    lines = list(axes.lines)
    patches = [
        patch
        for patch in axes.patches
        if type(patch).__name__ == "PathPatch" and len(patch.get_path().vertices) >= _CLOSED
    ]
    for box, members in _groups(lines, patches):
        found = _numbers(box, members)
        if found is None:
            continue
        (lying if found[0] else upright).append(found[1])
        used.update(id(line) for line in members)
    boxes: Boxes = []
    if upright:
        boxes.append(("vertical", upright))
    if lying:
        boxes.append(("horizontal", lying))
    return boxes, used


def _groups(lines: list[Any], patches: list[Any]) -> list[tuple[Any, list[Any]]]:
    """Each box's outline with the lines that follow it."""
    if patches:
        per_box = len(lines) // len(patches)
        if per_box < _PARTS or len(lines) % len(patches):
            return []
        return [
            (patch.get_path().vertices[:_CLOSED], lines[number * per_box : (number + 1) * per_box])
            for number, patch in enumerate(patches)
        ]
    groups: list[tuple[Any, list[Any]]] = []
    for line in lines:
        if _is_box(line):
            groups.append((line.get_xydata(), [line]))
        elif groups:
            groups[-1][1].append(line)
    return [(outline, members) for outline, members in groups if len(members) > _PARTS]


def _is_box(line: Any) -> bool:
    data = line.get_xydata()
    return len(data) == _CLOSED and tuple(data[0]) == tuple(data[-1]) and len({*map(float, data[:, 0])}) == 2


def _numbers(outline: Any, members: list[Any]) -> tuple[bool, dict[str, float]] | None:
    own = members[1:] if len(members) and _is_box(members[0]) else members
    if len(own) < _PARTS:
        return None
    first = own[0].get_xydata()
    if len(first) != len(("from", "to")):
        return None
    lying = float(first[0][1]) == float(first[1][1])
    axis = 0 if lying else 1
    ends = [float(value) for line in own[:2] for value in line.get_xydata()[:, axis]]
    quartiles = [float(value) for value in outline[:, axis]]
    median = float(own[4].get_xydata()[0][axis])
    position = float(
        outline[:, 1 - axis].mean()
        if len(outline) < _CLOSED
        else (min(outline[:, 1 - axis]) + max(outline[:, 1 - axis])) / 2
    )
    return lying, {
        "position": position,
        "low": min(ends),
        "q1": min(quartiles),
        "median": median,
        "q3": max(quartiles),
        "high": max(ends),
    }
