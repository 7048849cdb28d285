"""The default scheduler: priority levels, fair share among tenants, caps."""

from collections.abc import Sequence

from executor.common.executions import Claim
from executor.common.queues import Limits, QueueStatus
from executor.common.requests import ExecutionRequest, Priority
from executor.common.settings import ExecutorSettings
from executor.ports.scheduler import Placement, Scheduler
from executor.ports.store import Store

_FROM_THE_TOP = (Priority.CRITICAL, Priority.HIGH, Priority.NORMAL, Priority.LOW)


def rank_of(priority: Priority, levels: int) -> int:
    """Spread the four names over the levels; 0 starts first. Levels in between are reached by ageing."""
    return _FROM_THE_TOP.index(priority) * levels // len(_FROM_THE_TOP)


class FairScheduler(Scheduler):
    """Order by (level, virtual time): a tenant's every execution costs it 1/weight of its class's time."""

    def __init__(self, *, store: Store, settings: ExecutorSettings) -> None:
        self._store = store
        self._settings = settings
        self._limits = Limits(settings.max_running_per_tenant, settings.max_running_per_kind)

    def place(self, request: ExecutionRequest) -> Placement:
        settings = self._settings
        levels = settings.priority_levels if settings.enable_priority_queue else 1
        weight = settings.tenant_weights.get(request.context.tenant_id, 1.0)
        cost = 1.0 / max(weight, 1e-6) if settings.enable_fair_scheduling else 0.0
        return Placement(rank_of(request.options.priority, levels), cost)

    async def next_claims(self, free: int, *, worker_id: str | None, kinds: Sequence[str]) -> list[Claim]:
        return await self._store.claim(
            free, worker_id=worker_id, lease_s=self._settings.lease_s, kinds=kinds, limits=self._limits
        )

    async def queue_status(self) -> QueueStatus:
        return await self._store.queue_status()
