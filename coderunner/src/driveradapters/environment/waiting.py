"""Long work behind a request: it is waited for as long as the caller asks, and told when that was not enough."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from coderunner.src.errors import InstallTimedOut

T = TypeVar("T")
DEFAULT_WAIT_S = 120.0


async def finished(work: Coroutine[Any, Any, T], wait_s: float | None) -> T:
    """What the work gives; InstallTimedOut ends it, and the environment stays as it was."""
    patience_s = DEFAULT_WAIT_S if wait_s is None else wait_s
    try:
        async with asyncio.timeout(patience_s):
            return await work
    except TimeoutError:
        message = f"installing was not finished within {patience_s:g} s and was undone; ask to wait longer"
        raise InstallTimedOut(message) from None
