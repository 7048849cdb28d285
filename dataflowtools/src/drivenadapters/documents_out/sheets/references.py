"""References within formulas: moved when rows or columns come or go, renamed with their sheets."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol

from dataflowtools.src.drivenadapters.documents_out.sheets.cells import MAX_COLUMNS, MAX_ROWS
from dataflowtools.src.logics.file.documents.options import column_number

_TOKENS = re.compile(
    r"""(?P<text>"(?:[^"]|"")*")
    |(?P<brackets>\[(?:[^\[\]]|\[[^\]]*\])*\](?!\S*!))
    |(?:(?P<sheet>'(?:[^']|'')+'|[\w.\[\]]+(?::[\w.]+)?)!)?
     (?<![\w.])(?P<ref>
        \$?[A-Za-z]{1,3}\$?[1-9]\d{0,6}(?::\$?[A-Za-z]{1,3}\$?[1-9]\d{0,6})?
        |\$?[A-Za-z]{1,3}:\$?[A-Za-z]{1,3}
        |\$?[1-9]\d{0,6}:\$?[1-9]\d{0,6}
     )(?![\w.(!\[])""",
    re.VERBOSE,
)
_CORNER = re.compile(r"(\$?)([A-Za-z]{0,3})(\$?)(\d*)")
_PLAIN_NAME = re.compile(r"[^\W\d][\w.]*")
LOST = "#REF!"
Axis = Literal["rows", "columns"]


class Moves(Protocol):
    """Where rows or columns of a sheet are after a change; places count from 1."""

    @property
    def axis(self) -> Axis:
        """What moves."""

    @property
    def limit(self) -> int:
        """How far a sheet goes."""

    def one(self, place: int) -> int | None:
        """Where a row or column is now; None when it is gone."""

    def span(self, first: int, last: int) -> tuple[int, int] | None:
        """Where a stretch is now, what is gone cut off; None when nothing is left."""

    def gap(self, place: int) -> int:
        """Where the row or column would be that is gone."""


@dataclass(frozen=True, slots=True)
class Shift:
    """Rows or columns that come (count above 0) or go (below 0), from a place counted from 1."""

    axis: Axis
    at: int
    count: int

    def one(self, place: int) -> int | None:
        """Where a row or column is now; None when it is gone."""
        if place < self.at:
            return place
        if self.count < 0 and place < self.at - self.count:
            return None
        return place + self.count

    def span(self, first: int, last: int) -> tuple[int, int] | None:
        """Where a stretch is now, what is gone cut off; None when nothing is left."""
        if self.count > 0:
            return self.one(first) or first, self.one(last) or last
        end = self.at - self.count - 1
        if first >= self.at and last <= end:
            return None
        new_first = self.at if self.at <= first <= end else self.one(first)
        new_last = self.at - 1 if self.at <= last <= end else self.one(last)
        return new_first or self.at, new_last or self.at

    def gap(self, _: int) -> int:
        """Where the row or column would be that is gone."""
        return self.at

    @property
    def limit(self) -> int:
        """How far a sheet goes."""
        return MAX_ROWS if self.axis == "rows" else MAX_COLUMNS


def column_letters(number: int) -> str:
    """Write a column's number as letters; 1 is A."""
    letters = ""
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def letters_of(place: str) -> str:
    """Return the letters of a cell's place such as B12."""
    return place.rstrip("0123456789")


def shift_area(area: str, shift: Moves) -> str | None:
    """Move a reference such as B2, B2:D9, B:D or 2:9; None when all of it is gone."""
    first, colon, last = area.partition(":")
    one, other = _parts(first), _parts(last or first)
    wanted = 3 if shift.axis == "rows" else 1
    if not one[wanted]:
        return area
    places = (_number(one[wanted]), _number(other[wanted]))
    low, high = min(places), max(places)
    moved = shift.span(low, high) if colon else _single(shift, low)
    if moved is None or moved[0] > shift.limit:
        return None
    ends = (moved[0], min(moved[1], shift.limit))
    if places[0] > places[1]:
        ends = ends[::-1]
    written = [_joined(one, wanted, ends[0])]
    if colon:
        written.append(_joined(other, wanted, ends[1]))
    return ":".join(written)


def _single(shift: Moves, place: int) -> tuple[int, int] | None:
    moved = shift.one(place)
    return None if moved is None else (moved, moved)


def _parts(corner: str) -> list[str]:
    match = _CORNER.fullmatch(corner)
    return list(match.groups()) if match else ["", "", "", ""]


def _number(text: str) -> int:
    return int(text) if text.isdigit() else column_number(text)


def _joined(parts: list[str], place: int, number: int) -> str:
    fresh = list(parts)
    fresh[place] = str(number) if place == 3 else column_letters(number)  # noqa: PLR2004  # the row's place
    return "".join(fresh)


def rewrite(formula: str, change: Callable[[str, str | None, str], str]) -> str:
    """Change every reference of a formula: the sheet's name as written with its !, that name, the reference."""

    def put(match: re.Match[str]) -> str:
        if match["ref"] is None:
            return match[0]
        sheet = match["sheet"]
        if sheet is None:
            return change("", None, match["ref"])
        if "[" in sheet or (":" in sheet and not sheet.startswith("'")):
            return match[0]  # of another workbook, or of several sheets at once
        return change(f"{sheet}!", unquoted(sheet), match["ref"])

    return _TOKENS.sub(put, formula)


def shift_formula(formula: str, shift: Moves, *, sheet: str, home: str | None) -> str:
    """Move what a formula that stands on the sheet `home` says of `sheet`."""

    def change(prefix: str, named: str | None, reference: str) -> str:
        owner = home if named is None else named
        if owner is None or owner.casefold() != sheet.casefold():
            return prefix + reference
        return prefix + (shift_area(reference, shift) or LOST)

    return rewrite(formula, change)


def rename_in_formula(formula: str, old: str, new: str | None) -> str:
    """Rename a sheet in a formula; without a new name its references are lost."""

    def change(prefix: str, named: str | None, reference: str) -> str:
        if named is None or named.casefold() != old.casefold():
            return prefix + reference
        return LOST if new is None else f"{quoted(new)}!{reference}"

    return rewrite(formula, change)


def translate(formula: str, rows: int, columns: int) -> str:
    """Write a formula as it reads so many rows down and columns right, as shared formulas do."""

    def change(prefix: str, _: str | None, reference: str) -> str:
        return prefix + ":".join(_moved(corner, rows, columns) for corner in reference.split(":"))

    return rewrite(formula, change)


def _moved(corner: str, rows: int, columns: int) -> str:
    parts = _parts(corner)
    if parts[1] and not parts[0]:
        parts[1] = column_letters((_number(parts[1]) + columns - 1) % MAX_COLUMNS + 1)
    if parts[3] and not parts[2]:
        parts[3] = str((int(parts[3]) + rows - 1) % MAX_ROWS + 1)
    return "".join(parts)


def unquoted(name: str) -> str:
    """Read a sheet's name as formulas write it."""
    return name[1:-1].replace("''", "'") if name.startswith("'") else name


def quoted(name: str) -> str:
    """Write a sheet's name as formulas need it."""
    looks_like_cell = re.fullmatch(r"[A-Za-z]{1,3}\d+", name) or name.upper() in {"R", "C", "RC"}
    if _PLAIN_NAME.fullmatch(name) and not looks_like_cell:
        return name
    return "'" + name.replace("'", "''") + "'"
