"""What a caller may say about how a result is given."""

from typing import Literal

from pydantic import Field

from dataflowtools.src.logics.data_analysis.model import Model

OutputFormat = Literal[
    "records", "csv", "tsv", "xlsx", "parquet", "arrow", "json", "ndjson", "markdown", "html"
]
ENDINGS = {
    "csv": "csv", "tsv": "tsv", "xlsx": "xlsx", "parquet": "parquet", "arrow": "arrow", "json": "json",
    "ndjson": "ndjson", "markdown": "md", "html": "html",
}  # fmt: skip
TEXTS = frozenset({"csv", "tsv", "json", "ndjson", "markdown", "html"})


class Output(Model):
    """A format, and whether the result is stored as a file or comes with the reply."""

    format: OutputFormat
    inline: bool = Field(
        False, description="Whether the content comes with the reply instead of being stored."
    )
    name: str = Field("", max_length=200, description="Name of the stored file.")
    escape_formulas: bool = Field(
        False,
        description="Whether texts of csv and tsv that a spreadsheet would calculate get an apostrophe.",
    )
    bom: bool = Field(False, description="Whether csv and tsv begin with a mark that spreadsheets look for.")


def output_of(to: "str | Output | None") -> Output:
    """Read the short form, a format by name."""
    if isinstance(to, Output):
        return to
    return Output.model_validate({"format": to or "records"})
