"""Which tables a request is about."""

from typing import Any

from pydantic import Field, model_validator

from dataflowtools.src.logics.data_analysis.model import Model
from dataflowtools.src.logics.data_analysis.reading import ReadTable
from dataflowtools.src.logics.data_analysis.steps.table_steps import TableName

MAX_TABLES = 10


class TableSource(Model):
    """A stored file, or records as they are."""

    file_id: str | None = Field(None, min_length=1, max_length=100)
    data: list[dict[str, Any]] | None = Field(None, description="Records.")
    read: ReadTable = Field(default_factory=ReadTable)

    @model_validator(mode="after")
    def _one_source(self) -> "TableSource":
        if (self.file_id is None) == (self.data is None):
            raise ValueError("give either file_id or data")
        return self


OtherTables = dict[TableName, TableSource]
