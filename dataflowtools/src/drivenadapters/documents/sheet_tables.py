"""Rows of typed values become tables: texts, spans and the chosen rectangle."""

import datetime as dt
import math
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import Any

from dataflowtools.src.drivenadapters.documents.sheet_extras import Merge, OddCell, Place
from dataflowtools.src.logics.file.documents.model import Cell, Scalar

_EXACT = 2.0**53


def cell_of(value: Any) -> Cell:
    """Write one value as text and as what JSON can hold."""
    if type(value) is str:
        return Cell(value)
    if type(value) is float:
        return _number(value)
    return _rare(value)


def _rare(value: Any) -> Cell:
    if isinstance(value, bool):
        return Cell("TRUE" if value else "FALSE", value=value)
    if isinstance(value, int):
        return Cell(str(value), value=value if abs(value) <= _EXACT else str(value))
    if isinstance(value, dt.datetime | dt.date | dt.time):
        text = value.isoformat()
        return Cell(text.replace("T", " "), value=text)
    if isinstance(value, dt.timedelta):
        return Cell(_hours(value.total_seconds()), value=value.total_seconds())
    return Cell("" if value is None else str(value))


def _hours(seconds: float) -> str:
    """Write a span of time as spreadsheet programs do: hours go on beyond a day."""
    minutes, rest = divmod(abs(seconds), 60)
    hours, minutes = divmod(int(minutes), 60)
    written = f"{rest:02.0f}" if float(rest).is_integer() else f"{rest:09.6f}"
    return f"{'-' if seconds < 0 else ''}{hours:02}:{minutes:02}:{written}"


def _number(value: float) -> Cell:
    if not math.isfinite(value):
        return Cell(str(value))
    if value.is_integer() and abs(value) <= _EXACT:
        whole = int(value)
        return Cell(str(whole), value=whole)
    written: Scalar = value
    return Cell(repr(value), value=written)


def rows_of(values: Iterable[Sequence[Any]], limit: int) -> tuple[list[list[Cell | None]], bool]:
    """Make rows of cells, at most `limit`; tells whether there were more."""
    source = iter(values)
    rows: list[list[Cell | None]] = [[cell_of(value) for value in row] for row in islice(source, limit)]
    return rows, next(source, None) is not None


def merge(rows: list[list[Cell | None]], merges: Iterable[Merge], origin: Place, *, fill: bool) -> int:
    """Let merged cells span, or repeat their text where asked; returns how many there were."""
    count = 0
    for (top, left), (bottom, right) in merges:
        first_row, first_column = top - origin[0], left - origin[1]
        last_row, last_column = min(bottom - origin[0], len(rows) - 1), right - origin[1]
        if not (0 <= first_row <= last_row and 0 <= first_column < len(rows[first_row])):
            continue
        last_column = min(last_column, len(rows[first_row]) - 1)
        anchor = rows[first_row][first_column]
        if anchor is None or (last_row, last_column) == (first_row, first_column):
            continue
        count += 1
        for row in range(first_row, last_row + 1):
            rows[row][first_column : last_column + 1] = [anchor if fill else None] * (
                last_column - first_column + 1
            )
        if not fill:
            down, across = last_row - first_row + 1, last_column - first_column + 1
            rows[first_row][first_column] = anchor._replace(row_span=down, col_span=across)
    return count


def cover(rows: list[list[Cell | None]], origin: Place, places: Iterable[Place], limit: int) -> Place:
    """Widen the table until it holds the places, counted from one, and at most `limit` rows; returns its origin."""
    wanted = [(row - 1, column - 1) for row, column in places]
    if not wanted:
        return origin
    width = max((len(row) for row in rows), default=0)
    if not width:
        origin = min(row for row, _ in wanted), min(column for _, column in wanted)
    top, left = (min(origin[axis], *(place[axis] for place in wanted)) for axis in (0, 1))
    last_row = min(max(origin[0] + len(rows) - 1, *(row for row, _ in wanted)), top + limit - 1)
    right = max(origin[1] + width - 1, *(column for _, column in wanted))
    for row in rows:
        row[:0] = [Cell("")] * (origin[1] - left)
        row.extend([Cell("")] * (right - left + 1 - len(row)))
    rows[:0] = [[Cell("")] * (right - left + 1) for _ in range(origin[0] - top)]
    rows.extend([Cell("")] * (right - left + 1) for _ in range(last_row - top + 1 - len(rows)))
    del rows[limit:]
    return top, left


def add_links(rows: list[list[Cell | None]], links: Mapping[Place, str], origin: Place) -> None:
    """Let cells lead where they lead; an empty one shows the address."""
    for (row, column), address in links.items():
        at, over = row - 1 - origin[0], column - 1 - origin[1]
        if 0 <= at < len(rows) and 0 <= over < len(rows[at]):
            cell = rows[at][over]
            if cell is not None:
                rows[at][over] = cell._replace(link=address, text=cell.text or address)


def add_odd(
    rows: list[list[Cell | None]],
    odd: Mapping[Place, OddCell],
    origin: Place,
    *,
    formulas: bool,
) -> list[str]:
    """Put errors and formulas where they belong; returns the places of formulas that have no value."""
    empty = []
    for (row, column), one in odd.items():
        at, over = row - 1 - origin[0], column - 1 - origin[1]
        if not (0 <= at < len(rows) and 0 <= over < len(rows[at])):
            continue
        cell = rows[at][over]
        if cell is None:
            continue
        if one.error:
            cell = cell._replace(text=one.error, value=None)
        if one.formula is not None and (formulas or not one.has_value):
            cell = cell._replace(formula=one.formula)
        if one.formula is not None and not one.has_value:
            empty.append(f"{column_letters(column)}{row}")
        rows[at][over] = cell
    return empty


def column_letters(number: int) -> str:
    """Write a column's number, from one, as letters."""
    letters = ""
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def trim(rows: list[list[Cell | None]]) -> None:
    """Drop empty rows at the end; formats pad sheets with them."""
    while rows and all(cell is not None and not cell.text and cell.formula is None for cell in rows[-1]):
        rows.pop()


def crop(
    rows: list[list[Cell | None]], top: int, left: int, height: int, width: int
) -> list[list[Cell | None]]:
    """Cut a rectangle out."""
    return [row[max(left, 0) : max(left + width, 0)] for row in rows[max(top, 0) : max(top + height, 0)]]
