"""The pool: families of limited workers with bounded queues."""

import asyncio
import logging
import os
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Self

from dataflowtools.src.drivenadapters.workers.families import FamilyReport, JobReport, JobResult, WorkerFamily
from dataflowtools.src.drivenadapters.workers.worker_process import Assignment, Progress, WorkerProcess
from dataflowtools.src.errors import DataflowError, WorkerCrashed, WorkersBusy, WorkersUnavailable

_RETIRE_AGAIN_S = 0.5
_LOG = logging.getLogger(__name__)
REQUIRED_LAYERS = frozenset({"no_new_privileges", "seccomp"})


class _Crew:
    """The workers of one family and the queue before them."""

    def __init__(self, family: WorkerFamily, uids: Iterable[int | None], required: frozenset[str]) -> None:
        self.family = family
        self.idle: list[WorkerProcess] = []
        self.busy: set[WorkerProcess] = set()
        self.waiting = 0
        self.started = 0
        self.layers: tuple[str, ...] = ()
        self.missing_layers: tuple[str, ...] = ()
        self._free_uids = list(uids)
        self._room = asyncio.Semaphore(family.size)
        self._required = required
        self._refills: set[asyncio.Task[None]] = set()
        self._burials: set[asyncio.Task[None]] = set()
        self._rests: dict[WorkerProcess, asyncio.TimerHandle] = {}
        self._closing = False

    async def acquire(self) -> WorkerProcess:
        """Wait for a worker; WorkersBusy when the queue is full or the wait too long."""
        if self._room.locked() and self.waiting >= self.family.queue_limit:
            raise WorkersBusy(f"All {self.family.name} workers are busy and their queue is full.")
        self.waiting += 1
        try:
            async with asyncio.timeout(self.family.queue_timeout_s):
                await self._room.acquire()
        except TimeoutError as exc:
            raise WorkersBusy(f"No {self.family.name} worker became free in time.") from exc
        finally:
            self.waiting -= 1
        try:
            worker = await self._take_idle() or await self._start()
        except BaseException:
            self._room.release()
            raise
        self.busy.add(worker)
        return worker

    async def _take_idle(self) -> WorkerProcess | None:
        if self._refills:
            await asyncio.wait(
                self._refills
            )  # unlike gather, it leaves them alone when this caller goes away
        while self.idle:
            worker = self.idle.pop()
            self._rests.pop(worker).cancel()
            if worker.alive:
                return worker
            await self._bury(worker)
        return None

    async def _start(self) -> WorkerProcess:
        if self._closing:
            raise WorkersUnavailable("The service is shutting down.")
        worker = WorkerProcess(self.family, self._free_uids.pop())
        try:
            await worker.start()
        except BaseException:
            self._free_uids.append(worker.uid)
            _LOG.exception("a %s worker does not start: %s", self.family.name, worker.last_words())
            raise
        self.started += 1
        self.layers, self.missing_layers = worker.layers, worker.missing_layers
        lacking = self._required - set(worker.layers)
        if lacking:
            await self._bury(worker)
            raise WorkersUnavailable(
                f"Workers cannot be confined here: {', '.join(sorted(lacking))} missing."
            )
        return worker

    async def release(self, worker: WorkerProcess) -> None:
        """Take a worker back; a worn or dead one is replaced in the background."""
        self.busy.discard(worker)
        try:
            if worker.worn or self._closing:
                await self._bury(worker)
                self._refill()
            else:
                self._rest(worker)
        finally:
            self._room.release()

    def _rest(self, worker: WorkerProcess) -> None:
        """Let a worker wait for its next job, which may not come for long."""
        self.idle.append(worker)
        loop = asyncio.get_running_loop()
        self._rests[worker] = loop.call_later(self.family.idle_s, self._retire, worker)

    def _retire(self, worker: WorkerProcess) -> None:
        """End a worker that nobody needed; one at a time, for a uid is free only when its worker is gone."""
        if self._burials:
            loop = asyncio.get_running_loop()
            self._rests[worker] = loop.call_later(_RETIRE_AGAIN_S, self._retire, worker)
            return
        self.idle.remove(worker)
        del self._rests[worker]
        task = asyncio.create_task(self._bury(worker), name=f"end an idle {self.family.name} worker")
        self._burials.add(task)
        task.add_done_callback(self._burials.discard)

    def prepare(self) -> None:
        """Start a worker in the background unless there is one."""
        if not self.busy:
            self._refill()

    def _refill(self) -> None:
        if self._closing or self.idle or self._refills:
            return
        task = asyncio.create_task(self._prepare(), name=f"start a {self.family.name} worker")
        self._refills.add(task)
        task.add_done_callback(self._refills.discard)

    async def _prepare(self) -> None:
        try:
            self._rest(await self._start())
        except WorkersUnavailable:
            return  # logged where it happened; the next job tries again and tells its caller

    async def _bury(self, worker: WorkerProcess) -> None:
        await worker.kill()
        self._free_uids.append(worker.uid)

    async def close(self) -> None:
        """Kill every worker, busy ones too."""
        self._closing = True
        for timer in self._rests.values():
            timer.cancel()
        await asyncio.gather(*self._refills, *self._burials)
        for worker in (*self.idle, *self.busy):
            await worker.kill()
        self.idle.clear()
        self._rests.clear()

    def report(self) -> FamilyReport:
        """What the family does now."""
        family = self.family
        return FamilyReport(
            family.name, family.size, len(self.busy), len(self.idle), self.waiting, self.started,
            self.layers, self.missing_layers,
        )  # fmt: skip


class LimitedWorkers:
    """Runs named jobs in limited worker processes; see the package's docstring for how to use it."""

    def __init__(
        self,
        families: Sequence[WorkerFamily],
        *,
        first_uid: int = 64_000,
        required_layers: frozenset[str] = REQUIRED_LAYERS,
        on_job: Callable[[JobReport], None] | None = None,
    ) -> None:
        self._crews: dict[str, _Crew] = {}
        self._by_job: dict[str, _Crew] = {}
        self._on_job = on_job
        for family in families:
            # One spare: a replacement may start while the worker it replaces is still being buried.
            count = family.size + 2
            uids = list(range(first_uid, first_uid + count)) if os.geteuid() == 0 else [None] * count
            first_uid += count
            crew = _Crew(family, uids, required_layers)
            self._crews[family.name] = crew
            self._by_job |= dict.fromkeys(family.jobs, crew)

    async def run(
        self,
        job: str,
        arguments: Mapping[str, Any],
        *,
        files: Sequence[int] = (),
        timeout_s: float,
        memory_bytes: int,
        on_progress: Progress | None = None,
    ) -> JobResult:
        """Run a job; its worker is killed when the time is over and when this call is cancelled."""
        crew = self._by_job[job]
        queued = time.monotonic()
        worker = await crew.acquire()
        began = time.monotonic()
        outcome = "cancelled"
        try:
            result = await worker.run(
                Assignment(job, arguments, files, timeout_s, memory_bytes, on_progress),
            )
            outcome = "ok"
        except DataflowError as error:
            outcome = error.code
            if isinstance(error, WorkerCrashed):
                _LOG.warning("%s crashed: %s", job, worker.last_words())
            raise
        else:
            return result
        finally:
            report = JobReport(
                crew.family.name, job, outcome, began - queued, time.monotonic() - began, worker.peak_bytes
            )
            await asyncio.shield(crew.release(worker))
            if self._on_job is not None:
                self._on_job(report)

    def prepare(self, job: str) -> None:
        """Start a worker that can do the job in the background, when a job is sure to come soon."""
        self._by_job[job].prepare()

    def report(self) -> list[FamilyReport]:
        """What every family does now and how confined its workers are."""
        return [crew.report() for crew in self._crews.values()]

    async def close(self) -> None:
        """Kill all workers."""
        await asyncio.gather(*(crew.close() for crew in self._crews.values()))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()
