"""What a caller may ask for when a document is read, and how page and cell ranges are written."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any, NamedTuple, Self

from dataflowtools.src.errors import InvalidSelection, UnsupportedConversion

OCR = ("auto", "never")
TARGETS = ("json", "markdown", "text", "html")
_MAX_RANGES = 1000
_RANGE = re.compile(r"(\d{1,7})?(-)?(\d{1,7})?")
_CELLS = re.compile(r"\$?([A-Za-z]{1,3})\$?(\d{1,7})(?::\$?([A-Za-z]{1,3})\$?(\d{1,7}))?")


class CellRange(NamedTuple):
    """A rectangle of cells, counted from one, both ends included."""

    first_row: int
    first_column: int
    last_row: int
    last_column: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadOptions:
    """The choices of one reading; the password is no part of what is shown or kept."""

    format: str = "json"
    pages: str = ""
    sheets: Sequence[str | int] = ()
    cells: str = ""
    encoding: str = ""
    delimiter: str = ""
    formulas: bool = False
    fill_merged: bool = False
    hidden_sheets: bool = True
    max_rows: int = 200_000
    tables: bool = True
    ocr: str = "auto"

    def __post_init__(self) -> None:
        """Refuse what cannot be meant."""
        if self.format not in TARGETS:
            raise UnsupportedConversion(
                f"A document is given as {', '.join(TARGETS)}, not as {self.format[:40]!r}.", field="format"
            )
        if self.ocr not in OCR:
            raise InvalidSelection(f"ocr is {' or '.join(OCR)}.", field="ocr")
        page_ranges(self.pages)
        if self.cells:
            cell_range(self.cells)

    def as_message(self) -> dict[str, Any]:
        """Write the options for a worker, or for a key in a cache."""
        return asdict(self)

    @classmethod
    def from_message(cls, message: Mapping[str, Any]) -> Self:
        """Read what `as_message` wrote."""
        known = {field.name for field in fields(cls)}
        return cls(**{name: value for name, value in message.items() if name in known})


def page_ranges(text: str) -> list[tuple[int, int | None]]:
    """Read "1-3,7,10-" as ranges of pages counted from one; the last may be open."""
    ranges: list[tuple[int, int | None]] = []
    parts = [part.strip() for part in text.split(",")] if text.strip() else []
    if len(parts) > _MAX_RANGES:
        raise InvalidSelection("Too many page ranges.", field="pages")
    for part in parts:
        match = _RANGE.fullmatch(part.replace(" ", ""))
        if match is None or not part or not (match[1] or match[3]):
            raise InvalidSelection("Pages are written like 1-3,7,10-.", field="pages")
        first = int(match[1] or 1)
        last = int(match[3]) if match[3] else None if match[2] else first
        if first < 1 or (last is not None and last < first):
            raise InvalidSelection("Page ranges count upwards from 1.", field="pages")
        ranges.append((first, last))
    return ranges


def chosen_pages(text: str, count: int) -> list[int]:
    """List the chosen pages of a document of `count` pages; InvalidSelection when none of them is there."""
    ranges = page_ranges(text)
    if not ranges:
        return list(range(1, count + 1))
    chosen = sorted({page for first, last in ranges for page in range(first, min(last or count, count) + 1)})
    if not chosen:
        raise InvalidSelection(f"The document has {count} pages; none of {text[:60]!r}.", field="pages")
    return chosen


def column_number(letters: str) -> int:
    """Count a column's letters from A = 1."""
    number = 0
    for letter in letters.upper():
        number = number * 26 + ord(letter) - 64
    return number


def cell_range(text: str) -> CellRange:
    """Read "B2:D10" or "B2"."""
    match = _CELLS.fullmatch(text.strip())
    if match is None:
        raise InvalidSelection("Cells are written like B2:D10.", field="cells")
    first = (int(match[2]), column_number(match[1]))
    last = (int(match[4]), column_number(match[3])) if match[3] else first
    low, high = (
        (min(first[0], last[0]), min(first[1], last[1])),
        (max(first[0], last[0]), max(first[1], last[1])),
    )
    if low[0] < 1:
        raise InvalidSelection("Rows count from 1.", field="cells")
    return CellRange(*low, *high)


def chosen_sheets(names: Sequence[str], wanted: Sequence[str | int]) -> list[int]:
    """List the chosen sheets' indexes in the document's order; names, or numbers from one."""
    if not wanted:
        return list(range(len(names)))
    chosen = set()
    for one in wanted:
        if isinstance(one, int) and 1 <= one <= len(names):
            chosen.add(one - 1)
        elif isinstance(one, str) and one in names:
            chosen.add(names.index(one))
        else:
            known = ", ".join(repr(name) for name in names[:20])
            raise InvalidSelection(f"There is no sheet {str(one)[:60]!r}; there are {known}.", field="sheets")
    return sorted(chosen)
