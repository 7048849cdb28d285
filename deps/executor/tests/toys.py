"""Handlers for tests."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any

from executor.common.executions import Blob, Outcome
from executor.common.requests import Caller, ExecutionContext, ExecutionOptions, ExecutionRequest, LogLevel
from executor.errors import InvalidParameters, RetryableError
from executor.ports.handler import Handler, Run

ADA = Caller("acme", "ada", frozenset({"run"}))
BOB = Caller("bobs", "bob", frozenset({"run"}))
HANG_S = 60.0
"""A wait this long is a hang: what a test asserts must not depend on how fast the machine is."""
FOREVER_S = 10 * HANG_S


async def until(condition: Callable[[], bool | Awaitable[bool]]) -> None:
    """Return when the condition has come true; a coroutine function is asked again and again."""
    async with asyncio.timeout(HANG_S):
        while True:
            found = condition()
            if await found if isinstance(found, Awaitable) else found:
                return
            await asyncio.sleep(0.02)


def request(
    kind: str = "echo", caller: Caller = ADA, context: dict[str, Any] | None = None, **parameters: Any
) -> ExecutionRequest:
    options = parameters.pop("options", None) or ExecutionOptions()
    return ExecutionRequest(
        kind, parameters, ExecutionContext(caller.tenant_id, caller.user_id, **(context or {})), options
    )


class Echo(Handler):
    """Answers with its parameters."""

    def __init__(self) -> None:
        self.order: list[Any] = []
        self.runs: list[tuple[str, int]] = []

    def validate(self, request: ExecutionRequest) -> ExecutionRequest:
        if "forbidden" in request.parameters:
            raise InvalidParameters("not this one", pointer="/request/forbidden")
        return replace(request, parameters={**request.parameters})

    async def run(self, run: Run) -> Outcome:
        self.order.append(run.parameters.get("name"))
        self.runs.append((run.execution_id, run.attempt))
        run.log(LogLevel.DEBUG, "detail")
        run.log(LogLevel.INFO, "echoing", n=1)
        run.metric("size", len(run.parameters), "items")
        return Outcome(dict(run.parameters))


class Script(Handler):
    """Does what its parameters say."""

    def __init__(self) -> None:
        self.started = asyncio.Event()
        self.ended: list[str] = []
        self.active = 0
        self.most_active = 0

    async def run(self, run: Run) -> Outcome:
        self.active += 1
        self.most_active = max(self.most_active, self.active)
        self.started.set()
        try:
            return await self._do(run)
        finally:
            self.active -= 1
            self.ended.append(run.execution_id)

    async def _do(self, run: Run) -> Outcome:
        asked = run.parameters
        if run.attempt <= asked.get("break_first", 0):
            raise RetryableError("the sandbox broke")
        if asked.get("explode"):
            raise ZeroDivisionError("bug")
        for step in range(asked.get("steps", 0)):
            run.progress((step + 1) / asked["steps"], f"step {step + 1}")
            await asyncio.sleep(asked.get("step_s", 0.01))
        if "block_s" in asked:
            time.sleep(asked["block_s"])
        await self._refuse_to_go(asked.get("stubborn_s", 0))
        await asyncio.sleep(asked.get("sleep_s", 0))
        await asyncio.sleep(asked.get("first_sleep_s", 0) if run.attempt == 1 else 0)
        if asked.get("not_json"):
            return Outcome(float("nan"))
        if asked.get("surrogate"):
            run.log(LogLevel.INFO, "half \ud800 a pair")
            return Outcome("half \ud800 a pair", "odd" * 40, "half \ud800 a pair")
        if "bytes" in asked:
            return Outcome(blob=Blob(_zeros(asked["bytes"]), "application/x-zeros"))
        return Outcome(asked.get("value"), asked.get("verdict", "success"), asked.get("message"))

    async def _refuse_to_go(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            with suppress(asyncio.CancelledError):
                await asyncio.sleep(0.05)


class Gated(Handler):
    """Remembers who ran when; holds everything back until it is let go."""

    def __init__(self) -> None:
        self.names: list[Any] = []
        self.gate = asyncio.Event()

    async def run(self, run: Run) -> Outcome:
        self.names.append(run.parameters.get("name"))
        await self.gate.wait()
        return Outcome()


class Stubborn(Handler):
    """Does not go before it is released, whatever it is told."""

    def __init__(self) -> None:
        self.released = asyncio.Event()
        self.gone = asyncio.Event()

    async def run(self, run: Run) -> Outcome:
        while not self.released.is_set():
            with suppress(asyncio.CancelledError):
                await self.released.wait()
        self.gone.set()
        return Outcome()


async def _zeros(count: int) -> AsyncIterator[bytes]:
    while count > 0:
        yield bytes(min(count, 1 << 16))
        count -= 1 << 16
