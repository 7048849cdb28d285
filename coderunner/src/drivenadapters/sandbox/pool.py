"""Keeps children parked ahead of need, grows under drain, and replaces parents that die, hang or are old."""

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from coderunner.src.drivenadapters.sandbox.parent_process import Child, ParentProcess, ParentRefused
from coderunner.src.errors import SandboxUnavailable

_LOG = logging.getLogger(__name__)
TAKE_TIMEOUT_S = 30.0
_CHECK_INTERVAL_S = 1.0
_PARENT_LOOK_S = 0.02
_RESTART_DELAYS_S = (0.05, 0.2, 1.0, 5.0)
_DRAIN_DECAY_S = 10.0


@dataclass(frozen=True, slots=True)
class PoolSize:
    """How many children stand ready, at the least and under drain, and when a parent is old."""

    parked: int
    most: int
    max_forks: int


class Pool:
    """Parked children of one kind."""

    def __init__(self, make_parent: Callable[..., ParentProcess], size: PoolSize) -> None:
        self._make_parent = make_parent
        self._size = size
        self._target = size.parked
        self._parent: ParentProcess | None = None
        self._retired: set[ParentProcess] = set()
        self._parked: deque[Child] = deque()
        self._waiting: deque[asyncio.Future[Child]] = deque()
        self._drained_at_s = 0.0
        self._failures = 0
        self._reviving: asyncio.Task[None] | None = None
        self._closing = False
        self._started = False
        self.refusal = ""
        self.restarts = 0

    # --- life of the parent ---------------------------------------------------------------------

    async def start(self) -> None:
        """Bring the first parent up; raises ParentRefused."""
        self._parent = await self._new_parent()
        self._started = True
        self._refill()

    async def _new_parent(self) -> ParentProcess:
        parent = self._make_parent(on_child=self._on_child, on_lost=self._on_lost)
        await parent.start()
        self.refusal = ""
        return parent

    def _on_lost(self, parent: ParentProcess) -> None:
        for child in [child for child in self._parked if child.parent is parent]:
            self._parked.remove(child)
            child.close()
        self._retired.discard(parent)
        if parent is self._parent and not self._closing:
            _LOG.warning("the %s parent has ended and is replaced", parent.kind)
            self._parent = None
            self._failures += 1
            self.renew()

    def renew(self) -> None:
        """Start a new parent beside the one that stands, if any, and take children from it from then on."""
        if self._reviving is None or self._reviving.done():
            self._reviving = asyncio.get_running_loop().create_task(self._replace())

    async def _replace(self) -> None:
        """Start a new parent, with growing pauses while it keeps failing; the old one serves its runs to the end."""
        while not self._closing:
            try:
                fresh = await self._new_parent()
            except ParentRefused as refused:
                self.refusal = str(refused)
                self._failures += 1
                await asyncio.sleep(_RESTART_DELAYS_S[min(self._failures, len(_RESTART_DELAYS_S)) - 1])
                continue
            if self._parent is not None:
                self._retired.add(self._parent)
            self._parent = fresh
            self._failures = 0
            self.restarts += self._started
            self._started = True
            self._refill()
            return

    async def look_after(self) -> None:
        """The pool's clock: hanging, old and finished parents, and a target that falls again after a drain."""
        while True:
            await asyncio.sleep(_CHECK_INTERVAL_S)
            await self._check(asyncio.get_running_loop().time())

    async def _check(self, now_s: float) -> None:
        if self._parent and self._parent.hangs():
            _LOG.warning("the %s parent does not answer and is replaced", self._parent.kind)
            await self._parent.stop()
            self._on_lost(self._parent)
        if self._parent and self._parent.forks >= self._size.max_forks:
            self.renew()
        for parent in [old for old in self._retired if not old.alive_children]:
            self._retired.discard(parent)
            await parent.stop()
        if self._target > self._size.parked and now_s - self._drained_at_s > _DRAIN_DECAY_S:
            self._target -= 1
            if len(self._parked) > self._target:
                self._dismiss(self._parked.popleft())
        self._refill()

    @staticmethod
    def _dismiss(child: Child) -> None:
        child.kill()
        child.close()

    # --- children -------------------------------------------------------------------------------

    def _on_child(self, child: Child) -> None:
        while self._waiting:
            waiting = self._waiting.popleft()
            if not waiting.done():
                waiting.set_result(child)
                return
        if child.parent is self._parent and not self._closing:
            self._parked.append(child)
        else:
            self._dismiss(child)

    def _refill(self) -> None:
        parent = self._parent
        if parent is None or self._closing:
            return
        wanted = self._target + len(self._waiting) - len(self._parked) - parent.children_coming
        room = self._size.most - parent.alive_children
        for _ in range(min(wanted, room)):
            if parent.lost:
                return  # it was found dead while it was asked, and another one is on its way
            parent.ask_child()

    async def take(self, wishes: Mapping[str, Any] | None = None) -> Child:
        """A parked child; with wishes of its own a run gets one that is made for it."""
        if wishes:
            return await self._made_for(wishes)
        while self._parked:
            child = self._parked.popleft()
            self._refill()
            if not child.ended:
                return child
            child.close()  # it died while it was parked
        self._grow()
        waiting: asyncio.Future[Child] = asyncio.get_running_loop().create_future()
        self._waiting.append(waiting)
        self._refill()
        return await self._patiently(waiting)

    def _grow(self) -> None:
        self._drained_at_s = asyncio.get_running_loop().time()
        self._target = min(self._target + 2, max(self._size.parked, self._size.most // 2))

    async def _patiently(self, waiting: "asyncio.Future[Child]") -> Child:
        try:
            async with asyncio.timeout(TAKE_TIMEOUT_S):
                return await asyncio.shield(waiting)
        except TimeoutError:
            self._let_go(waiting)
            why = (
                self.refusal
                or (self._parent.last_fault if self._parent else "")
                or "no child became ready in time"
            )
            message = f"the sandbox failed: {why}"
            raise SandboxUnavailable(message) from None
        except asyncio.CancelledError:
            self._let_go(waiting)
            raise

    def _let_go(self, waiting: "asyncio.Future[Child]") -> None:
        """Nobody waits any more: a child that came in the same moment is not lost."""
        if waiting.done() and not waiting.cancelled() and waiting.exception() is None:
            self._dismiss(waiting.result())
        waiting.cancel()

    async def _made_for(self, wishes: Mapping[str, Any]) -> Child:
        parent = await self._until_parent()
        waiting: asyncio.Future[Child] = asyncio.get_running_loop().create_future()
        parent.ask_child(wishes, waiting)
        return await self._patiently(waiting)

    async def _until_parent(self) -> ParentProcess:
        """The parent, or the next one while there is none."""
        give_up_s = asyncio.get_running_loop().time() + TAKE_TIMEOUT_S
        while self._parent is None:
            if asyncio.get_running_loop().time() > give_up_s or self._closing:
                raise SandboxUnavailable(f"the sandbox failed: {self.refusal or 'its parent did not start'}")
            await asyncio.sleep(_PARENT_LOOK_S)
        return self._parent

    # --- state ----------------------------------------------------------------------------------

    @property
    def ready(self) -> bool:
        return bool(self._parked) or (self._parent is not None and not self._parent.lost)

    @property
    def warm(self) -> frozenset[str]:
        """Modules that a run finds imported."""
        return frozenset(self._parent.about.get("warm", ())) if self._parent else frozenset()

    def about(self) -> dict[str, Any]:
        """Figures for health and metrics."""
        return {
            "ready": self.ready,
            "parked": len(self._parked),
            "target": self._target,
            "children": self._parent.alive_children if self._parent else 0,
            "waiting": len(self._waiting),
            "forks": self._parent.forks if self._parent else 0,
            "restarts": self.restarts,
            "rss_kb": int(self._parent.about.get("rss_kb", 0)) if self._parent else 0,
        }

    async def close(self) -> None:
        """End every parent and with it every child."""
        self._closing = True
        if self._reviving:
            self._reviving.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._reviving
        for child in self._parked:
            child.close()
        self._parked.clear()
        for parent in [*self._retired, *([self._parent] if self._parent else [])]:
            await parent.stop()
