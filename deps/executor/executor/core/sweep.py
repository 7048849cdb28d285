"""Upkeep on a clock, independent of traffic: lost workers, lost messages, ageing, retention."""

import logging
import time
from collections.abc import Callable
from contextlib import suppress

from executor.common.executions import Claim
from executor.common.settings import ExecutorSettings
from executor.core import verdicts
from executor.core.outputs import delete_whole
from executor.errors import ExecutionNotFound, ExecutionStillActive, StoreUnavailable
from executor.ports.bus import TOPIC_QUEUE, EventBus, topic_of
from executor.ports.results import ResultStore
from executor.ports.store import Store

log = logging.getLogger(__name__)
BATCH = 200
TIDY_EVERY_S = 60.0


class Sweeper:
    """One step looks at everything that nobody else would look at."""

    def __init__(
        self,
        *,
        store: Store,
        results: ResultStore,
        bus: EventBus,
        is_dead: Callable[[str], bool],
        settings: ExecutorSettings,
    ) -> None:
        self._store = store
        self._results = results
        self._bus = bus
        self._is_dead = is_dead
        self._settings = settings
        # Holders that outlived an outage need one lease of time to renew, whoever sees them first.
        self._patience_until = time.monotonic() + settings.lease_s

    async def step(self) -> float:
        try:
            await self.sweep()
        except StoreUnavailable:
            self._patience_until = time.monotonic() + self._settings.lease_s
            raise
        return self._settings.lease_s / 3

    async def sweep(self) -> None:
        dead, silent = await self._missing_workers()
        patient = time.monotonic() < self._patience_until
        for claim in await self._store.lapsed(BATCH, dead):
            if claim.worker_id in dead or not patient:
                await self._bury(claim, certain=claim.worker_id in dead)
        if dead or silent:
            log.info("workers are gone: %s", ", ".join([*dead, *silent]))
            await self._store.forget([*dead, *silent])
        changed = await self._store.recall() + await self._store.age(self._settings.ageing_s)
        if changed:
            await self._bus.publish(TOPIC_QUEUE)

    async def _missing_workers(self) -> tuple[list[str], list[str]]:
        """Processes of this machine that are gone for certain, and others that are silent and hold nothing."""
        workers = await self._store.workers(self._settings.lease_s)
        dead = [worker.worker_id for worker in workers if self._is_dead(worker.worker_id)]
        silent = [worker.worker_id for worker in workers if not worker.healthy and not worker.busy]
        return dead, silent

    async def _bury(self, claim: Claim, *, certain: bool) -> None:
        delay_s = self._settings.retry_delay_ms / 1000
        settlement = verdicts.after_loss(claim, self._settings.lease_s, delay_s)
        if await self._store.settle(claim, settlement, only_lapsed=not certain):
            log.warning("execution %s lost its worker: %s", claim.execution_id, settlement.status)
            await self._bus.publish(topic_of(claim.execution_id))
            await self._bus.publish(TOPIC_QUEUE)

    async def tidy(self) -> float:
        """Forget what no longer matters and delete what is beyond the retention, until nothing is left."""
        await self._store.tidy()
        return 0.0 if await self._retain() == BATCH else TIDY_EVERY_S

    async def _retain(self) -> int:
        settings = self._settings
        expired = await self._store.expired(settings.retention_s, settings.retention_count, BATCH)
        for execution_id in expired:
            with suppress(ExecutionNotFound, ExecutionStillActive):
                await delete_whole(self._store, self._results, execution_id, None)
        return len(expired)
