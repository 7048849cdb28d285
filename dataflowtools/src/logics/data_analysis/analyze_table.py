"""What a table is like, or what its groups, spans of time and samples say."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dataflowtools.src.logics.data_analysis.gather_tables import GatherTables
from dataflowtools.src.logics.data_analysis.ports.table_engine import TableEngine
from dataflowtools.src.logics.data_analysis.tables import TableSource


@dataclass(frozen=True, slots=True, kw_only=True)
class Analysis:
    """What to find out about which tables."""

    tables: Mapping[str, TableSource]
    analysis: Mapping[str, Any]
    result: str = "json"
    chart: Mapping[str, Any] | None = None


class AnalyzeTable:
    """Analyses tables; a chart that is to be drawn is drawn by a worker of its own."""

    def __init__(self, *, gather: GatherTables, engine: TableEngine) -> None:
        self._gather = gather
        self._engine = engine

    async def __call__(self, tenant: str, ask: Analysis) -> dict[str, Any]:
        """Analyse; raises the errors of analysis, documents, files and workers."""
        request = {"analysis": dict(ask.analysis), "result": ask.result, "chart": ask.chart}
        async with (
            self._gather(tenant, ask.tables) as tables,
            self._engine.compute("analyze", tables, request) as done,
        ):
            found = done.facts
        chart = found.get("chart")
        if chart is not None and chart["format"] != "vega-lite":
            await self._draw(found, chart)
        return found

    async def _draw(self, found: dict[str, Any], chart: dict[str, Any]) -> None:
        async with self._engine.compute("draw", (), chart) as drawn:
            content = drawn.parts[0]
            found["warnings"] = [*found["warnings"], *drawn.facts["warnings"]]
        media_type = "image/png" if chart["format"] == "png" else "image/svg+xml"
        picture = {"type": chart["type"], "format": chart["format"], "media_type": media_type}
        if chart["format"] == "svg":
            picture["content"] = base64.b64decode(content).decode()
        else:
            picture["content_base64"] = content.decode()
        found["chart"] = picture
