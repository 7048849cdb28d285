"""Heartbeats from a thread with its own loop, so that a handler that blocks does not look dead."""

import asyncio
import threading
from collections.abc import Callable
from datetime import UTC, datetime

from executor.common.queues import WorkerStatus
from executor.common.settings import ExecutorSettings
from executor.core.attempts import AttemptRunner
from executor.core.loops import until_stopped
from executor.ports.store import LeaseStore


class Heart:
    """Registers the worker and renews the leases of everything that the runner holds."""

    def __init__(
        self,
        *,
        store: LeaseStore,
        runner: AttemptRunner,
        worker_id: str,
        slots: int,
        settings: ExecutorSettings,
        draining: Callable[[], bool] = lambda: False,
    ) -> None:
        self._store = store
        self._runner = runner
        self._worker_id = worker_id
        self._slots = slots
        self._settings = settings
        self._is_draining = draining
        self._drains = False
        self._home: asyncio.AbstractEventLoop | None = None
        self._own_loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._ending = threading.Event()
        self._thread: threading.Thread | None = None

    async def start(self) -> None:
        """Register before anything is claimed, then go on in the thread."""
        self._home = asyncio.get_running_loop()
        await self._store.beat(self._status())
        self._thread = threading.Thread(target=self._live, name="executor-heart", daemon=True)
        self._thread.start()

    async def stop(self) -> None:
        self._ending.set()
        if self._own_loop is not None and self._stop is not None:
            self._own_loop.call_soon_threadsafe(self._stop.set)
        if self._thread is not None:
            await asyncio.to_thread(self._thread.join)
        await self._store.forget([self._worker_id])

    def drain(self) -> None:
        """Tell with the next beat that nothing new is wanted."""
        self._drains = True

    def _live(self) -> None:
        asyncio.run(self._beat_for_ever())

    async def _beat_for_ever(self) -> None:
        self._own_loop = asyncio.get_running_loop()
        self._stop = asyncio.Event()
        if self._ending.is_set():
            return
        await until_stopped("heartbeat", self._beat, self._stop)

    async def _beat(self) -> float:
        held = self._runner.held
        if held:
            renewal = await self._store.renew(self._worker_id, held, self._settings.lease_s)
            if (renewal.lost or renewal.cancel) and self._home is not None:
                self._home.call_soon_threadsafe(self._runner.obey, held, renewal)
        await self._store.beat(self._status())
        return self._settings.lease_s / 3

    def _status(self) -> WorkerStatus:
        now = datetime.now(UTC)
        held = tuple(self._runner.held)
        return WorkerStatus(
            worker_id=self._worker_id,
            state="draining" if self._drains or self._is_draining() else "ready",
            slots=self._slots,
            busy=len(held),
            healthy=True,
            started_at=now,
            heartbeat_at=now,
            execution_ids=held,
            finished=self._runner.finished,
        )
