"""The code analyser on a small pool of killable workers."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from coderunner.src.drivenadapters.code_workers.worker_process import WorkerProcess, WorkerRules
from coderunner.src.errors import CapacityExceeded, CodeNotAnalysable
from coderunner.src.logics.code.ports.code_analyser import Analysis, CodeAnalyser

_RECYCLE_AFTER = 200


class GuestCodeAnalyser(CodeAnalyser):
    """Workers start at the first job, are killed when they take too long, and renewed after some work."""

    def __init__(self, *, rules: WorkerRules, workers: int, line: int) -> None:
        self._rules = rules
        self._places = asyncio.Semaphore(workers)
        self._line = workers + line
        self._under_way = 0
        self._idle: list[WorkerProcess] = []
        self._closing = False

    async def parse(self, raw: bytes, name: str, *, with_tree: bool) -> Analysis:
        """The module as data, or what is wrong with it."""
        answer = await self._run({"do": "parse", "name": name, "with_tree": with_tree}, raw)
        return Analysis(tuple(answer["faults"]), module=answer.get("module"))

    async def imports(self, raw: bytes, name: str) -> Analysis:
        """Only what is imported."""
        answer = await self._run({"do": "imports", "name": name}, raw)
        return Analysis(tuple(answer["faults"]), imports=tuple(answer.get("imports", ())))

    async def check(self, raw: bytes, name: str, policy: Mapping[str, Any] | None) -> Analysis:
        """What speaks against the program."""
        wanted = dict(policy) if policy is not None else None
        answer = await self._run({"do": "check", "name": name, "policy": wanted}, raw)
        return Analysis(
            tuple(answer["faults"]),
            imports=tuple(answer.get("imports", ())),
            violations=tuple(answer.get("violations", ())),
        )

    async def _run(self, job: Mapping[str, Any], raw: bytes) -> dict[str, Any]:
        if self._under_way >= self._line:
            raise CapacityExceeded(f"{self._line} programs are being analysed or wait for it already")
        self._under_way += 1
        try:
            async with self._places, self._worker() as worker:
                return await worker.run(job, raw)
        finally:
            self._under_way -= 1

    @asynccontextmanager
    async def _worker(self) -> AsyncIterator[WorkerProcess]:
        """A worker for one job; only one that answered is used again."""
        worker = self._idle.pop() if self._idle else WorkerProcess(self._rules)
        try:
            if not worker.pid:
                await worker.start()
            yield worker
        except (CodeNotAnalysable, asyncio.CancelledError):
            await asyncio.shield(worker.stop())
            raise
        if worker.jobs >= _RECYCLE_AFTER or self._closing:
            await worker.stop()
        else:
            self._idle.append(worker)

    @property
    def layers(self) -> list[str]:
        """Which walls the idle workers have around them."""
        return self._idle[0].layers if self._idle else []

    async def close(self) -> None:
        """End every worker."""
        self._closing = True
        while self._idle:
            await self._idle.pop().stop()
