"""A table held against a schema and rules, one page of what fails at a time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dataflowtools.src.logics.data_analysis.gather_tables import GatherTables
from dataflowtools.src.logics.data_analysis.ports.table_engine import TableEngine
from dataflowtools.src.logics.data_analysis.tables import TableSource


@dataclass(frozen=True, slots=True, kw_only=True)
class Validation:
    """What to hold which table against, and which errors to list."""

    tables: Mapping[str, TableSource]
    schema: Mapping[str, Any] | None = None
    rules: Sequence[Mapping[str, Any]] = ()
    offset: int = 0
    limit: int = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Validated:
    """The verdict with its counts, the page of errors as JSON, and where the next page starts."""

    report: Mapping[str, Any]
    errors: bytes
    next_offset: int | None


class ValidateTable:
    """Checks tables; every failure is counted, whatever page is listed."""

    def __init__(self, *, gather: GatherTables, engine: TableEngine) -> None:
        self._gather = gather
        self._engine = engine

    async def __call__(self, tenant: str, ask: Validation) -> Validated:
        """Check; raises InvalidTableSchema and the errors of analysis, documents, files and workers."""
        request = {"schema": ask.schema, "rules": list(ask.rules), "offset": ask.offset, "limit": ask.limit}
        async with (
            self._gather(tenant, ask.tables) as tables,
            self._engine.compute("validate", tables, request) as done,
        ):
            report = dict(done.facts)
            return Validated(report=report, errors=done.parts[0], next_offset=report.pop("next_offset"))
