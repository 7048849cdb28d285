"""Paper: its size and margins in points."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dataflowtools.src.errors import InvalidContent

_SIZES = {
    "A3": (841.9, 1190.6), "A4": (595.3, 841.9), "A5": (419.5, 595.3), "B5": (498.9, 708.7),
    "letter": (612.0, 792.0), "legal": (612.0, 1008.0),
}  # fmt: skip
_LEAST_ROOM = 72.0


@dataclass(frozen=True, slots=True)
class Paper:
    """A page and the margins around its text."""

    width: float
    height: float
    top: float
    right: float
    bottom: float
    left: float

    @property
    def text_width(self) -> float:
        """What is left between the margins."""
        return self.width - self.left - self.right

    @property
    def text_height(self) -> float:
        """The same, downwards."""
        return self.height - self.top - self.bottom


def paper_of(setup: Mapping[str, Any]) -> Paper:
    """Read a page set-up; InvalidContent when the margins leave no room."""
    width, height = _SIZES[setup.get("size", "A4")]
    if setup.get("orientation") == "landscape":
        width, height = height, width
    margin = setup.get("margin", 72.0)
    sides = {
        side: float(setup.get("margins", {}).get(side, margin)) for side in ("top", "right", "bottom", "left")
    }
    paper = Paper(width, height, **sides)
    if min(paper.text_width, paper.text_height) < _LEAST_ROOM:
        raise InvalidContent("The margins leave no room for text.", field="/page")
    return paper
