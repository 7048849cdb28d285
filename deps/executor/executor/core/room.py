"""The bounded queue: exact when it is nearly full, cheap before."""

import time

from executor.common.settings import ExecutorSettings
from executor.errors import InvalidParameters, QueueFull, QuotaExceeded
from executor.ports.store import ExecutionStore

FRESH_S = 1.0
NEARLY = 0.9


class QueueRoom:
    """Counts the waiting rows at most once a second while there is plenty of room."""

    def __init__(self, *, store: ExecutionStore, settings: ExecutorSettings) -> None:
        self._store = store
        self._size = settings.queue_size
        self._tenant_size = settings.queue_size_per_tenant
        self._default_wait_s = 2
        self._counted_at = 0.0
        self._estimate = 0

    async def require(self, tenant_id: str, more: int) -> None:
        """Raise QuotaExceeded or QueueFull unless `more` executions fit, InvalidParameters if they never will."""
        most = min(self._size, self._tenant_size or self._size)
        if more > most:  # waiting would not help
            raise InvalidParameters(
                f"{more} executions at once are too many: at most {most} may wait.", pointer="/executions"
            )
        if self._tenant_size is not None:
            waiting = await self._store.waiting(tenant_id, self._tenant_size)
            if waiting + more > self._tenant_size:
                raise QuotaExceeded(
                    f"You have {waiting} executions waiting; at most {self._tenant_size} may wait.",
                    retry_after_s=self._default_wait_s,
                )
        if self._is_old() or self._estimate + more > self._size * NEARLY:
            self._estimate = await self._store.waiting(None, self._size)
            self._counted_at = time.monotonic()
        if self._estimate + more > self._size:
            raise QueueFull(
                f"{self._estimate} executions are waiting; the queue holds {self._size}.",
                retry_after_s=self._default_wait_s,
            )

    def took(self, count: int) -> None:
        """Count what this process has just added."""
        self._estimate += count

    def _is_old(self) -> bool:
        return time.monotonic() - self._counted_at > FRESH_S
