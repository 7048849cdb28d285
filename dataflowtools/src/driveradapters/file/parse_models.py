"""What the call that reads documents takes and gives."""

import json
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, Field

from dataflowtools.src.logics.file.documents.options import ReadOptions
from servicekit.http import Body

_FLAGS = {"true": True, "1": True, "false": False, "0": False}


class ParseChoices(Body):
    """How a document is to be read and given."""

    format: str = Field("json", max_length=100, description="json, markdown, text or html.")
    pages: str | int | list[int] = Field("", description="Pages or slides: 3, [1, 2] or 1-3,7,10-.")
    sheets: str | int | list[str | int] = Field((), description="Sheets by name or number from 1.")  # type: ignore[assignment]  # an empty choice
    cells: str = Field("", max_length=40, description="A rectangle of cells of each sheet, like B2:D10.")
    password: str | None = Field(
        None, max_length=1000, description="Opens an encrypted document; never kept."
    )
    encoding: str = Field("", max_length=40, description="Encoding of a text; found out when not given.")
    delimiter: str = Field("", max_length=1, description="Delimiter of a csv; found out when not given.")
    formulas: bool = Field(default=False, description="Give formulas beside their values.")
    fill_merged: bool = Field(default=False, description="Repeat a merged cell's text in all its places.")
    hidden_sheets: bool = Field(default=True, description="Read hidden sheets too.")
    max_rows: int = Field(200_000, ge=1, le=2_000_000, description="Most rows of one table.")
    ocr: str = Field("auto", max_length=20, description="never: leave pages that are pictures unread.")
    tables: bool = Field(default=True, description="Look for tables in PDF pages.")

    def options(self) -> ReadOptions:
        """Return the choices as the use case takes them."""
        chosen = self.model_dump(exclude={"file_id", "password", "pages", "sheets"})
        sheets = (self.sheets,) if isinstance(self.sheets, str | int) else tuple(self.sheets)
        pages = ",".join(map(str, self.pages)) if isinstance(self.pages, list) else str(self.pages)
        return ReadOptions(**chosen, pages=pages, sheets=sheets)


class ParseRequest(ParseChoices):
    """A stored document to read."""

    file_id: str = Field(max_length=100, description="The id that uploading returned.")


class ParseWarning(BaseModel):
    """Something a reader should know."""

    code: str
    message: str
    where: str | None = None


class ParseReply(BaseModel):
    """The document as it was asked for."""

    content: dict[str, Any] | str = Field(description="JSON: blocks and pages; otherwise a text.")
    metadata: dict[str, Any] = Field(description="Format, engine, title, author, pages, sheets …")
    warnings: list[ParseWarning]


def choices_of_form(fields: Mapping[str, str]) -> dict[str, Any]:
    """Turn a form's texts into what the JSON body would hold."""
    return {name: _value(name, text) for name, text in fields.items()}


def _value(name: str, text: str) -> Any:
    if name in ("formulas", "fill_merged", "hidden_sheets", "tables"):
        return _FLAGS.get(text.strip().lower(), text)
    if name == "max_rows":
        return int(text) if text.strip().isdecimal() and len(text) < 10 else text  # noqa: PLR2004  # digits
    if name == "sheets":
        return _sheets(text)
    return text


def _sheets(text: str) -> Any:
    if text.lstrip().startswith("["):
        try:
            return json.loads(text)
        except ValueError:
            return text
    return [int(part) if part.isdecimal() else part for part in map(str.strip, text.split(",")) if part]
