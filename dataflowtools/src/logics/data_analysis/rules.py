"""Rules that a table is held against; a missing value breaks only not_null."""

from typing import Annotated, Literal

from pydantic import Field

from dataflowtools.src.logics.data_analysis.model import Model
from dataflowtools.src.logics.data_analysis.reading import ColumnName
from dataflowtools.src.logics.data_analysis.steps.column_steps import Columns, TypeName, Value
from dataflowtools.src.logics.data_analysis.steps.table_steps import TableName


class _ForColumn(Model):
    column: ColumnName
    name: str | None = Field(None, max_length=100, description="What errors call the rule; else its kind.")


class TypeRule(_ForColumn):
    """Every value is of a type, or a text that can be read as one."""

    rule: Literal["type"]
    type: TypeName


class NotNullRule(_ForColumn):
    """No value is missing."""

    rule: Literal["not_null", "required"]


class RangeRule(_ForColumn):
    """Numbers or dates lie between bounds, which belong to the range unless exclusive."""

    rule: Literal["range"]
    min: float | str | None = None
    max: float | str | None = None
    exclusive: bool = False


class LengthRule(_ForColumn):
    """Texts have so many characters."""

    rule: Literal["length"]
    min: int | None = Field(None, ge=0)
    max: int | None = Field(None, ge=0)


class SetRule(_ForColumn):
    """Values are among these, or not among them."""

    rule: Literal["set"]
    values: list[Value] = Field(min_length=1, max_length=100_000)
    negate: bool = False


class PatternRule(_ForColumn):
    """The whole text matches a regular expression of the linear-time engine."""

    rule: Literal["pattern"]
    pattern: str = Field(min_length=1, max_length=1_000)


class UniqueRule(Model):
    """No two rows have the same values; rows with a missing one are left out."""

    rule: Literal["unique"]
    columns: Columns | None = None
    column: ColumnName | None = None
    name: str | None = Field(None, max_length=100)


class ForeignKeyRule(Model):
    """Values are found in another table."""

    rule: Literal["foreign_key"]
    columns: Columns | None = None
    column: ColumnName | None = None
    table: TableName
    references: Columns | None = Field(None, description="The other table's columns; else of the same names.")
    name: str | None = Field(None, max_length=100)


class ExpressionRule(Model):
    """An expression over the columns of a row is true; one without a value passes."""

    rule: Literal["expression", "cross_column"]
    expression: str = Field(min_length=1, max_length=10_000)
    column: ColumnName | None = Field(None, description="The column that errors name.")
    name: str | None = Field(None, max_length=100)


Rule = Annotated[
    TypeRule | NotNullRule | RangeRule | LengthRule | SetRule | PatternRule | UniqueRule | ForeignKeyRule
    | ExpressionRule,
    Field(discriminator="rule"),
]  # fmt: skip
