"""Hands claims to the carrier as its workers become free."""

from collections.abc import Sequence

from executor.common.settings import ExecutorSettings
from executor.ports.bus import Subscription
from executor.ports.carrier import Carrier
from executor.ports.scheduler import Admission, Scheduler
from executor.ports.store import LeaseStore

LARGEST_BATCH = 50
CLOSED_GATE_S = 0.25
SHORTEST_TURN_S = 0.005


class Dispatcher:
    """One step: let the clock promote, see how much room there is, claim that much, carry it."""

    def __init__(
        self,
        *,
        store: LeaseStore,
        scheduler: Scheduler,
        admission: Admission,
        carrier: Carrier,
        kinds: Sequence[str],
        settings: ExecutorSettings,
    ) -> None:
        self._store = store
        self._scheduler = scheduler
        self._admission = admission
        self._carrier = carrier
        self._kinds = kinds
        self._settings = settings

    async def step(self, woken: Subscription) -> float:
        promotion = await self._store.promote()
        free = min(await self._carrier.free_slots(), LARGEST_BATCH)
        room = self._admission.allowed(free) if free > 0 else 0
        claims = []
        if room > 0:
            claims = await self._scheduler.next_claims(
                room, worker_id=self._carrier.worker_id, kinds=self._kinds
            )
        for claim in claims:
            await self._carrier.carry(claim)
        if len(claims) == room > 0:
            return 0.0
        pause_s = CLOSED_GATE_S if 0 < free != room else self._settings.event_poll_s
        if promotion.next_due_s is not None:
            pause_s = min(pause_s, max(SHORTEST_TURN_S, promotion.next_due_s))
        await woken.wait(pause_s)
        return 0.0
