"""What a caller may say about how a table is to be read."""

from typing import Annotated, Literal

from pydantic import Field

from dataflowtools.src.logics.data_analysis.model import Model

TableFormat = Literal["csv", "tsv", "xlsx", "xls", "xlsb", "ods", "parquet", "arrow", "json", "ndjson"]
MISSING = ("", "NA", "N/A", "n/a", "#N/A", "NaN", "nan", "null", "NULL")
ColumnName = Annotated[str, Field(max_length=500)]


class ReadTable(Model):
    """How to read a table; everything that is not said is found out."""

    format: TableFormat | None = Field(None, description="The file's format; found out when not given.")
    encoding: str = Field("", max_length=40, description="Encoding of a text file; found out when empty.")
    delimiter: str = Field("", max_length=1, description="What separates fields; found out when empty.")
    quote: str = Field('"', max_length=1, description="What encloses fields; empty reads quotes as text.")
    decimal: Literal["", ".", ","] = Field(
        "",
        description="The decimal mark of a text file; found out when empty (a comma only between semicolons).",
    )
    header: bool = Field(True, description="Whether the first row names the columns.")
    header_rows: int = Field(
        1, ge=1, le=10, description="Rows of a spreadsheet that together name the columns."
    )
    skip_rows: int = Field(
        0, ge=0, le=100_000, description="Rows of a spreadsheet, or lines of a text, above the header."
    )
    sheet: str | int | None = Field(
        None, description="Sheet by name, or by number from 1; else the first visible one."
    )
    fill_merged: bool = Field(False, description="Whether every cell of a merged area gets its value.")
    missing: list[str] = Field(
        default=list(MISSING), max_length=100, description="Texts that stand for a missing value."
    )
    text_columns: list[ColumnName] = Field(
        default=[], max_length=5_000, description="Columns that stay text."
    )
    infer_types: bool = Field(True, description="false reads every column of a text file as text.")
    bad_rows: Literal["keep", "drop", "refuse"] = Field(
        "keep", description="Rows with too many or too few fields: cut and padded, left out, or refused."
    )
