"""Celery as the carrier: messages name a row and its fence, workers start it by compare-and-set."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from amqp.exceptions import RecoverableConnectionError
from kombu.exceptions import OperationalError
from kombu.messaging import Producer
from redis.exceptions import RedisError

from executor.adapters.celery.app import HARD_LIMIT_GRACES, TASK, make_celery, queue_of
from executor.common.executions import Claim
from executor.common.queues import PoolStatus, WorkerStatus
from executor.common.settings import ExecutorSettings
from executor.errors import CarrierUnavailable
from executor.ports.carrier import Carrier
from executor.ports.store import Store


class CeleryCarrier(Carrier):
    """Hands out only as much as there are free workers, so that our order is the order."""

    worker_id = None

    def __init__(self, *, store: Store, settings: ExecutorSettings) -> None:
        self._store = store
        self._settings = settings
        self._celery = make_celery(settings)
        self._queue = queue_of(settings)
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="executor-broker")
        self._draining = False
        self._connection: Any = None
        self._producer: Producer | None = None

    async def open(self) -> None:
        """The broker is looked for at the first message; the rows wait for it."""

    async def free_slots(self) -> int:
        if self._draining:
            return 0
        slots = sum(one.slots for one in await self._ready())
        most = min(slots + self._settings.work_queue_size, self._settings.max_concurrent_executions)
        return max(0, most - await self._store.active()) if slots else 0

    async def _ready(self) -> list[WorkerStatus]:
        workers = await self._store.workers(self._settings.lease_s)
        return [one for one in workers if one.healthy and one.state == "ready"]

    async def carry(self, claim: Claim) -> None:
        await asyncio.get_running_loop().run_in_executor(self._thread, self._send, claim)

    def _send(self, claim: Claim) -> None:
        limit_s = claim.timeout_s + self._settings.kill_grace_s * HARD_LIMIT_GRACES
        try:
            self._celery.send_task(
                TASK,
                args=[claim.execution_id, claim.fence],
                queue=self._queue,
                time_limit=limit_s,
                producer=self._connected(),
                retry=False,
            )
        except (OperationalError, RecoverableConnectionError, OSError, RedisError) as error:
            self._disconnect()
            raise CarrierUnavailable("The broker did not answer.") from error

    def _connected(self) -> Producer:
        """A producer of our own: Celery's pools are the process's, and closing them would close others'."""
        if self._producer is None:
            self._connection = self._celery.connection_for_write()
            self._producer = Producer(self._connection, auto_declare=False)  # type: ignore[no-untyped-call]
        return self._producer

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.release()
        self._connection = self._producer = None

    async def cancel(self, execution_id: str) -> None:
        """Workers hear of it over the bus and see it in the row."""

    async def status(self) -> PoolStatus:
        workers = await self._store.workers(self._settings.lease_s)
        busy = sum(one.busy for one in workers)
        slots = sum(one.slots for one in workers if one.healthy)
        return PoolStatus(
            backend="celery",
            min_workers=0,
            max_workers=self._settings.max_concurrent_executions,
            busy=busy,
            idle=max(0, slots - busy),
            draining=self._draining,
            workers=workers,
        )

    async def close(self, drain_s: float) -> None:
        """Workers go on: what they run and what is on its way does not need this process."""
        del drain_s
        self._draining = True
        await asyncio.to_thread(self._thread.shutdown)
        await asyncio.to_thread(self._disconnect)
        await asyncio.to_thread(self._celery.close)
