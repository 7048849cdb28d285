"""One attempt while it runs: what its handler sees, and the journal that it writes."""

import asyncio
import math
from collections.abc import Mapping
from datetime import UTC, datetime
from enum import Enum
from typing import Any

from executor.common.codec import clean_text, encode_json
from executor.common.executions import Claim
from executor.common.journal import LogLine, Metric
from executor.common.requests import LogLevel
from executor.common.tracing import child_of
from executor.ports.bus import EventBus, topic_of
from executor.ports.handler import Run
from executor.ports.store import JournalStore

MAX_LINE_CHARS = 8000
MAX_UNWRITTEN = 5000
MAX_EVENT_CHARS = 64
MAX_METRIC_CHARS = 128
MAX_UNIT_CHARS = 32


class Stop(Enum):
    """Why a running attempt is to end before its handler is done."""

    CANCEL = "cancel"
    TIMEOUT = "timeout"
    INTERRUPT = "interrupt"
    LOST = "lost"


class LiveRun(Run):
    """Buffers what the handler tells; `flush` writes it and wakes the followers."""

    def __init__(self, claim: Claim, *, journal: JournalStore, bus: EventBus, max_lines: int) -> None:
        self.claim = claim
        self.execution_id = claim.execution_id
        self.attempt = claim.attempt
        self.fence = claim.fence
        self.request = claim.request
        self.timeout_s = claim.timeout_s
        self.started_at = claim.claimed_at
        self.traceparent = child_of(claim.request.context.traceparent)
        self.cancelled = asyncio.Event()
        self.stop_reason: Stop | None = None
        self.dirty = asyncio.Event()
        self.closed = asyncio.Event()
        self._stopping = asyncio.Event()
        self._journal = journal
        self._bus = bus
        self._lines_left = max_lines
        self._lines: list[LogLine] = []
        self._events: list[tuple[str, Mapping[str, object]]] = []
        self._metrics: list[Metric] = []
        self._progress: float | None = None

    # --- the handler's side ----------------------------------------------------------------------------
    def log(self, level: LogLevel, message: str, **metadata: Any) -> None:
        if self._lines_left < 0 or not self.options.logging_level.keeps(level):
            return
        self._lines_left -= 1
        if self._lines_left < 0:
            level, message, metadata = LogLevel.WARNING, "The log is full; later lines are dropped.", {}
        encode_json(metadata)
        self._lines.append(
            LogLine(level, clean_text(message[:MAX_LINE_CHARS]), datetime.now(UTC), metadata, 0, self.attempt)
        )
        self.dirty.set()

    def emit(self, event_type: str, data: Mapping[str, Any]) -> None:
        if len(event_type) > MAX_EVENT_CHARS:
            raise ValueError(f"The name of an event may have {MAX_EVENT_CHARS} characters.")
        encode_json(data)
        if len(self._events) < MAX_UNWRITTEN:
            self._events.append((event_type, dict(data)))
        self.dirty.set()

    def progress(self, fraction: float, message: str = "", **detail: Any) -> None:
        self._progress = min(1.0, max(0.0, fraction))
        self.emit("progress", {**detail, "fraction": self._progress, "message": message})

    def metric(self, name: str, value: float, unit: str = "") -> None:
        if len(name) > MAX_METRIC_CHARS or len(unit) > MAX_UNIT_CHARS or not math.isfinite(value):
            raise ValueError("A metric needs a finite value, a name and a unit that are not too long.")
        self._metrics.append(Metric(name, float(value), unit, datetime.now(UTC), self.execution_id))
        self.dirty.set()

    # --- the runner's side -----------------------------------------------------------------------------
    def stop(self, reason: Stop) -> None:
        """Ask for the end; the first reason stands, except that a lost lease overrules."""
        if self.stop_reason is None or reason is Stop.LOST:
            self.stop_reason = reason
        self.cancelled.set()
        self._stopping.set()

    def close(self) -> None:
        """The handler is done: let the writer of the journal end."""
        self.closed.set()
        self.dirty.set()

    async def stopping(self) -> None:
        await self._stopping.wait()

    async def flush(self) -> bool:
        """Write what has gathered; False when this attempt has lost its right to write."""
        lines, self._lines = self._lines, []
        events, self._events = self._events, []
        metrics, self._metrics = self._metrics, []
        progress, self._progress = self._progress, None
        self.dirty.clear()
        if not (lines or events or metrics or progress is not None):
            return True
        kept = await self._journal.append(
            self.execution_id, self.fence, lines=lines, events=events, metrics=metrics, progress=progress
        )
        await self._bus.publish(topic_of(self.execution_id))
        return kept
