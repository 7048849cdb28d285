"""What pipelines and expressions can be built of."""

from typing import Any

from dataflowtools.src.logics.data_analysis.ports.table_engine import TableEngine
from dataflowtools.src.logics.data_analysis.steps.catalogue import step_schemas


class ListOperations:
    """Tells steps and functions; the functions are the engine's own."""

    def __init__(self, *, engine: TableEngine) -> None:
        self._engine = engine

    async def __call__(self) -> dict[str, Any]:
        """List every step with its JSON Schema, and every function with its signature."""
        async with self._engine.compute("functions", (), {}) as done:
            return {"steps": step_schemas(), "functions": done.facts["functions"]}
