"""What becomes of an execution when an attempt ends: pure decisions."""

from datetime import datetime, timedelta

from executor.common.codec import clean_text
from executor.common.executions import (
    REASON_CANCELLED,
    REASON_DEADLINE,
    REASON_HANDLER_ERROR,
    REASON_RETRIES_EXHAUSTED,
    REASON_TIMEOUT,
    REASON_WORKER_LOST,
    Claim,
    ExecutionOutput,
    Outcome,
    Settlement,
)
from executor.common.requests import ExecutionOptions
from executor.common.states import ExecutionStatus, state_of_verdict

MAX_LOSSES = 3
MAX_MESSAGE_CHARS = 4000
MAX_NAME_CHARS = 64


def retry_delay_s(options: ExecutionOptions, retry: int, default_s: float) -> float:
    """The delay before retry number `retry` (1 is the first)."""
    first = default_s if options.retry_delay_s is None else options.retry_delay_s
    return float(min(options.retry_max_delay_s, first * options.retry_backoff ** (retry - 1)))


def after_outcome(
    claim: Claim, outcome: Outcome, output: ExecutionOutput, default_delay_s: float
) -> Settlement:
    """The handler answered. A bad verdict is an answer, tried again only when the request lists it."""
    status = state_of_verdict(outcome.verdict)
    bad = status in (ExecutionStatus.FAILED, ExecutionStatus.TIMED_OUT)
    reason = outcome.verdict[:MAX_NAME_CHARS] if bad else None
    if bad and outcome.verdict in claim.request.options.retry_on:
        again = _again(claim, reason, outcome.message, default_delay_s)
        if again is not None:
            return again
    return Settlement(status, outcome.verdict[:MAX_NAME_CHARS], reason, _cut(outcome.message), output)


def after_retryable(claim: Claim, message: str, default_delay_s: float) -> Settlement:
    """What carries the work failed: another attempt while the request allows any."""
    again = _again(claim, REASON_RETRIES_EXHAUSTED, message, default_delay_s)
    if again is not None:
        return again
    return Settlement(ExecutionStatus.FAILED, None, REASON_RETRIES_EXHAUSTED, _cut(message))


def after_error(message: str, reason: str = REASON_HANDLER_ERROR) -> Settlement:
    """The handler itself is broken or refused: final."""
    return Settlement(ExecutionStatus.FAILED, None, reason, _cut(message))


def after_timeout(claim: Claim, default_delay_s: float) -> Settlement:
    """The attempt was stopped at its limit."""
    deadline = claim.request.options.deadline_at
    if deadline is not None and deadline < claim.claimed_at + timedelta(seconds=claim.timeout_s):
        message = "The deadline passed while the execution ran."
        return Settlement(ExecutionStatus.TIMED_OUT, "timeout", REASON_DEADLINE, message)
    message = f"The attempt was stopped after {claim.timeout_s:g} s."
    if "timeout" in claim.request.options.retry_on:
        again = _again(claim, REASON_TIMEOUT, message, default_delay_s)
        if again is not None:
            return again
    return Settlement(ExecutionStatus.TIMED_OUT, "timeout", REASON_TIMEOUT, message)


def after_cancel() -> Settlement:
    """The caller wanted the end."""
    return Settlement(
        ExecutionStatus.CANCELLED, "cancelled", REASON_CANCELLED, "The execution was cancelled."
    )


def after_loss(claim: Claim, lease_s: float, default_delay_s: float) -> Settlement:
    """The worker went away in the middle: again only what may run twice, and not for ever."""
    if claim.cancel_requested:
        return after_cancel()
    if _outlived_its_limit(claim, lease_s):
        return after_timeout(claim, default_delay_s)
    message = "The worker that ran the execution was lost."
    if claim.request.options.idempotent and claim.losses < MAX_LOSSES:
        delay = retry_delay_s(claim.request.options, claim.losses + 1, default_delay_s)
        if not _too_late(claim, delay):
            return Settlement(
                ExecutionStatus.RETRYING,
                None,
                REASON_WORKER_LOST,
                message,
                retry_delay_s=delay,
                counts_as_loss=True,
            )
    return Settlement(ExecutionStatus.FAILED, None, REASON_WORKER_LOST, message)


def _outlived_its_limit(claim: Claim, lease_s: float) -> bool:
    """The last heartbeat came after the attempt's limit: the hard limit killed it."""
    if claim.lapsed_at is None:
        return False
    last_heartbeat: datetime = claim.lapsed_at - timedelta(seconds=lease_s)
    return last_heartbeat >= claim.claimed_at + timedelta(seconds=claim.timeout_s)


def _again(
    claim: Claim, reason: str | None, message: str | None, default_delay_s: float
) -> Settlement | None:
    options = claim.request.options
    retry = claim.attempt - claim.losses
    if retry > options.retry_count:
        return None
    delay = retry_delay_s(options, retry, default_delay_s)
    if _too_late(claim, delay):
        return None
    return Settlement(ExecutionStatus.RETRYING, None, reason, _cut(message), retry_delay_s=delay)


def _too_late(claim: Claim, delay_s: float) -> bool:
    deadline = claim.request.options.deadline_at
    return deadline is not None and claim.claimed_at + timedelta(seconds=delay_s) >= deadline


def _cut(message: str | None) -> str | None:
    return None if message is None else clean_text(message[:MAX_MESSAGE_CHARS])
