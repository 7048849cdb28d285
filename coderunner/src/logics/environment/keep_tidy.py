"""The clock of environments: idle ones and folders that nobody names any more go."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection

from coderunner.src.errors import DatabaseUnavailable
from coderunner.src.logics.environment.toolkit import EnvironmentToolkit

_LOG = logging.getLogger(__name__)
_EVERY_S = 120.0


UnderWay = Callable[[], Awaitable[Collection[str]]]


async def keep_tidy(toolkit: EnvironmentToolkit, under_way: UnderWay, every_s: float = _EVERY_S) -> None:
    """Tidy up now and then, for ever; a database that is away is tried again the next time."""
    while True:
        try:
            gone = await toolkit.tidy(await under_way())
        except DatabaseUnavailable as away:
            _LOG.warning("environments were not tidied up: %s", away)
        else:
            if gone:
                _LOG.info("%d unused environments, folders and wheels are gone", gone)
        await asyncio.sleep(every_s)
