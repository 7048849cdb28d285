"""Runs claimed attempts: handler, limits, journal, and the one settlement at the end."""

import asyncio
import logging
import time
from collections.abc import Mapping
from contextlib import suppress

from executor.common.executions import Claim, ExecutionOutput, Outcome, Settlement
from executor.common.settings import ExecutorSettings
from executor.common.tracing import span_of
from executor.core import verdicts
from executor.core.live import LiveRun, Stop
from executor.core.loops import is_set_within, persistently
from executor.core.outputs import store_output
from executor.errors import ExecutorError, ResultStoreUnavailable, RetryableError
from executor.ports.bus import TOPIC_QUEUE, EventBus, topic_of
from executor.ports.handler import Handler
from executor.ports.monitoring import Monitoring
from executor.ports.results import ResultStore
from executor.ports.store import Renewal, Store

log = logging.getLogger(__name__)
FLUSH_EVERY_S = 0.2


class AttemptRunner:
    """Carries claims of one process and knows those that are alive."""

    def __init__(
        self,
        *,
        store: Store,
        handlers: Mapping[str, Handler],
        results: ResultStore,
        bus: EventBus,
        monitoring: Monitoring,
        settings: ExecutorSettings,
    ) -> None:
        self._store = store
        self._handlers = handlers
        self._results = results
        self._bus = bus
        self._monitoring = monitoring
        self._settings = settings
        self._live: dict[str, LiveRun] = {}
        self._idle = asyncio.Event()
        self._idle.set()
        self.finished = 0
        self.abandoned = 0

    @property
    def held(self) -> dict[str, int]:
        """The fences of what runs here, by execution; safe to read from another thread."""
        return {execution_id: run.fence for execution_id, run in list(self._live.items())}

    def stop(self, execution_id: str, reason: Stop) -> None:
        """Stop an attempt of this process, if it is one."""
        run = self._live.get(execution_id)
        if run is not None:
            run.stop(reason)

    def stop_all(self, reason: Stop) -> None:
        for run in list(self._live.values()):
            run.stop(reason)

    def obey(self, asked: Mapping[str, int], renewal: Renewal) -> None:
        """Do what a renewal of the leases `asked` found out."""
        for execution_id in renewal.lost | renewal.cancel:
            run = self._live.get(execution_id)
            if run is not None and run.fence == asked[execution_id]:
                run.stop(Stop.LOST if execution_id in renewal.lost else Stop.CANCEL)

    async def quiet(self) -> None:
        """Return when nothing runs."""
        await self._idle.wait()

    async def run(self, claim: Claim) -> None:
        """Carry one claim to its settlement."""
        run = LiveRun(
            claim,
            journal=self._store,
            bus=self._bus,
            max_lines=self._settings.max_log_lines if self._settings.enable_logging else 0,
        )
        self._live[claim.execution_id] = run
        self._idle.clear()
        started = time.monotonic()
        settled: Settlement | None = None
        self._monitoring.record_execution_start(claim)
        await self._bus.publish(topic_of(claim.execution_id))
        try:
            settlement = await self._carry(run)
            if settlement is not None and await self._settle(run, settlement):
                settled = settlement
        finally:
            self._monitoring.record_execution_end(claim, settled, time.monotonic() - started)
            log.info("attempt ended", extra={"fields": _line_of(run, settled, time.monotonic() - started)})
            del self._live[claim.execution_id]
            self.finished += 1
            if not self._live:
                self._idle.set()
        await self._bus.publish(topic_of(claim.execution_id))
        await self._bus.publish(TOPIC_QUEUE)

    async def _carry(self, run: LiveRun) -> Settlement | None:
        handler = self._handlers[run.claim.request.kind]
        work = asyncio.create_task(handler.run(run), name=f"execution {run.execution_id}")
        journal = asyncio.create_task(self._write_journal(run))
        try:
            await self._wait(work, run)
        finally:
            run.close()
            await journal
        return await self._judge(work, run)

    async def _wait(self, work: asyncio.Task[Outcome], run: LiveRun) -> None:
        """Wait for the handler; stop it at its limit or when told to; give it the grace to clean up."""
        stopping = asyncio.create_task(run.stopping())
        try:
            await asyncio.wait(
                {work, stopping}, timeout=self._time_left_s(run), return_when=asyncio.FIRST_COMPLETED
            )
        except asyncio.CancelledError:
            work.cancel()
            raise
        finally:
            stopping.cancel()
            with suppress(asyncio.CancelledError):
                await stopping
        if not work.done():
            run.stop(Stop.TIMEOUT)
            work.cancel()
            await asyncio.wait({work}, timeout=self._settings.kill_grace_s)
        if not work.done():
            self.abandoned += 1
            log.error("the handler of %s ignores its end and is given up", run.execution_id)

    def _time_left_s(self, run: LiveRun) -> float:
        deadline = run.options.deadline_at
        if deadline is None:
            return run.timeout_s
        return max(0.0, min(run.timeout_s, (deadline - run.started_at).total_seconds()))

    async def _write_journal(self, run: LiveRun) -> None:
        while not run.closed.is_set():
            await run.dirty.wait()
            await persistently(run.flush)
            await is_set_within(run.closed, FLUSH_EVERY_S)

    async def _judge(self, work: asyncio.Task[Outcome], run: LiveRun) -> Settlement | None:
        delay_s = self._settings.retry_delay_ms / 1000
        if run.stop_reason is Stop.LOST:
            return None
        if not work.done() or work.cancelled():
            return self._stopped(run, delay_s)
        error = work.exception()
        if error is None:
            return await self._answered(work.result(), run, delay_s)
        if isinstance(error, RetryableError):
            return verdicts.after_retryable(run.claim, str(error), delay_s)
        if isinstance(error, ExecutorError):
            return verdicts.after_error(str(error), error.code)
        log.error("the handler of %s failed", run.execution_id, exc_info=error)
        return verdicts.after_error("The handler failed unexpectedly.")

    def _stopped(self, run: LiveRun, delay_s: float) -> Settlement:
        match run.stop_reason:
            case Stop.CANCEL:
                return verdicts.after_cancel()
            case Stop.TIMEOUT:
                return verdicts.after_timeout(run.claim, delay_s)
            case Stop.INTERRUPT:
                return verdicts.after_loss(run.claim, self._settings.lease_s, 0.0)
            case _:
                return verdicts.after_error("The handler gave itself up.")

    async def _answered(self, outcome: Outcome, run: LiveRun, delay_s: float) -> Settlement:
        try:
            output = await store_output(self._results, run.claim, outcome, self._settings.result_inline_bytes)
        except (TypeError, ValueError) as error:
            log.error("the result of %s is not JSON: %s", run.execution_id, error)  # noqa: TRY400 - no stack needed
            return verdicts.after_error("The handler's result is not JSON.")
        except ResultStoreUnavailable as error:
            return verdicts.after_error(str(error), error.code)
        return verdicts.after_outcome(run.claim, outcome, output, delay_s)

    async def _settle(self, run: LiveRun, settlement: Settlement) -> bool:
        await persistently(run.flush)
        settled = await persistently(lambda: self._store.settle(run.claim, settlement))
        if not settled:
            log.warning("a late result of %s was refused", run.execution_id)
            await self._drop(settlement.output)
        elif settlement.output is None or not settlement.status.is_final:
            await self._drop(settlement.output)
        return settled

    async def _drop(self, output: ExecutionOutput | None) -> None:
        if output is not None and output.ref is not None:
            await self._results.delete(output.ref)


def _line_of(run: LiveRun, settled: Settlement | None, run_s: float) -> dict[str, object]:
    """What the service's log keeps of an attempt: a span of the caller's trace, and the names to find it by."""
    return {
        **span_of(run.traceparent, run.context.traceparent),
        "execution_id": run.execution_id,
        "tenant_id": run.context.tenant_id,
        "request_id": run.context.request_id,
        "kind": run.request.kind,
        "attempt": run.attempt,
        "status": str(settled.status) if settled else "lost",
        "queue_wait_ms": round((run.started_at - run.claim.ready_at).total_seconds() * 1000),
        "duration_ms": round(run_s * 1000),
    }
