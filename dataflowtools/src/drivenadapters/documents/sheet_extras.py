"""What sheets hold beside values: errors, formulas, links, merges, comments and charts."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from dataflowtools.src.logics.file.documents.model import Note, Table

Place = tuple[int, int]
Merge = tuple[Place, Place]
MAX_PLACES = 100_000


@dataclass(frozen=True, slots=True)
class OddCell:
    """A cell that says more than its value: a formula, or an error."""

    formula: str | None
    error: str
    has_value: bool


@dataclass(slots=True)
class SheetExtras:
    """One sheet's: merges count rows and columns from zero, everything else from one.

    Odd cells are read when the sheet's turn comes, for there may be many.
    """

    merges: list[Merge] = field(default_factory=list)
    links: dict[Place, str] = field(default_factory=dict)
    notes: list[Note] = field(default_factory=list)
    charts: list[Table] = field(default_factory=list)
    odd: Callable[[], Mapping[Place, OddCell]] = dict


# The numbers that Excel's binary formats write for errors (MS-XLS 2.5.198.2, MS-XLSB 2.5.97.2).
ERROR_NAMES: Mapping[int, str] = {
    0x00: "#NULL!", 0x07: "#DIV/0!", 0x0F: "#VALUE!", 0x17: "#REF!", 0x1D: "#NAME?", 0x24: "#NUM!",
    0x2A: "#N/A", 0x2B: "#GETTING_DATA",
}  # fmt: skip
