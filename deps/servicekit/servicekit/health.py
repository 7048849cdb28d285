"""Whether the service lives and is ready, asked of those who know."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

__all__ = ["Health"]

Probe = Callable[[], Awaitable[Mapping[str, Any] | None]]
_log = logging.getLogger(__name__)


class Health:
    """Probes say whether work can be done; watched tasks say whether the process is whole."""

    def __init__(self, *, timeout_s: float = 2.0) -> None:
        self._timeout_s = timeout_s
        self._probes: dict[str, Probe] = {}
        self._tasks: dict[str, asyncio.Task[Any]] = {}
        self._asking: asyncio.Task[tuple[bool, dict[str, Any]]] | None = None

    def probe(self, name: str, probe: Probe) -> None:
        """Ask `probe` for readiness; its mapping is detail for operators, its raising means not ready."""
        self._probes[name] = probe

    def watch(self, name: str, task: asyncio.Task[Any]) -> None:
        """A background task without which the process should be restarted."""
        self._tasks[name] = task

    def dead(self) -> dict[str, Any]:
        """The watched tasks that ended."""
        return {name: {"status": "dead"} for name, task in self._tasks.items() if task.done()}

    async def checks(self) -> tuple[bool, dict[str, Any]]:
        """Ready or not, and the details of each probe; those who ask meanwhile share the answer."""
        if self._asking is None or self._asking.done():
            self._asking = asyncio.create_task(self._ask())
        return await asyncio.shield(self._asking)

    async def _ask(self) -> tuple[bool, dict[str, Any]]:
        probes = [asyncio.wait_for(probe(), self._timeout_s) for probe in self._probes.values()]
        answers = await asyncio.gather(*probes, return_exceptions=True)
        details = {name: _detail(name, answer) for name, answer in zip(self._probes, answers, strict=True)}
        details |= self.dead()
        return all(detail["status"] == "ok" for detail in details.values()), details


def _detail(name: str, answer: Mapping[str, Any] | BaseException | None) -> dict[str, Any]:
    if not isinstance(answer, BaseException):
        return {**(answer or {}), "status": "ok"}
    code = getattr(answer, "code", None)
    _log.warning("not ready: %s", name, extra={"fields": {"probe": name, "error": code or repr(answer)}})
    known = {**(getattr(answer, "extra", None) or {}), "error": code, "detail": str(answer)}
    return {**(known if code else {"error": type(answer).__name__}), "status": "failed"}
