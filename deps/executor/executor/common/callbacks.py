"""Callbacks that wait for delivery, and the log of their deliveries."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class CallbackState(StrEnum):
    """`waiting` for the execution's end, `due` for delivery, then one of two ends."""

    WAITING = "waiting"
    DUE = "due"
    DELIVERED = "delivered"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class DueCallback:
    """A callback that this process has leased for one delivery."""

    callback_id: str
    execution_id: str
    tenant_id: str
    url: str
    attempt: int
    traceparent: str | None


@dataclass(frozen=True, slots=True)
class Delivery:
    """One attempt at delivering a callback."""

    attempt: int
    delivered_at: datetime
    status_code: int | None
    duration_ms: int
    error: str | None


@dataclass(frozen=True, slots=True)
class CallbackInfo:
    """A callback with its delivery log."""

    callback_id: str
    url: str
    state: CallbackState
    attempts: int
    next_attempt_at: datetime | None
    deliveries: tuple[Delivery, ...]
