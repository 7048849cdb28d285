"""Delivers callbacks from the outbox: signed, logged, tried again with growing pauses."""

import asyncio
import json
import logging
import time
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from executor.common.callbacks import DueCallback
from executor.common.codec import encode_json
from executor.common.executions import ExecutionInfo
from executor.common.settings import ExecutorSettings
from executor.common.tracing import child_of
from executor.core.signing import sign
from executor.errors import ExecutionNotFound, ResultGone, ResultStoreUnavailable, StoreUnavailable
from executor.ports.callbacks import CallbackSender, Reception
from executor.ports.handler import Handler, OwnCallbacks
from executor.ports.results import ResultStore
from executor.ports.store import Store

log = logging.getLogger(__name__)
AT_ONCE = 40
AT_ONCE_OF_TENANT = 10
PAUSE_FACTOR = 3
LONGEST_PAUSE_S = 6 * 3600.0
LEASE_TIMEOUTS = 3
LAST_DELIVERIES_S = 2.0
SWITCHED_OFF = "Callbacks are switched off on this service."


class Courier:
    """One step begins to deliver what is due. A crash in the middle means that a message comes twice, never not at all.

    A receiver that does not answer holds up nobody: deliveries go on beside each other, a tenant's only so many.
    """

    def __init__(
        self,
        *,
        store: Store,
        results: ResultStore,
        handlers: Mapping[str, Handler],
        sender: CallbackSender,
        secret_of: Callable[[str], str] | None,
        settings: ExecutorSettings,
    ) -> None:
        self._store = store
        self._results = results
        self._handlers = handlers
        self._sender = sender
        self._secret_of = secret_of
        self._settings = settings
        self._under_way: dict[asyncio.Task[None], str] = {}

    async def step(self) -> float:
        room = min(AT_ONCE - len(self._under_way), AT_ONCE_OF_TENANT)
        if room <= 0:
            await self._until_one_ends()
            return 0.0
        counts = Counter(self._under_way.values())
        full = [tenant for tenant, count in counts.items() if count >= AT_ONCE_OF_TENANT]
        lease_s = self._settings.callback_timeout_s * LEASE_TIMEOUTS
        due = await self._store.due(room, lease_s, without_tenants=full)
        for callback in due:
            task = asyncio.create_task(self._deliver(callback), name=f"callback {callback.callback_id}")
            self._under_way[task] = callback.tenant_id
            task.add_done_callback(self._ended)
        return 0.0 if len(due) == room else self._settings.event_poll_s

    async def close(self) -> None:
        """What is under way may end; what does not is delivered again when its lease is over."""
        tasks = list(self._under_way)
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=LAST_DELIVERIES_S)
            for task in late:
                task.cancel()
            await asyncio.wait(tasks)

    async def _until_one_ends(self) -> None:
        await asyncio.wait(self._under_way, return_when=asyncio.FIRST_COMPLETED)

    def _ended(self, task: "asyncio.Task[None]") -> None:
        del self._under_way[task]
        error = None if task.cancelled() else task.exception()
        if isinstance(error, StoreUnavailable):
            log.warning("%s comes again: %s", task.get_name(), error)
        elif error is not None:
            log.error("%s failed and comes again", task.get_name(), exc_info=error)

    async def _deliver(self, callback: DueCallback) -> None:
        try:
            info = await self._store.get(callback.execution_id, callback.tenant_id)
            started = time.monotonic()
            reception = await self._sent(callback, info)
        except ExecutionNotFound:
            return
        await self._store.delivered(
            callback,
            status_code=reception.status_code,
            duration_ms=round((time.monotonic() - started) * 1000),
            error=reception.error,
        )
        if reception.error is not None:
            await self._store.postpone(callback, self._next_attempt(callback, reception))

    async def _sent(self, callback: DueCallback, info: ExecutionInfo) -> Reception:
        handler = self._handlers.get(info.kind)
        try:
            if isinstance(handler, OwnCallbacks):
                message = handler.callback_message(info, await self._output(info))
            elif self._secret_of is None:
                return Reception(None, SWITCHED_OFF)
            else:
                message = message_of(info)
        except ResultStoreUnavailable as error:
            return Reception(None, str(error))
        body = encode_json(message).encode()
        return await self._sender.send(callback.url, self._headers(callback, body), body)

    async def _output(self, info: ExecutionInfo) -> Any:
        result = await self._store.result(info.execution_id, info.tenant_id)
        if result.output.ref is None:
            return result.output.value
        try:
            return json.loads(b"".join([chunk async for chunk in self._results.read(result.output.ref)]))
        except ResultGone:
            return None

    def _headers(self, callback: DueCallback, body: bytes) -> dict[str, str]:
        timestamp = int(time.time())
        headers = {
            "Content-Type": "application/json",
            "webhook-id": callback.callback_id,
            "webhook-timestamp": str(timestamp),
        }
        if self._secret_of is not None:
            secret = self._secret_of(callback.tenant_id)
            headers["webhook-signature"] = sign(secret, callback.callback_id, timestamp, body)
        traceparent = child_of(callback.traceparent)
        return {**headers, "traceparent": traceparent} if traceparent else headers

    def _next_attempt(self, callback: DueCallback, reception: Reception) -> datetime | None:
        if reception.gone or callback.attempt >= self._settings.callback_max_attempts:
            return None
        pause_s = self._settings.callback_retry_s * PAUSE_FACTOR ** (callback.attempt - 1)
        return datetime.now(UTC) + timedelta(seconds=min(pause_s, LONGEST_PAUSE_S))


def message_of(info: ExecutionInfo) -> dict[str, object]:
    """What a callback says; the result itself is read with the caller's own key."""
    return {
        "type": f"execution.{info.status}",
        "timestamp": (info.ended_at or info.created_at).isoformat(),
        "data": {
            "execution_id": info.execution_id,
            "kind": info.kind,
            "status": info.status,
            "verdict": info.verdict,
            "error_reason": info.error_reason,
            "error_message": info.error_message,
            "attempt": info.attempt,
            "duration_ms": info.duration_ms,
            "session_id": info.session_id,
            "request_id": info.request_id,
        },
    }
