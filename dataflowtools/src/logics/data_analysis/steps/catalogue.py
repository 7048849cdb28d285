"""All steps by name, and their JSON Schemas."""

from typing import Annotated, Any

from pydantic import Field, TypeAdapter

from dataflowtools.src.logics.data_analysis.model import Model
from dataflowtools.src.logics.data_analysis.steps.column_steps import (
    Bin,
    Cast,
    Clip,
    Derive,
    Drop,
    Encode,
    Fill,
    MapValues,
    Normalise,
    ParseDates,
    Rename,
    Select,
)
from dataflowtools.src.logics.data_analysis.steps.row_steps import (
    Dedupe,
    Explode,
    Filter,
    Limit,
    Sample,
    Sort,
)
from dataflowtools.src.logics.data_analysis.steps.table_steps import (
    Group,
    Join,
    Pivot,
    Resample,
    Sql,
    Union,
    Unpivot,
    Window,
)
from dataflowtools.src.logics.data_analysis.steps.text_steps import Extract, Replace, Split, Text

Step = Annotated[
    Select | Drop | Rename | Derive | Cast | Fill | ParseDates | MapValues | Normalise | Encode | Bin | Clip
    | Text | Replace | Extract | Split | Filter | Dedupe | Sort | Sample | Limit | Explode | Join | Union | Group
    | Pivot | Unpivot | Window | Resample | Sql,
    Field(discriminator="op"),
]  # fmt: skip
STEPS: tuple[type[Model], ...] = (
    Select, Drop, Rename, Derive, Cast, Fill, ParseDates, MapValues, Normalise, Encode, Bin, Clip,
    Text, Replace, Extract, Split, Filter, Dedupe, Sort, Sample, Limit, Explode, Join, Union, Group,
    Pivot, Unpivot, Window, Resample, Sql,
)  # fmt: skip


def step_schemas() -> list[dict[str, Any]]:
    """Tell each step's name, what it does, and the JSON Schema of its fields."""
    return [
        {
            "op": TypeAdapter(step).json_schema()["properties"]["op"].get("const", "normalise"),
            "summary": (step.__doc__ or "").strip(),
            "schema": step.model_json_schema(),
        }
        for step in STEPS
    ]
