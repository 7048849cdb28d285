"""The worker command: Celery brings messages, a loop in a thread of each process carries the executions."""

import asyncio
import logging
import multiprocessing
import os
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import dataclass
from typing import Literal

from celery import Celery, signals

from executor.adapters.bus import open_bus
from executor.adapters.celery.app import TASK, make_celery, queue_of
from executor.adapters.machine import machine_admission, make_worker_id
from executor.adapters.sql.store import SqlStore
from executor.common.settings import ExecutorSettings
from executor.core.attempts import AttemptRunner
from executor.core.heart import Heart
from executor.core.live import Stop
from executor.core.loops import persistently, until_stopped
from executor.core.plugins import with_custom_executor
from executor.errors import CarrierUnavailable, ConfigurationError
from executor.ports.bus import TOPIC_CANCEL, TOPIC_QUEUE, EventBus, Subscription, topic_of
from executor.ports.handler import Handler
from executor.ports.monitoring import Monitoring
from executor.ports.results import ResultStore

log = logging.getLogger(__name__)
START_S = 50.0
EXIT_ABANDONED = 70
CANCEL_POLL_S = 1.0
ROOM_POLL_S = 0.25


@dataclass(frozen=True, slots=True)
class WorkerParts:
    """What a service gives its workers; opened once in every process."""

    handlers: Mapping[str, Handler]
    results: ResultStore
    monitoring: Monitoring


@dataclass(frozen=True, slots=True)
class WorkerPlan:
    """How a worker is set up. Nothing is opened before the processes are forked.

    With `prefork` each slot is a process that a hard limit can kill. With `threads` one process has all
    slots: for handlers whose work happens in processes of their own, such as a sandbox that they share.
    """

    settings: ExecutorSettings
    database_url: str
    parts: Callable[[], AbstractAsyncContextManager[WorkerParts]]
    slots: int
    pool: Literal["prefork", "threads"] = "prefork"


class WorkerRuntime:
    """An event loop in a thread, with everything that attempts need."""

    def __init__(self, plan: WorkerPlan, *, slots: int, draining: Callable[[], bool]) -> None:
        self._plan = plan
        self._slots = slots
        self._draining = draining
        self._worker_id = make_worker_id()
        self._opened = threading.Event()
        self._ready = False
        self._thread = threading.Thread(target=self._live, name="executor-worker", daemon=True)

    def start(self) -> None:
        """Return when everything is open; ConfigurationError when it cannot be."""
        self._thread.start()
        if not self._opened.wait(START_S) or not self._ready:
            raise ConfigurationError("The worker could not start; the log says why.")

    def carry(self, execution_id: str, fence: int) -> None:
        """Run one message's execution to its end, if it is still to be run."""
        asyncio.run_coroutine_threadsafe(self._carry(execution_id, fence), self._loop).result()

    def stop(self) -> None:
        """Hand back what runs and close."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._ending.set)
            self._thread.join()

    def _live(self) -> None:
        try:
            asyncio.run(self._open_and_serve())
        finally:
            self._opened.set()  # also when it failed: the thread's own hook has told why

    async def _open_and_serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._ending = asyncio.Event()
        settings = self._plan.settings
        async with AsyncExitStack() as stack:
            parts = await stack.enter_async_context(self._plan.parts())
            self._store = SqlStore(
                self._plan.database_url,
                threads=settings.worker_count,
                with_metrics=settings.enable_monitoring,
            )
            stack.push_async_callback(self._store.close)
            self._bus = open_bus(settings)
            await self._bus.open()
            stack.push_async_callback(self._bus.close)
            self._store.tell_ends(self._tell_ends)
            self._runner = self._make_runner(parts, self._bus)
            heart = Heart(
                store=self._store,
                runner=self._runner,
                worker_id=self._worker_id,
                slots=self._slots,
                settings=settings,
                draining=self._draining,
            )
            await persistently(heart.start)
            stack.push_async_callback(heart.stop)
            await self._bus.publish(TOPIC_QUEUE)
            self._ready = True
            self._opened.set()
            await self._serve()

    async def _tell_ends(self, execution_ids: Sequence[str]) -> None:
        for execution_id in execution_ids:
            await self._bus.publish(topic_of(execution_id))

    def _make_runner(self, parts: WorkerParts, bus: EventBus) -> AttemptRunner:
        settings = self._plan.settings
        return AttemptRunner(
            store=self._store,
            handlers=with_custom_executor(parts.handlers, settings.executor_class),
            results=parts.results,
            bus=bus,
            monitoring=parts.monitoring,
            settings=settings,
        )

    async def _serve(self) -> None:
        async with self._bus.subscribe(TOPIC_CANCEL) as woken:
            watch = asyncio.create_task(
                until_stopped("cancel watch", lambda: self._obey_cancels(woken), self._ending)
            )
            await self._ending.wait()
            self._runner.stop_all(Stop.INTERRUPT)
            await self._runner.quiet()
            await watch

    async def _obey_cancels(self, woken: Subscription) -> float:
        await woken.wait(CANCEL_POLL_S)
        held = self._runner.held
        if held:
            self._runner.obey(held, await self._store.cancels(self._worker_id, held))
        return 0.0

    async def _has_room(self, patience_s: float) -> bool:
        """Whether the machine has memory and time for one more, or gets them soon."""
        admission = machine_admission(self._plan.settings)
        give_up = self._loop.time() + patience_s
        while not admission.allowed(1):
            if self._loop.time() > give_up:
                return False
            await asyncio.sleep(ROOM_POLL_S)
        return True

    async def _carry(self, execution_id: str, fence: int) -> None:
        lease_s = self._plan.settings.lease_s
        if not await self._has_room(lease_s / 2):
            log.warning("execution %s is left to another worker: this machine is busy", execution_id)
            return  # its hand-out lapses, and it is sent again
        claim = await persistently(
            lambda: self._store.start(execution_id, fence, worker_id=self._worker_id, lease_s=lease_s)
        )
        if claim is None:
            log.info("execution %s is not to be started any more", execution_id)
            return
        await self._runner.run(claim)
        if self._runner.abandoned and self._plan.pool == "prefork":
            # A handler that ignored its end still runs in here; Celery starts a fresh process.
            log.error("the process ends, because a handler does not")
            os._exit(EXIT_ABANDONED)


def run_worker(plan: WorkerPlan) -> None:
    """Work until SIGTERM; then end what runs, take nothing new."""
    if plan.settings.executor_backend != "celery":
        raise ConfigurationError("A worker needs EXECUTOR_BACKEND=celery, as its service does.")
    if plan.database_url.startswith("sqlite"):
        raise ConfigurationError("EXECUTOR_BACKEND=celery needs MySQL or MariaDB; SQLite has one machine.")
    draining = multiprocessing.Event()
    process = _Process(plan, draining.is_set)
    celery = make_celery(plan.settings)
    _declare_task(celery, process)
    signals.setup_logging.connect(lambda **_: _quieten(), weak=False)
    signals.worker_shutting_down.connect(lambda **_: draining.set(), weak=False)
    if plan.pool == "prefork":
        signals.worker_process_init.connect(lambda **_: process.open(1), weak=False)
        signals.worker_process_shutdown.connect(lambda **_: process.close(), weak=False)
    else:
        process.open(plan.slots)
    try:
        celery.worker_main(_arguments(plan))
    finally:
        process.close()


def _quieten() -> None:
    """Logging is the command's own, and who listens to this signal keeps Celery from changing it."""
    logging.getLogger("celery").setLevel(logging.WARNING)


class _Process:
    """The one runtime of a process."""

    def __init__(self, plan: WorkerPlan, draining: Callable[[], bool]) -> None:
        self._plan = plan
        self._draining = draining
        self._runtime: WorkerRuntime | None = None

    def open(self, slots: int) -> None:
        self._runtime = WorkerRuntime(self._plan, slots=slots, draining=self._draining)
        self._runtime.start()

    def close(self) -> None:
        if self._runtime is not None:
            self._runtime.stop()
            self._runtime = None

    def carry(self, execution_id: str, fence: int) -> None:
        if self._runtime is None:
            raise CarrierUnavailable("The worker is not open.")
        self._runtime.carry(execution_id, fence)


def _declare_task(celery: Celery, process: _Process) -> None:
    def run(execution_id: str, fence: int) -> None:
        process.carry(execution_id, fence)

    celery.task(run, name=TASK)


def _arguments(plan: WorkerPlan) -> list[str]:
    return [
        "--quiet",  # no banner among the lines of the log
        "worker",
        "--pool",
        plan.pool,
        "--concurrency",
        str(plan.slots),
        "--queues",
        queue_of(plan.settings),
        "--without-gossip",
        "--without-mingle",
    ]
