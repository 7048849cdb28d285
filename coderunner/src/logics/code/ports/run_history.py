"""What is remembered of runs and of parsed modules."""

import abc
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from coderunner.src.common.program import Program, RunOutcome


@dataclass(frozen=True, slots=True)
class HistoryPage:
    """Newest first; `next_before` asks for what is older, None at the end."""

    items: Sequence[Mapping[str, Any]]
    next_before: int | None


@dataclass(frozen=True, slots=True)
class HistoryFilter:
    """Rows whose fields have these values, made at or after `since` and before `until`."""

    equal: Mapping[str, str] = field(default_factory=dict)
    since: datetime | None = None
    until: datetime | None = None


EVERYTHING = HistoryFilter()


@dataclass(frozen=True, slots=True)
class RunTotals:
    """A tenant's figures; runs by their verdicts."""

    total_executions: int
    successful_executions: int
    failed_executions: int
    executions_by_status: Mapping[str, int]
    average_execution_time_ms: float
    memory_usage_kb: int
    total_environments: int
    active_environments: int
    total_dependencies: int


@dataclass(frozen=True, slots=True)
class Inventory:
    """What all tenants have together."""

    environments: int
    active_environments: int
    dependencies: int


class RunHistory(abc.ABC):
    """Finished runs and kept modules, each tenant's own.

    A run that is recorded again, as each attempt of one execution is, takes the place of the one before.
    Reading raises DatabaseUnavailable.
    """

    @abc.abstractmethod
    def record(self, tenant: str, execution_id: str, program: Program, outcome: RunOutcome) -> None:
        """Remember a finished run soon; never waits, never raises."""

    @abc.abstractmethod
    async def keep_run(self, tenant: str, execution_id: str, program: Program, outcome: RunOutcome) -> None:
        """Remember a finished run before this returns; DatabaseUnavailable or StorageFull where that cannot be."""

    @abc.abstractmethod
    async def keep_module(self, tenant: str, tool_id: str, module: Mapping[str, Any]) -> None:
        """Remember a parsed module."""

    @abc.abstractmethod
    async def executions(
        self, tenant: str, *, limit: int, before: int | None, wanted: HistoryFilter = EVERYTHING
    ) -> HistoryPage:
        """Finished runs; filtered by status, environment_id, module_name and function_name."""

    @abc.abstractmethod
    async def execution(self, tenant: str, execution_id: str) -> Mapping[str, Any] | None:
        """One finished run of this tenant."""

    @abc.abstractmethod
    async def totals(self, tenant: str, wanted: HistoryFilter = EVERYTHING) -> RunTotals:
        """Figures of the runs, and of the environments there are; active ones were used since `wanted.since`."""

    @abc.abstractmethod
    async def trim(self, older_than: datetime, most: int) -> int:
        """Delete runs of all tenants that are older, and all but the newest `most`; how many these were."""

    @abc.abstractmethod
    async def inventory(self, active_since: datetime) -> Inventory:
        """Of all tenants; active are environments that were used since then."""

    @abc.abstractmethod
    async def modules(
        self, tenant: str, *, limit: int, before: int | None, wanted: HistoryFilter = EVERYTHING
    ) -> HistoryPage:
        """Kept modules without their texts; filtered by tool_id and module_name."""

    @abc.abstractmethod
    async def module(self, tenant: str, number: int) -> Mapping[str, Any] | None:
        """One kept module of this tenant, whole."""

    @abc.abstractmethod
    async def dependencies(
        self, tenant: str, *, limit: int, before: int | None, wanted: HistoryFilter = EVERYTHING
    ) -> HistoryPage:
        """Packages of all environments; filtered by environment_id and package_name."""
