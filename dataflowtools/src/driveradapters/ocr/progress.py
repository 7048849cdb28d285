"""Progress as server-sent events: one a page, then the result."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from pydantic import BaseModel

from servicekit.http import ApiHandler

T = TypeVar("T")
Tell = Callable[[int, int], None]


def replies_as_events(handler: ApiHandler) -> bool:
    """Whether the caller asked for events."""
    return "text/event-stream" in handler.request.headers.get("Accept", "").lower()


async def with_progress(
    handler: ApiHandler, work: Callable[[Tell], Awaitable[T]], render: Callable[[T], BaseModel]
) -> None:
    """Do the work and tell how far it is; an error ends the stream as an event."""
    steps: asyncio.Queue[tuple[int, int] | None] = asyncio.Queue()
    async with handler.event_stream() as stream:
        task = asyncio.ensure_future(_finish(work, steps))
        try:
            while (step := await steps.get()) is not None:
                done, total = step
                await stream.send("progress", {"page": done, "pages": total, "fraction": done / total})
            reply = await asyncio.to_thread(render, await task)
            await stream.send("result", reply.model_dump(mode="json"))
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


async def _finish(work: Callable[[Tell], Awaitable[T]], steps: "asyncio.Queue[tuple[int, int] | None]") -> T:
    try:
        return await work(lambda done, total: steps.put_nowait((done, total)))
    finally:
        steps.put_nowait(None)
