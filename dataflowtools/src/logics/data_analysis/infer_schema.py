"""A schema that describes a table as it is."""

from collections.abc import Mapping
from typing import Any

from dataflowtools.src.logics.data_analysis.gather_tables import GatherTables
from dataflowtools.src.logics.data_analysis.ports.table_engine import TableEngine
from dataflowtools.src.logics.data_analysis.tables import TableSource


class InferSchema:
    """Infers schemas under which the table itself is valid."""

    def __init__(self, *, gather: GatherTables, engine: TableEngine) -> None:
        self._gather = gather
        self._engine = engine

    async def __call__(self, tenant: str, tables: Mapping[str, TableSource], kind: str) -> dict[str, Any]:
        """Describe the first table; kind is table_schema, json_schema or rules."""
        async with (
            self._gather(tenant, tables) as held,
            self._engine.compute("infer_schema", held, {"kind": kind}) as done,
        ):
            return done.facts
