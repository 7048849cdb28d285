"""Who counts."""

from abc import ABC, abstractmethod

from executor.common.executions import Claim, Settlement
from executor.common.queues import PoolStatus, QueueStatus


class Monitoring(ABC):
    """Told of every attempt that this process carries; must not block."""

    @abstractmethod
    def record_execution_start(self, claim: Claim) -> None:
        """An attempt starts."""

    @abstractmethod
    def record_execution_end(self, claim: Claim, settlement: Settlement | None, run_s: float) -> None:
        """An attempt was settled; without a settlement its lease was lost and somebody else settles it."""

    @abstractmethod
    async def refresh(self, queue: QueueStatus, pool: PoolStatus) -> None:
        """Told now and then how queue and pool are."""


class NoMonitoring(Monitoring):
    """Counts nothing."""

    def record_execution_start(self, claim: Claim) -> None:
        del claim

    def record_execution_end(self, claim: Claim, settlement: Settlement | None, run_s: float) -> None:
        del claim, settlement, run_s

    async def refresh(self, queue: QueueStatus, pool: PoolStatus) -> None:
        del queue, pool
