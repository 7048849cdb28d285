"""SQLite has one writer: what gathers while a commit runs is committed together by the next one."""

import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Any, Self

from executor.adapters.sql.transactions import TryAgain, Tx

MAX_TOGETHER = 64
Work = Callable[[Tx], Any]
Persist = Callable[[Work], Any]


class _Outcome:
    """Keeps what a block ended with, for somebody who waits elsewhere."""

    value: Any = None
    error: BaseException | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, error: BaseException | None, _trace: TracebackType | None
    ) -> bool:
        self.error = error
        return True

    def tell(self, future: "Future[Any]") -> None:
        if self.error is None:
            future.set_result(self.value)
        else:
            future.set_exception(self.error)


class GroupWriter:
    """Each change keeps its own savepoint: one that fails takes nothing of the others along."""

    def __init__(self, persist: Persist) -> None:
        self._persist = persist
        self._lock = threading.Lock()
        self._waiting: deque[tuple[Work, Future[Any]]] = deque()
        self._drains = False
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="executor-writer")

    def submit(self, work: Work) -> "Future[Any]":
        future: Future[Any] = Future()
        with self._lock:
            self._waiting.append((work, future))
            idle, self._drains = not self._drains, True
        if idle:
            self._thread.submit(self._drain)
        return future

    def close(self) -> None:
        self._thread.shutdown()

    def _drain(self) -> None:
        while batch := self._take():
            live = [(work, future) for work, future in batch if future.set_running_or_notify_cancel()]
            if len(live) == 1:
                self._alone(*live[0])
            elif live:
                self._together(live)

    def _take(self) -> list[tuple[Work, "Future[Any]"]]:
        with self._lock:
            batch = [self._waiting.popleft() for _ in range(min(MAX_TOGETHER, len(self._waiting)))]
            self._drains = bool(batch)
            return batch

    def _alone(self, work: Work, future: "Future[Any]") -> None:
        with _Outcome() as outcome:
            outcome.value = self._persist(work)
        outcome.tell(future)

    def _together(self, live: list[tuple[Work, "Future[Any]"]]) -> None:
        outcomes: list[_Outcome] = []
        with _Outcome() as whole:
            self._persist(lambda tx: self._run(tx, live, outcomes))
        for (work, future), outcome in zip(live, outcomes or [whole] * len(live), strict=True):
            if isinstance(outcome.error, TryAgain):
                self._alone(work, future)
            else:
                (whole if whole.error is not None else outcome).tell(future)

    def _run(self, tx: Tx, live: list[tuple[Work, "Future[Any]"]], outcomes: list[_Outcome]) -> None:
        outcomes.clear()
        for work, _ in live:
            with _Outcome() as outcome, tx.savepoint():
                outcome.value = work(tx)
            outcomes.append(outcome)
