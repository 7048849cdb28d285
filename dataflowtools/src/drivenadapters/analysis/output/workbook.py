"""Workbooks: texts are texts, never formulas, links or numbers."""

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

import polars as pl
import xlsxwriter

from dataflowtools.src.drivenadapters.analysis.output.writers import flat_frame
from dataflowtools.src.errors import WorkerResultTooLarge

_MAX_ROWS, _MAX_COLUMNS, _MAX_TEXT = 1_048_575, 16_384, 32_767
_EXACT = 1 << 53
_OPTIONS = {
    "constant_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
    "default_date_format": "yyyy-mm-dd hh:mm:ss",
}


def write_workbook(frame: pl.DataFrame, file: BinaryIO, scratch: Path) -> list[dict[str, Any]]:
    """Write one sheet; raises WorkerResultTooLarge for more than a sheet holds."""
    if frame.height > _MAX_ROWS or frame.width > _MAX_COLUMNS:
        raise WorkerResultTooLarge(f"A sheet holds {_MAX_ROWS} rows and {_MAX_COLUMNS} columns.")
    frame = flat_frame(frame)
    folder = tempfile.mkdtemp(dir=scratch)
    book = xlsxwriter.Workbook(file, {**_OPTIONS, "tmpdir": folder})
    sheet = book.add_worksheet("data")
    formats = {"date": book.add_format({"num_format": "yyyy-mm-dd"}), "bold": book.add_format({"bold": True})}
    cut = 0
    for place, name in enumerate(frame.columns):
        sheet.write_string(0, place, name[:_MAX_TEXT], formats["bold"])
    writers = [_writer(sheet, dtype, formats) for dtype in frame.schema.values()]
    for number, row in enumerate(frame.iter_rows(), start=1):
        for place, value in enumerate(row):
            if value is not None:
                cut += bool(writers[place](number, place, value) == -2)  # noqa: PLR2004  # the writer's word for cut
    book.close()
    if not cut:
        return []
    message = f"Texts longer than the {_MAX_TEXT} characters of a cell were cut."
    return [{"code": "texts_cut", "message": message, "count": cut}]


def _writer(sheet: Any, dtype: pl.DataType, formats: dict[str, Any]) -> Callable[[int, int, Any], Any]:
    if dtype == pl.Boolean:
        return sheet.write_boolean  # type: ignore[no-any-return]  # the library has no types
    if dtype == pl.Date:
        return lambda row, column, value: sheet.write_datetime(row, column, value, formats["date"])
    if isinstance(dtype, pl.Datetime):
        return sheet.write_datetime  # type: ignore[no-any-return]  # the library has no types
    if dtype.is_integer():
        return lambda row, column, value: (
            sheet.write_number(row, column, value)
            if -_EXACT <= value <= _EXACT
            else sheet.write_string(row, column, str(value))
        )
    if dtype.is_numeric():
        return lambda row, column, value: sheet.write_number(row, column, value) if value - value == 0 else 0
    return lambda row, column, value: (
        sheet.write_string(row, column, str(value)[:_MAX_TEXT]) or (-2 if len(str(value)) > _MAX_TEXT else 0)
    )
