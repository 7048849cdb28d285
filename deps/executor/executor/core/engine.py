"""The engine as a service sees it: submit, watch, cancel, read; and the loops behind it."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import replace

from executor.common.callbacks import CallbackInfo
from executor.common.executions import AttemptInfo, ExecutionInfo, ExecutionResult, FinishedRun, Submission
from executor.common.journal import Event, ExecutionMetrics, LogLine, Metric, MetricFilter
from executor.common.queues import ExecutionFilter, Page, PoolStatus, QueueStatus
from executor.common.requests import Caller, ExecutionContext, ExecutionRequest
from executor.common.settings import ExecutorSettings
from executor.core.courier import Courier
from executor.core.dispatch import Dispatcher
from executor.core.following import Followers
from executor.core.heart import Heart
from executor.core.history import HistoryRecorder
from executor.core.loops import until_stopped
from executor.core.outputs import delete_whole
from executor.core.signing import tenant_secret
from executor.core.submitting import SubmitExecutions
from executor.core.sweep import Sweeper
from executor.errors import CallbackRefused, Draining, ExecutionStillActive
from executor.ports.bus import TOPIC_CANCEL, TOPIC_QUEUE, EventBus, topic_of
from executor.ports.carrier import Carrier
from executor.ports.monitoring import Monitoring
from executor.ports.permissions import PermissionChecker
from executor.ports.results import ResultStore
from executor.ports.scheduler import Scheduler
from executor.ports.store import Store

RETRY_AFTER_DRAIN_S = 5
LAST_STEP_S = 5.0
REFRESH_S = 5.0


class ExecutionEngine:
    """Owns the background loops; everything durable is in the rows."""

    def __init__(
        self,
        *,
        store: Store,
        results: ResultStore,
        bus: EventBus,
        carrier: Carrier,
        scheduler: Scheduler,
        submit: SubmitExecutions,
        permissions: PermissionChecker,
        kinds: Sequence[str],
        dispatcher: Dispatcher,
        sweeper: Sweeper,
        heart: Heart | None,
        courier: Courier | None,
        monitoring: Monitoring,
        settings: ExecutorSettings,
    ) -> None:
        self.settings = settings
        self.store = store
        self.results = results
        self._bus = bus
        self._carrier = carrier
        self._scheduler = scheduler
        self._submit = submit
        self._permissions = permissions
        self._kinds = kinds
        self._dispatcher = dispatcher
        self._sweeper = sweeper
        self._heart = heart
        self._courier = courier
        self._monitoring = monitoring
        self._followers = Followers(store=store, bus=bus)
        self._history = HistoryRecorder(store=store)
        self._loops: list[asyncio.Task[None]] = []
        self._dispatching: asyncio.Task[None] | None = None
        self._stop_dispatch = asyncio.Event()
        self._stop = asyncio.Event()
        self._draining = False

    # --- life ------------------------------------------------------------------------------------------
    async def start(self) -> None:
        """Recover what an earlier process left, then begin to carry."""
        await self._bus.open()
        self.store.tell_ends(self._tell_ends)
        if self._heart is not None:
            await self._heart.start()
        await self._carrier.open()
        await self._sweeper.sweep()
        self._begin("sweep", self._sweeper.step)
        self._begin("retention", self._sweeper.tidy)
        self._begin("history", self._history.step)
        if self._courier is not None:
            self._begin("callbacks", self._courier.step)
        self._begin("monitoring", self._refresh)
        self._dispatching = asyncio.create_task(self._dispatch(), name="dispatch")

    @property
    def loops(self) -> Sequence["asyncio.Task[None]"]:
        """Tasks that must not end while the engine runs, for the health page."""
        return (*self._loops, *([self._dispatching] if self._dispatching else []))

    async def _tell_ends(self, execution_ids: Sequence[str]) -> None:
        """Also of those that ended with another, or by the clock: somebody may wait for them."""
        for execution_id in execution_ids:
            await self._bus.publish(topic_of(execution_id))

    def _begin(self, name: str, step: Callable[[], Awaitable[float]]) -> None:
        self._loops.append(asyncio.create_task(until_stopped(name, step, self._stop), name=name))

    async def _refresh(self) -> float:
        await self._monitoring.refresh(await self.queue_status(), await self.pool_status())
        return REFRESH_S

    async def _dispatch(self) -> None:
        async with self._bus.subscribe(TOPIC_QUEUE) as woken:
            await until_stopped("dispatch", lambda: self._dispatcher.step(woken), self._stop_dispatch)

    async def stop(self, drain_s: float = 0.0) -> None:
        """Accept and start nothing new, let what runs end, then hand back what does not."""
        self._draining = True
        if self._heart is not None:
            self._heart.drain()
        # A claim that has begun must reach the carrier, so the dispatcher ends between two steps.
        self._stop_dispatch.set()
        await self._bus.publish(TOPIC_QUEUE)
        if self._dispatching is not None:
            await self._dispatching
        await self._carrier.close(drain_s)
        self._stop.set()
        self._history.close()
        await _finish(self._loops)
        if self._courier is not None:
            await self._courier.close()
        await self._history.flush()
        if self._heart is not None:
            await self._heart.stop()
        await self._bus.close()
        await self.store.close()

    # --- in --------------------------------------------------------------------------------------------
    async def submit(
        self, caller: Caller, request: ExecutionRequest, *, idempotency_key: str | None = None
    ) -> Submission:
        """Accept one request; the row is committed when this returns."""
        return (await self.submit_batch(caller, [request], idempotency_key=idempotency_key))[0]

    async def submit_batch(
        self,
        caller: Caller,
        requests: Sequence[ExecutionRequest],
        *,
        idempotency_key: str | None = None,
        ids: Sequence[str] = (),
    ) -> list[Submission]:
        """Accept all or none; later requests may depend on earlier ones by the ids given here."""
        self._require_open()
        return await self._submit(caller, requests, idempotency_key=idempotency_key, ids=ids)

    async def execute(self, caller: Caller, request: ExecutionRequest, wait_s: float) -> ExecutionInfo:
        """Submit and wait at most so long for the end."""
        submission = await self.submit(caller, request)
        return await self.wait(submission.execution_id, caller.tenant_id, wait_s)

    async def retry(
        self,
        caller: Caller,
        execution_id: str,
        *,
        asked: ExecutionContext | None = None,
        idempotency_key: str | None = None,
    ) -> Submission:
        """Run a finished execution's request once more, as a new execution: states move one way.

        It happens on behalf of whoever asks now, `asked`, as part of what the first one was part of.
        """
        self._require_open()
        info = await self.store.get(execution_id, caller.tenant_id)
        if not info.status.is_final:
            raise ExecutionStillActive(execution_id, info.status)
        request = await self.store.request_of(execution_id, caller.tenant_id)
        options = replace(request.options, not_before=None, deadline_at=None, depends_on=())
        context = replace(
            asked or request.context,
            session_id=request.context.session_id,
            environment=request.context.environment,
            parent_execution_id=info.parent_execution_id,
        )
        again = replace(request, options=options, context=context)
        return (await self._submit(caller, [again], idempotency_key=idempotency_key, retry_of=execution_id))[
            0
        ]

    async def record(self, run: FinishedRun, *, durable: bool = False) -> None:
        """Add a run that was carried outside the queue, within 200 ms, or now if `durable`."""
        await self._history.add(run, durable=durable)

    def _require_open(self) -> None:
        if self._draining:
            raise Draining("The service is stopping.", retry_after_s=RETRY_AFTER_DRAIN_S)

    # --- control ---------------------------------------------------------------------------------------
    async def cancel(self, execution_id: str, tenant_id: str | None, wait_s: float = 10.0) -> ExecutionInfo:
        """Cancel; for a running execution the answer comes when it is gone, or after `wait_s`."""
        info = await self.store.cancel(execution_id, tenant_id)
        await self._bus.publish(topic_of(execution_id))
        if info.status.is_final:
            return info
        await self._carrier.cancel(execution_id)
        await self._bus.publish(TOPIC_CANCEL)
        return await self.wait(execution_id, tenant_id, wait_s)

    async def delete(self, execution_id: str, tenant_id: str | None) -> None:
        """Remove a finished execution with its logs, events and result."""
        await delete_whole(self.store, self.results, execution_id, tenant_id)

    # --- who may see it --------------------------------------------------------------------------------
    def refusal(self, caller: Caller, kind: str) -> str | None:
        """Why executions of a kind are not for the caller to see, cancel or delete; None when they are."""
        return self._permissions.refusal(caller, kind)

    def refused_kinds(self, caller: Caller) -> Sequence[str]:
        """The kinds that the caller has nothing to do with."""
        return [kind for kind in self._kinds if self.refusal(caller, kind) is not None]

    # --- out -------------------------------------------------------------------------------------------
    async def get(self, execution_id: str, tenant_id: str | None) -> ExecutionInfo:
        return await self.store.get(execution_id, tenant_id)

    async def request_of(self, execution_id: str, tenant_id: str | None) -> ExecutionRequest:
        return await self.store.request_of(execution_id, tenant_id)

    async def wait(self, execution_id: str, tenant_id: str | None, wait_s: float) -> ExecutionInfo:
        """The execution at its end, or as it is when the time is over."""
        return await self._followers.until_end(execution_id, tenant_id, wait_s)

    async def result(self, execution_id: str, tenant_id: str | None) -> ExecutionResult:
        """The result; a large one has `output.ref`, which `read_result` streams."""
        return await self.store.result(execution_id, tenant_id)

    def read_result(self, result: ExecutionResult) -> AsyncIterator[bytes]:
        """The bytes of a result that is not in the row."""
        return self.results.read(result.output.ref or "")

    async def attempts(self, execution_id: str) -> list[AttemptInfo]:
        return await self.store.attempts(execution_id)

    async def page(self, wanted: ExecutionFilter, *, limit: int = 50, before: str | None = None) -> Page:
        return await self.store.page(wanted, limit, before)

    async def log_lines(
        self, execution_id: str, tenant_id: str | None, after: int, limit: int
    ) -> list[LogLine]:
        await self.store.get(execution_id, tenant_id)
        return await self.store.lines(execution_id, after, limit)

    def follow_lines(
        self, execution_id: str, tenant_id: str | None, after: int = 0
    ) -> AsyncGenerator[LogLine, None]:
        return self._followers.lines(execution_id, tenant_id, after)

    def follow_events(
        self, execution_id: str, tenant_id: str | None, after: int = 0
    ) -> AsyncGenerator[Event, None]:
        return self._followers.events(execution_id, tenant_id, after)

    async def metrics_of(self, execution_id: str, tenant_id: str | None) -> list[Metric]:
        await self.store.get(execution_id, tenant_id)
        return await self.store.metrics_of(execution_id)

    async def measurements(self, wanted: MetricFilter, limit: int = 1000) -> list[Metric]:
        return await self.store.measurements(wanted, limit)

    async def totals(self, wanted: MetricFilter) -> ExecutionMetrics:
        return await self.store.totals(wanted)

    async def callbacks_of(self, execution_id: str, tenant_id: str | None) -> list[CallbackInfo]:
        await self.store.get(execution_id, tenant_id)
        return await self.store.callbacks_of(execution_id)

    def callback_secret(self, tenant_id: str) -> str:
        """What a tenant verifies its callbacks with; CallbackRefused when callbacks are switched off."""
        root = self.settings.callback_secret
        if root is None:
            raise CallbackRefused("Callbacks are switched off on this service.")
        return tenant_secret(root.get_secret_value(), tenant_id)

    async def queue_status(self) -> QueueStatus:
        return await self._scheduler.queue_status()

    async def pool_status(self) -> PoolStatus:
        return await self._carrier.status()


async def _finish(tasks: Sequence["asyncio.Task[None]"]) -> None:
    """Loops end between two steps; one that is stuck in a step is cancelled."""
    if not tasks:
        return
    _, late = await asyncio.wait(tasks, timeout=LAST_STEP_S)
    for task in late:
        task.cancel()
    if late:
        await asyncio.wait(late)
