"""What brings claimed executions to a worker."""

from abc import ABC, abstractmethod

from executor.common.executions import Claim
from executor.common.queues import PoolStatus


class Carrier(ABC):
    """The worker pool: embedded in the process, or behind a broker."""

    worker_id: str | None
    """Who runs what is claimed for this carrier; None when claims are handed out and started elsewhere."""

    @abstractmethod
    async def open(self) -> None:
        """Start; CarrierUnavailable when it cannot."""

    @abstractmethod
    async def free_slots(self) -> int:
        """How many more executions could be carried now."""

    @abstractmethod
    async def carry(self, claim: Claim) -> None:
        """Bring a claim to a worker; may be lost, the sweep claims again what nobody holds."""

    @abstractmethod
    async def cancel(self, execution_id: str) -> None:
        """Tell the worker that runs it, if any; cancelling twice is cancelling once."""

    @abstractmethod
    async def status(self) -> PoolStatus:
        """The workers and what they do."""

    @abstractmethod
    async def close(self, drain_s: float) -> None:
        """Carry nothing new, wait for what runs at most `drain_s`, then cancel it."""
