"""Steps that work column by column."""

from itertools import pairwise
from typing import Annotated, Literal

from pydantic import Field, field_validator

from dataflowtools.src.logics.data_analysis.model import Model
from dataflowtools.src.logics.data_analysis.reading import ColumnName

Columns = Annotated[list[ColumnName], Field(min_length=1, max_length=5_000)]
Value = str | int | float | bool | None
TypeName = Literal["integer", "number", "text", "boolean", "date", "datetime"]


class Select(Model):
    """Keep these columns, in this order."""

    op: Literal["select"]
    columns: Columns


class Drop(Model):
    """Leave columns out, or rows in which values are missing."""

    op: Literal["drop"]
    columns: Columns | None = Field(None, description="Columns to leave out.")
    missing: Literal["any", "all"] | None = Field(None, description="Leave out rows with a missing value.")
    subset: Columns | None = Field(None, description="Columns that missing looks at; else all.")


class Rename(Model):
    """Give columns other names."""

    op: Literal["rename"]
    names: dict[ColumnName, ColumnName] = Field(min_length=1, max_length=5_000)


class Derive(Model):
    """Compute columns; each may use those before it."""

    op: Literal["derive"]
    columns: dict[ColumnName, str] = Field(
        min_length=1, max_length=500, description="An expression by the name of its column."
    )


class Cast(Model):
    """Turn columns into another type."""

    op: Literal["cast"]
    types: dict[ColumnName, TypeName] = Field(min_length=1, max_length=5_000)
    on_error: Literal["null", "refuse"] = Field("null", description="What becomes of values that do not fit.")
    decimal: Literal[".", ","] = Field(
        ".", description="The decimal mark of texts like 1,234.50 €, $5, (3) and 12% that become numbers."
    )


class Fill(Model):
    """Put something where a value is missing."""

    op: Literal["fill"]
    columns: Columns | None = None
    value: Value = None
    method: (
        Literal["forward", "backward", "mean", "median", "min", "max", "mode", "zero", "interpolate"] | None
    ) = None


class ParseDates(Model):
    """Read texts as dates; the first format that fits a value counts."""

    op: Literal["parse_dates"]
    columns: Columns
    formats: list[Annotated[str, Field(max_length=100)]] = Field(
        default=[], max_length=20, description="strftime patterns; the usual ones when empty."
    )
    day_first: bool = Field(False, description="How 03/04/2024 is read when no format is given.")
    to: Literal["date", "datetime"] = "date"
    on_error: Literal["null", "refuse"] = "null"


class MapValues(Model):
    """Replace values by others."""

    op: Literal["map_values"]
    column: ColumnName
    values: dict[str, Value] = Field(
        min_length=1, max_length=10_000, description="New value by old one, as text."
    )
    default: Value = Field(None, description="What the others become, with otherwise = default.")
    otherwise: Literal["keep", "null", "default"] = "keep"


class Normalise(Model):
    """Bring numbers to one scale; the standard deviation is the sample's."""

    op: Literal["normalise", "normalize"]
    columns: Columns
    method: Literal["minmax", "zscore", "robust", "max", "log1p"] = "minmax"


class Encode(Model):
    """Turn categories into numbers."""

    op: Literal["encode"]
    columns: Columns
    method: Literal["onehot", "ordinal", "frequency"] = "onehot"
    categories: list[str] | None = Field(None, max_length=1_000, description="Their order; else sorted.")
    keep: bool = Field(False, description="Whether the column itself stays.")


class Bin(Model):
    """Put numbers into classes."""

    op: Literal["bin"]
    column: ColumnName
    edges: list[float] | None = Field(
        None, min_length=1, max_length=1_000, description="Bounds between classes."
    )
    count: int | None = Field(
        None, ge=2, le=1_000, description="Classes of one width, or with quantiles of one size."
    )
    method: Literal["width", "quantiles"] = "width"
    labels: list[str] | None = Field(None, max_length=1_001)
    name: ColumnName | None = Field(None, description="The new column; else column_bin.")

    @field_validator("edges")
    @classmethod
    def _rising(cls, edges: list[float] | None) -> list[float] | None:
        if edges is not None and any(high <= low for low, high in pairwise(edges)):
            raise ValueError("edges must rise")
        return edges


class Clip(Model):
    """Hold numbers between bounds."""

    op: Literal["clip"]
    columns: Columns
    low: float | None = None
    high: float | None = None
