"""How a result is drawn."""

from typing import Literal

from pydantic import Field

from dataflowtools.src.logics.data_analysis.model import Model
from dataflowtools.src.logics.data_analysis.reading import ColumnName


class Chart(Model):
    """A chart of the result; what is not said is chosen by the columns' types."""

    type: Literal["bar", "line", "area", "scatter", "pie", "histogram", "heatmap", "box"] | None = None
    x: ColumnName | None = None
    y: ColumnName | None = None
    color: ColumnName | None = None
    title: str = Field("", max_length=200)
    format: Literal["vega-lite", "png", "svg"] = "vega-lite"
    width: int = Field(640, ge=100, le=4_000)
    height: int = Field(400, ge=100, le=4_000)
    rows: int = Field(2_000, ge=1, le=20_000, description="Most points drawn; of more, every nth.")
