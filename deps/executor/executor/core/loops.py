"""The supervisor of background loops: a failed pass is told and tried again, never fatal and never silent."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import TypeVar

from executor.errors import CarrierUnavailable, StoreUnavailable

T = TypeVar("T")
log = logging.getLogger(__name__)
FIRST_PAUSE_S = 0.1
LONGEST_PAUSE_S = 5.0


async def until_stopped(name: str, step: Callable[[], Awaitable[float]], stop: asyncio.Event) -> None:
    """Repeat `step`, which returns the seconds until its next turn; a step that has begun is finished."""
    pause_s = FIRST_PAUSE_S
    while not stop.is_set():
        try:
            delay_s = await step()
            pause_s = FIRST_PAUSE_S
        except (StoreUnavailable, CarrierUnavailable) as error:
            log.warning("%s waits: %s", name, error)
            delay_s = pause_s
            pause_s = min(LONGEST_PAUSE_S, pause_s * 2)
        except Exception:
            log.exception("%s failed and goes on", name)
            delay_s = pause_s
            pause_s = min(LONGEST_PAUSE_S, pause_s * 2)
        await is_set_within(stop, delay_s)


async def is_set_within(event: asyncio.Event, timeout_s: float) -> bool:
    """Wait for an event at most so long. Not `wait_for`, which swallows a cancellation on Python 3.11."""
    if timeout_s <= 0:
        await asyncio.sleep(0)
        return event.is_set()
    try:
        async with asyncio.timeout(timeout_s):
            await event.wait()
    except TimeoutError:
        return False
    return True


async def persistently(what: Callable[[], Awaitable[T]]) -> T:
    """Repeat while the database is away; what is repeated must be a compare-and-set."""
    pause_s = FIRST_PAUSE_S
    while True:
        try:
            return await what()
        except StoreUnavailable as error:
            log.warning("the database is away, trying again: %s", error)
        await asyncio.sleep(pause_s)
        pause_s = min(LONGEST_PAUSE_S, pause_s * 2)
