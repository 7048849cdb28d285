"""The worker pool of one process: asyncio tasks that come with work and go when idle."""

import asyncio
import logging
from dataclasses import dataclass, field
from datetime import UTC, datetime

from executor.common.executions import Claim
from executor.common.queues import PoolStatus, WorkerStatus
from executor.common.settings import ExecutorSettings
from executor.core.attempts import AttemptRunner
from executor.core.live import Stop
from executor.ports.carrier import Carrier

log = logging.getLogger(__name__)
STUCK_AFTER_GRACES = 2


@dataclass(slots=True)
class _Worker:
    name: str
    started_at: datetime
    seen_at: datetime
    claim: Claim | None = None
    finished: int = 0
    task: "asyncio.Task[None] | None" = field(default=None)


class EmbeddedPool(Carrier):
    """Grows from the minimum to the maximum while claims come, shrinks after the idle time."""

    def __init__(self, *, runner: AttemptRunner, worker_id: str, settings: ExecutorSettings) -> None:
        self.worker_id = worker_id
        self._runner = runner
        self._settings = settings
        self._max = min(settings.max_workers, settings.max_concurrent_executions)
        self._min = min(settings.min_workers, self._max) if settings.enable_auto_scaling else self._max
        self._queue: asyncio.Queue[Claim] = asyncio.Queue()
        self._workers: dict[str, _Worker] = {}
        self._made = 0
        self._draining = False

    async def open(self) -> None:
        for _ in range(self._min):
            self._spawn()

    async def free_slots(self) -> int:
        return 0 if self._draining else self._max - self._busy() - self._queue.qsize()

    async def carry(self, claim: Claim) -> None:
        self._queue.put_nowait(claim)
        idle = len(self._workers) - self._busy()
        if idle < self._queue.qsize() and len(self._workers) < self._max:
            self._spawn()

    async def cancel(self, execution_id: str) -> None:
        self._runner.stop(execution_id, Stop.CANCEL)

    async def status(self) -> PoolStatus:
        busy = self._busy()
        return PoolStatus(
            backend="embedded",
            min_workers=self._min,
            max_workers=self._max,
            busy=busy,
            idle=len(self._workers) - busy,
            draining=self._draining,
            workers=[self._describe(worker) for worker in self._workers.values()],
        )

    async def close(self, drain_s: float) -> None:
        self._draining = True
        try:
            async with asyncio.timeout(drain_s):
                await self._quiet()
        except TimeoutError:
            self._runner.stop_all(Stop.INTERRUPT)
            await self._quiet()
        tasks = [worker.task for worker in self._workers.values() if worker.task]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    async def _quiet(self) -> None:
        await self._queue.join()

    def _busy(self) -> int:
        return sum(worker.claim is not None for worker in self._workers.values())

    def _spawn(self) -> None:
        self._made += 1
        now = datetime.now(UTC)
        worker = _Worker(f"worker-{self._made}", now, now)
        self._workers[worker.name] = worker
        worker.task = asyncio.create_task(self._work(worker), name=worker.name)
        worker.task.add_done_callback(lambda task: self._gone(worker, task))

    async def _work(self, worker: _Worker) -> None:
        while True:
            try:
                async with asyncio.timeout(self._settings.worker_idle_timeout_s):
                    claim = await self._queue.get()
            except TimeoutError:
                # Several may be idle at the same moment: who goes is no longer counted by the next one,
                # and nobody goes while a claim waits that this worker was counted for.
                if len(self._workers) > self._min and self._queue.empty():
                    del self._workers[worker.name]
                    return
                continue
            worker.claim, worker.seen_at = claim, datetime.now(UTC)
            try:
                await self._runner.run(claim)
            finally:
                worker.claim, worker.seen_at = None, datetime.now(UTC)
                worker.finished += 1
                self._queue.task_done()

    def _gone(self, worker: _Worker, task: "asyncio.Task[None]") -> None:
        self._workers.pop(worker.name, None)
        if task.cancelled() or task.exception() is None:
            return
        log.error("%s broke and is replaced", worker.name, exc_info=task.exception())
        if not self._draining:
            self._spawn()

    def _describe(self, worker: _Worker) -> WorkerStatus:
        claim = worker.claim
        limit_s = self._settings.kill_grace_s * STUCK_AFTER_GRACES + (claim.timeout_s if claim else 0.0)
        age_s = (datetime.now(UTC) - worker.seen_at).total_seconds()
        return WorkerStatus(
            worker_id=worker.name,
            state="busy" if claim else "idle",
            slots=1,
            busy=int(claim is not None),
            healthy=claim is None or age_s < limit_s,
            started_at=worker.started_at,
            heartbeat_at=worker.seen_at if claim else datetime.now(UTC),
            execution_ids=(claim.execution_id,) if claim else (),
            finished=worker.finished,
        )
