"""The life of an execution: states that move one way."""

from collections.abc import Mapping
from enum import StrEnum

from executor.errors import IllegalTransition


class ExecutionStatus(StrEnum):
    """Where an execution stands; the last four are final."""

    QUEUED = "queued"
    RUNNING = "running"
    RETRYING = "retrying"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    TIMED_OUT = "timed_out"
    CANCELLED = "cancelled"

    @property
    def is_final(self) -> bool:
        return not TRANSITIONS[self]


_ENDS = frozenset(
    {
        ExecutionStatus.SUCCEEDED,
        ExecutionStatus.FAILED,
        ExecutionStatus.TIMED_OUT,
        ExecutionStatus.CANCELLED,
    }
)
_ENDS_UNSTARTED = _ENDS - {ExecutionStatus.SUCCEEDED}

TRANSITIONS: Mapping[ExecutionStatus, frozenset[ExecutionStatus]] = {
    ExecutionStatus.QUEUED: _ENDS_UNSTARTED | {ExecutionStatus.RUNNING},
    ExecutionStatus.RUNNING: _ENDS | {ExecutionStatus.RETRYING},
    ExecutionStatus.RETRYING: _ENDS_UNSTARTED | {ExecutionStatus.RUNNING},
    ExecutionStatus.SUCCEEDED: frozenset(),
    ExecutionStatus.FAILED: frozenset(),
    ExecutionStatus.TIMED_OUT: frozenset(),
    ExecutionStatus.CANCELLED: frozenset(),
}

VERDICT_SUCCESS = "success"
_VERDICT_STATES: Mapping[str, ExecutionStatus] = {
    VERDICT_SUCCESS: ExecutionStatus.SUCCEEDED,
    "timeout": ExecutionStatus.TIMED_OUT,
    "cancelled": ExecutionStatus.CANCELLED,
}


def state_of_verdict(verdict: str) -> ExecutionStatus:
    """`success`, `timeout` and `cancelled` have a state of their own; every other verdict is a failure."""
    return _VERDICT_STATES.get(verdict, ExecutionStatus.FAILED)


def sources_of(target: ExecutionStatus) -> frozenset[ExecutionStatus]:
    """The states from which `target` may be entered."""
    return frozenset(state for state, targets in TRANSITIONS.items() if target in targets)


def check_move(current: ExecutionStatus, target: ExecutionStatus) -> None:
    """Refuse a move that is not drawn in the table."""
    if target not in TRANSITIONS[current]:
        raise IllegalTransition(f"An execution that is {current} cannot become {target}.")
