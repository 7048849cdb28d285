"""What a cell may hold, and how places are written."""

import re
from datetime import UTC, date, datetime
from typing import Any

from dataflowtools.src.drivenadapters.documents_out.sheets.functions import stored
from dataflowtools.src.drivenadapters.documents_out.word.markup import legal
from dataflowtools.src.errors import InvalidContent

MAX_ROWS, MAX_COLUMNS, MAX_TEXT = 1_048_576, 16_384, 32_767
_TEXTS = re.compile(r'"(?:[^"]|"")*"|\'(?:[^\']|\'\')*\'')
# What reaches out of the workbook: programs, other machines, the registry.
_REACHING = re.compile(
    r"\||(?<![A-Z0-9_.])(WEBSERVICE|FILTERXML|RTD|DDE|CALL|EXEC|REGISTER(\.ID)?|IMAGE)\s*\("
)
# Another workbook, by its path or by the number of a link: 'C:\\[a.xlsx]Sheet'!A1, [1]Sheet!A1.
_OUTSIDE = re.compile(r"'(?:[^']|'')*\[(?:[^']|'')*'!|\[[^\[\]]+\][\w.]*!")
_FORMAT_TEXTS = re.compile(r'"[^"]*"|\\.|[_*].|\[[^\[\]]+\]')
_FORMAT_PARTS = 4
_STRINGS = re.compile(r'"(?:[^"]|"")*"')
_FIRST_DAY = datetime(1899, 12, 30)  # noqa: DTZ001  # cells hold times without zones
_FIRST_DAY_OF_OLD_MACS = datetime(1904, 1, 1)  # noqa: DTZ001  # the same
_AFTER_NO_LEAP_DAY = 61  # spreadsheets count a 29 February 1900, which never was
_EXACT = 10**15  # spreadsheets show 15 digits and make zeros of the others
_FIRST_YEAR = 1900


def in_range(row: int, column: int) -> None:
    """Refuse a place, counted from 0, that no sheet has."""
    if row >= MAX_ROWS or column >= MAX_COLUMNS:
        raise InvalidContent(f"A sheet holds {MAX_ROWS} rows and {MAX_COLUMNS} columns.")


def checked_formula(formula: str) -> str:
    """Return a formula with its =; InvalidContent for one that would reach out of the workbook."""
    text = legal(formula.strip())
    if not text.removeprefix("="):
        raise InvalidContent("A formula is empty.")
    _check_ends(text)
    if _REACHING.search(_TEXTS.sub("", text).upper()) or _OUTSIDE.search(_STRINGS.sub("", text)):
        raise InvalidContent(
            f"The formula {text[:60]!r} would reach out of the workbook, so it is not written."
        )
    return stored(text if text.startswith("=") else f"={text}")


def _check_ends(formula: str) -> None:
    """Refuse what no spreadsheet reads: programs call such a workbook broken and take the formula out."""
    bare = _TEXTS.sub("", formula)
    depth = 0
    for sign in bare:
        depth += (sign == "(") - (sign == ")")
        if depth < 0:
            break
    if depth or '"' in bare:
        lacking = "a quote is not closed" if '"' in bare else "its parentheses do not match"
        raise InvalidContent(f"The formula {formula[:60]!r} is not complete: {lacking}.")


def checked_format(code: str) -> str:
    """Return a number format; InvalidContent for one that makes spreadsheets call the workbook broken."""
    bare = _FORMAT_TEXTS.sub("", code)
    if '"' in bare or "[" in bare or "]" in bare or bare.count(";") >= _FORMAT_PARTS:
        raise InvalidContent(f"{code[:60]!r} is no number format; it is written like 0.00 or yyyy-mm-dd.")
    return code


def is_kept_as_text(value: Any) -> bool:
    """Whether a value is written as text: what is one, and whole numbers that a cell would round."""
    return isinstance(value, str) or (isinstance(value, int) and abs(value) >= _EXACT)


def date_of(value: Any) -> datetime:
    """Read an ISO 8601 date or time; a zone is dropped after turning to UTC."""
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError:
        raise InvalidContent(f"{str(value)[:40]!r} is no date in ISO 8601.") from None
    moment = moment if moment.tzinfo is None else moment.astimezone(UTC).replace(tzinfo=None)
    if moment.year < _FIRST_YEAR:
        raise InvalidContent("Spreadsheets know no date before 1900.")
    return moment


def serial_of(value: date, *, from_1904: bool = False) -> float:
    """Give a date as spreadsheets count days; InvalidContent for one before their first."""
    moment = value if isinstance(value, datetime) else datetime(value.year, value.month, value.day)  # noqa: DTZ001  # the same
    first = _FIRST_DAY_OF_OLD_MACS if from_1904 else _FIRST_DAY
    days = (moment.replace(tzinfo=None) - first).total_seconds() / 86_400
    if days < 0:
        raise InvalidContent("The workbook counts days from 1904; it knows no date before.")
    return days if from_1904 or days >= _AFTER_NO_LEAP_DAY else days - 1
