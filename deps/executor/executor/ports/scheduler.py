"""Who decides what runs next."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

from executor.common.executions import Claim
from executor.common.queues import QueueStatus
from executor.common.requests import ExecutionRequest


@dataclass(frozen=True, slots=True)
class Placement:
    """Where a request stands in the queue: its level (0 is first) and its share of the tenant's time."""

    rank: int
    cost: float


class Scheduler(ABC):
    """The order of executions. A setting may name another one as `module:Class(store=, settings=)`."""

    @abstractmethod
    def place(self, request: ExecutionRequest) -> Placement:
        """Place a request that is being accepted."""

    @abstractmethod
    async def next_claims(self, free: int, *, worker_id: str | None, kinds: Sequence[str]) -> list[Claim]:
        """Claim at most `free` executions in the order in which they are to start."""

    @abstractmethod
    async def queue_status(self) -> QueueStatus:
        """What waits and runs."""


class Admission(ABC):
    """Whether the machine has room."""

    @abstractmethod
    def allowed(self, wanted: int) -> int:
        """How many of `wanted` executions may start now."""
