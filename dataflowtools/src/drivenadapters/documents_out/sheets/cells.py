"""What a cell may hold, and how places are written."""

import re
from datetime import UTC, date, datetime
from typing import Any

from dataflowtools.src.errors import InvalidContent

MAX_ROWS, MAX_COLUMNS, MAX_TEXT = 1_048_576, 16_384, 32_767
_TEXTS = re.compile(r'"(?:[^"]|"")*"|\'(?:[^\']|\'\')*\'')
# What reaches out of the workbook: programs, other machines, the registry.
_REACHING = re.compile(
    r"\||(?<![A-Z0-9_.])(WEBSERVICE|FILTERXML|RTD|DDE|CALL|EXEC|REGISTER(\.ID)?|IMAGE)\s*\("
)
_FIRST_DAY = datetime(1899, 12, 30)  # noqa: DTZ001  # cells hold times without zones
_FIRST_YEAR = 1900


def in_range(row: int, column: int) -> None:
    """Refuse a place, counted from 0, that no sheet has."""
    if row >= MAX_ROWS or column >= MAX_COLUMNS:
        raise InvalidContent(f"A sheet holds {MAX_ROWS} rows and {MAX_COLUMNS} columns.")


def checked_formula(formula: str) -> str:
    """Return a formula with its =; InvalidContent for one that would reach out of the workbook."""
    text = formula.strip()
    if not text.removeprefix("="):
        raise InvalidContent("A formula is empty.")
    if _REACHING.search(_TEXTS.sub("", text).upper()):
        raise InvalidContent(
            f"The formula {text[:60]!r} would reach out of the workbook, so it is not written."
        )
    return text if text.startswith("=") else f"={text}"


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


def serial_of(value: date) -> float:
    """Give a date as spreadsheets count days."""
    moment = value if isinstance(value, datetime) else datetime(value.year, value.month, value.day)  # noqa: DTZ001  # the same
    return (moment.replace(tzinfo=None) - _FIRST_DAY).total_seconds() / 86_400
