"""Sheets as they are, cell by cell, into csv and tsv: no row is taken for a header, no column for a type."""

import csv
import io
import os
from collections.abc import Iterator, Mapping
from typing import Any

from dataflowtools.src.drivenadapters.documents.handlers import make_factory
from dataflowtools.src.drivenadapters.workers.job import Job
from dataflowtools.src.logics.file.documents.handler import Source
from dataflowtools.src.logics.file.documents.model import Cell, Document, Table
from dataflowtools.src.logics.file.documents.options import ReadOptions

_DELIMITERS = {"csv": ",", "tsv": "\t"}
_CALCULATED = ("=", "+", "-", "@", "\t", "\r")
_TRUNCATED = "rows_truncated"
_NO_VALUE = "formula_without_value"
_LEFT_EMPTY = "Formulas without a stored value are left empty; save the file in a spreadsheet program."


def write(job: Job, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Write a sheet of the first file into the second; tells when it has more rows than are held at once."""
    document = _read(job, arguments)
    table = next((block for block in document.blocks if isinstance(block, Table)), None)
    if any(one.code == _TRUNCATED for one in document.warnings):
        return {"too_long": True, "warnings": []}
    with (
        os.fdopen(os.dup(job.files[-1].fileno()), "wb") as output,
        io.TextIOWrapper(output, "utf-8", newline="") as text,
    ):
        delimiter = _DELIMITERS[str(arguments["target"])]
        writer = csv.writer(text, delimiter=delimiter, lineterminator="\n")
        writer.writerows(_rows(table, escape=bool(arguments["escape_formulas"])) if table else ())
    return {"too_long": False, "warnings": [_warning(one.code, one.message) for one in document.warnings]}


def _read(job: Job, arguments: Mapping[str, Any]) -> Document:
    """Read the sheet that was chosen, otherwise the first that is not hidden."""
    source = str(arguments["source"])
    chosen = arguments["sheet"]
    if chosen is not None:
        return _sheet(job, source, chosen, hidden=True)
    document = _sheet(job, source, 1)
    if _is_hidden(document, 1):
        listed = document.metadata["sheets"]
        visible = next((one["number"] for one in listed if not one["hidden"]), 1)
        document = _sheet(job, source, visible)
    return document


def _sheet(job: Job, source: str, sheet: str | int, *, hidden: bool = False) -> Document:
    job.files[0].seek(0)
    given = Source(file=job.files[0], name=f"book.{source}", format=source, scratch=job.scratch)
    return make_factory().handler_for(source).read(given, ReadOptions(sheets=(sheet,), hidden_sheets=hidden))


def _is_hidden(document: Document, number: int) -> bool:
    listed = document.metadata.get("sheets", [])
    return any(one["hidden"] for one in listed if one["number"] == number)


def _rows(table: Table, *, escape: bool) -> Iterator[list[str]]:
    width = max((len(row) for row in table.rows), default=0)
    for row in table.rows:
        texts = [_text(cell, escape=escape) for cell in row]
        yield texts + [""] * (width - len(texts))


def _text(cell: Cell | None, *, escape: bool) -> str:
    if cell is None or (cell.formula and cell.value is None):
        return ""
    is_text = cell.value is None or isinstance(cell.value, str)
    return f"'{cell.text}" if escape and is_text and cell.text.startswith(_CALCULATED) else cell.text


def _warning(code: str, message: str) -> dict[str, str]:
    return {"code": code, "message": _LEFT_EMPTY if code == _NO_VALUE else message}
