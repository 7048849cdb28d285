"""Moments as callers write them."""

import re
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, AwareDatetime, BeforeValidator

_DATE = re.compile(r"\d{4}-")


def as_text(value: Any) -> Any:
    """Query strings turn numbers into moments as well: 20261121 would be a day of 1970."""
    if isinstance(value, str) and not _DATE.match(value):
        raise ValueError("write a moment as 2026-11-21T18:30:00Z")
    return value


def in_utc(value: datetime) -> datetime:
    """The same moment in UTC; the first and the last day of the calendar may have none there."""
    try:
        return value.astimezone(UTC)
    except OverflowError:
        raise ValueError("the moment is beyond the calendar") from None


Moment = Annotated[AwareDatetime, AfterValidator(in_utc)]
QueryMoment = Annotated[AwareDatetime, BeforeValidator(as_text), AfterValidator(in_utc)]
