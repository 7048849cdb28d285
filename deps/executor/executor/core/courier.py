"""Delivers callbacks from the outbox: signed, logged, tried again with growing pauses."""

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from executor.common.callbacks import DueCallback
from executor.common.codec import encode_json
from executor.common.executions import ExecutionInfo
from executor.common.settings import ExecutorSettings
from executor.common.tracing import child_of
from executor.core.signing import sign
from executor.errors import ExecutionNotFound
from executor.ports.callbacks import CallbackSender, Reception
from executor.ports.store import Store

BATCH = 20
PAUSE_FACTOR = 3
LONGEST_PAUSE_S = 6 * 3600.0
LEASE_TIMEOUTS = 3


class Courier:
    """One step delivers what is due. A crash in the middle means that a message comes twice, never not at all."""

    def __init__(
        self,
        *,
        store: Store,
        sender: CallbackSender,
        secret_of: Callable[[str], str],
        settings: ExecutorSettings,
    ) -> None:
        self._store = store
        self._sender = sender
        self._secret_of = secret_of
        self._settings = settings

    async def step(self) -> float:
        due = await self._store.due(BATCH, self._settings.callback_timeout_s * LEASE_TIMEOUTS)
        await asyncio.gather(*(self._deliver(callback) for callback in due))
        return 0.0 if len(due) == BATCH else self._settings.event_poll_s

    async def _deliver(self, callback: DueCallback) -> None:
        try:
            info = await self._store.get(callback.execution_id, callback.tenant_id)
        except ExecutionNotFound:
            return
        body = encode_json(message_of(info)).encode()
        started = time.monotonic()
        reception = await self._sender.send(callback.url, self._headers(callback, body), body)
        await self._store.delivered(
            callback,
            status_code=reception.status_code,
            duration_ms=round((time.monotonic() - started) * 1000),
            error=reception.error,
        )
        if reception.error is not None:
            await self._store.postpone(callback, self._next_attempt(callback, reception))

    def _headers(self, callback: DueCallback, body: bytes) -> dict[str, str]:
        timestamp = int(time.time())
        signature = sign(self._secret_of(callback.tenant_id), callback.callback_id, timestamp, body)
        headers = {
            "Content-Type": "application/json",
            "webhook-id": callback.callback_id,
            "webhook-timestamp": str(timestamp),
            "webhook-signature": signature,
        }
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
