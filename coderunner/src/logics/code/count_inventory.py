"""How many environments and packages there are, counted now and then for those who watch the service."""

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from coderunner.src.errors import DatabaseUnavailable
from coderunner.src.logics.code.ports.run_history import Inventory, RunHistory

_LOG = logging.getLogger(__name__)
_EVERY_S = 30.0
_ACTIVE = timedelta(hours=24)


class CountInventory:
    """Remembers the last count, so that reading it waits for nothing."""

    def __init__(self, *, history: RunHistory, now: Callable[[], datetime]) -> None:
        self._history = history
        self._now = now
        self.last = Inventory(0, 0, 0)

    async def keep_counting(self) -> None:
        """Count until cancelled; a database that is away leaves the last count."""
        while True:
            try:
                self.last = await self._history.inventory(self._now() - _ACTIVE)
            except DatabaseUnavailable as away:
                _LOG.warning("environments could not be counted: %s", away)
            await asyncio.sleep(_EVERY_S)
