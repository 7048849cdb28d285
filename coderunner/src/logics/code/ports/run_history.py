"""What is remembered of runs and of parsed modules."""

import abc
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from coderunner.src.common.program import Program, RunOutcome


@dataclass(frozen=True, slots=True)
class HistoryPage:
    """Newest first; `next_before` asks for what is older, None at the end."""

    items: Sequence[Mapping[str, Any]]
    next_before: int | None


@dataclass(frozen=True, slots=True)
class RunTotals:
    """A tenant's figures since a moment."""

    total_executions: int
    successful_executions: int
    failed_executions: int
    average_execution_time_ms: float
    memory_usage_kb: int
    total_environments: int
    active_environments: int
    total_dependencies: int


class RunHistory(abc.ABC):
    """Finished runs and kept modules, each tenant's own."""

    @abc.abstractmethod
    def record(self, tenant: str, execution_id: str, program: Program, outcome: RunOutcome) -> None:
        """Remember a finished run soon; never waits, never raises."""

    @abc.abstractmethod
    async def keep_module(self, tenant: str, tool_id: str, module: Mapping[str, Any]) -> None:
        """Remember a parsed module."""

    @abc.abstractmethod
    async def executions(self, tenant: str, *, limit: int, before: int | None) -> HistoryPage:
        """Finished runs."""

    @abc.abstractmethod
    async def totals(self, tenant: str, since: datetime) -> RunTotals:
        """Figures of the runs since then, and of the environments there are; active ones were used since then."""

    @abc.abstractmethod
    async def modules(self, tenant: str, *, limit: int, before: int | None) -> HistoryPage:
        """Kept modules."""

    @abc.abstractmethod
    async def dependencies(self, tenant: str, *, limit: int, before: int | None) -> HistoryPage:
        """Packages of all environments."""
