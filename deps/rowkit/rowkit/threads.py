"""A bounded set of threads for drivers that block."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


class BoundedThreads:
    """Runs blocking calls, so many at once; the adapter that owns it closes it."""

    def __init__(self, count: int, *, name: str) -> None:
        self._pool = ThreadPoolExecutor(max_workers=count, thread_name_prefix=name)

    async def run(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run the call in a thread; a cancelled caller still waits until a call that has begun is over.

        Otherwise a descriptor or a connection could be closed under the thread that uses it.
        """
        future = self._pool.submit(call, *args, **kwargs)
        try:
            return await asyncio.shield(asyncio.wrap_future(future))
        except asyncio.CancelledError:
            await _outlast(future)
            raise

    def close(self) -> None:
        """Wait for the calls under way and end the threads."""
        self._pool.shutdown(wait=True, cancel_futures=True)


async def _outlast(future: "Future[T]") -> None:
    if future.cancel():
        return
    over = asyncio.Event()
    loop = asyncio.get_running_loop()
    future.add_done_callback(lambda _: loop.call_soon_threadsafe(over.set))
    while not over.is_set():
        try:
            await over.wait()
        except asyncio.CancelledError:  # the first one is raised again by our caller
            continue
