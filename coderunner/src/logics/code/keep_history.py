"""The history is kept for a time and up to a number of runs."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from coderunner.src.errors import DatabaseUnavailable
from coderunner.src.logics.code.ports.run_history import RunHistory

_LOG = logging.getLogger(__name__)
_EVERY_S = 600.0
_FIRST_S = 5.0  # a start has other things to do


@dataclass(frozen=True, slots=True)
class Retention:
    """What is older, or beyond the newest so many runs, is deleted."""

    age: timedelta
    count: int


async def keep_history(history: RunHistory, retention: Retention, now: Callable[[], datetime]) -> None:
    """Delete until cancelled; a database that is away is asked again the next time."""
    await asyncio.sleep(_FIRST_S)
    while True:
        try:
            deleted = await history.trim(now() - retention.age, retention.count)
            if deleted:
                _LOG.info("%d old runs were deleted from the history", deleted)
        except DatabaseUnavailable as away:
            _LOG.warning("the history could not be trimmed: %s", away)
        await asyncio.sleep(_EVERY_S)
