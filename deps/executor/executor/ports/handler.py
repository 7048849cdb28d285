"""What carries out executions of one kind."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from executor.common.executions import ExecutionInfo, Outcome
from executor.common.requests import (
    ExecutionContext,
    ExecutionOptions,
    ExecutionRequest,
    LogLevel,
    ResourceIsolation,
    ResourceLimits,
)

_SEARCH_CHARS = 2000


class Run(ABC):
    """One attempt as its handler sees it."""

    execution_id: str
    attempt: int
    fence: int
    request: ExecutionRequest
    timeout_s: float
    started_at: datetime
    traceparent: str | None
    cancelled: asyncio.Event

    @property
    def parameters(self) -> Mapping[str, Any]:
        return self.request.parameters

    @property
    def context(self) -> ExecutionContext:
        return self.request.context

    @property
    def options(self) -> ExecutionOptions:
        return self.request.options

    @property
    def limits(self) -> ResourceLimits:
        return self.request.options.resource_limits

    @property
    def isolation(self) -> ResourceIsolation:
        return self.request.options.isolation

    @abstractmethod
    def log(self, level: LogLevel, message: str, **metadata: Any) -> None:
        """Add a line to the execution's log; lines below the requested level are dropped."""

    @abstractmethod
    def emit(self, event_type: str, data: Mapping[str, Any]) -> None:
        """Tell followers of something that happened."""

    @abstractmethod
    def progress(self, fraction: float, message: str = "", **detail: Any) -> None:
        """Tell followers how much is done, from 0 to 1, and what else the event is to hold."""

    @abstractmethod
    def metric(self, name: str, value: float, unit: str = "") -> None:
        """Record a measurement of this execution."""


class Handler(ABC):
    """Work of one kind."""

    def validate(self, request: ExecutionRequest) -> ExecutionRequest:
        """Return the request as it is to be stored, or raise InvalidParameters, before it is accepted."""
        return request

    def search_text(self, request: ExecutionRequest) -> str:
        """What the history's text filter looks at."""
        return " ".join(_texts(request.parameters))[:_SEARCH_CHARS]

    @abstractmethod
    async def run(self, run: Run) -> Outcome:
        """Carry out one attempt.

        Cancellation of the task means cancel, timeout or a lost lease: clean up and let it pass.
        RetryableError says that what carries the work failed. A program that fails is an Outcome.
        """


class CustomExecutor(Handler):
    """A handler of several kinds that one setting names as `module:Class`."""

    @abstractmethod
    def supported_kinds(self) -> Iterable[str]:
        """The kinds it carries out."""


def _texts(value: Any) -> Iterable[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _texts(item)


class OwnCallbacks(ABC):
    """A handler that says itself what callbacks are told, with a secret to sign it or without."""

    @abstractmethod
    def callback_message(self, info: ExecutionInfo, output: Any) -> Mapping[str, Any]:
        """What a callback is told of an execution that has ended, and of its output if it has one."""
