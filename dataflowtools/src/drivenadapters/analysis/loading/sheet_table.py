"""Tables in spreadsheets: corners first, then calamine, then what a sheet says beside its values."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, BinaryIO

import fastexcel
import polars as pl

from dataflowtools.src.drivenadapters.analysis.loading.names import name_warnings, unique_names
from dataflowtools.src.drivenadapters.analysis.loading.sheet_corners import find_extent
from dataflowtools.src.drivenadapters.analysis.loading.table import LoadedTable, check_columns, check_size
from dataflowtools.src.drivenadapters.analysis.loading.titles import (
    above_header_warnings,
    titles_above,
)
from dataflowtools.src.drivenadapters.documents import safe_xml
from dataflowtools.src.drivenadapters.documents.opc import OfficePackage
from dataflowtools.src.drivenadapters.documents.zip_package import ZipPackage
from dataflowtools.src.errors import CorruptFile, InvalidSelection
from dataflowtools.src.logics.data_analysis.limits import AnalysisLimits
from dataflowtools.src.logics.data_analysis.reading import ReadTable
from dataflowtools.src.logics.file.documents.options import cell_range, column_number

_S = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_R_ID = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_NO_VALUE = re.compile(
    rb"""<c\b[^>]*?\sr="([A-Z]{1,3}\d{1,7})"[^>]*>\s*<f\b[^>]*?(?:/>|>([^<]*)</f>)\s*(?:<v\s*/>|<v>\s*</v>)?\s*</c>"""
)
_ERROR = re.compile(
    rb"""<c\b(?=[^>]*?\st="e")[^>]*?\sr="([A-Z]{1,3}\d{1,7})"[^>]*>.*?<v>([^<]*)</v>""", re.DOTALL
)
_LISTED = 50
_TITLE_ROWS = 20
_AMBIGUOUS = re.compile(r"_\d+$|^__UNNAMED__|^\s|\s$")
_EXACT = 1 << 53


@dataclass(slots=True)
class _Sheet:
    """What a sheet's XML says that its values do not."""

    warnings: list[dict[str, Any]] = field(default_factory=list)
    merged: list[str] = field(default_factory=list)
    first_row: int = 1
    first_column: int = 1


def load_sheet(file: BinaryIO, kind: str, options: ReadTable, limits: AnalysisLimits) -> LoadedTable:
    """Read one sheet; raises SheetTooLarge, DecompressionLimit, CorruptFile or InvalidSelection."""
    package = OfficePackage(file) if kind == "xlsx" else None
    if kind in {"ods", "xlsb"}:
        ZipPackage(file).verify()
    file.seek(0)
    try:
        book = fastexcel.read_excel(file.read())
        hidden = _hidden(book, package)
        name = _chosen(book.sheet_names, hidden, options.sheet)
        about = _look(package, name) if package is not None else _Sheet()
        frame = _body(book, name, options)
        above = _rows_above(book, name, frame, options, about)
        if above:
            options = options.model_copy(update={"skip_rows": len(above)})
            frame = _body(book, name, options)
        frame, changed = _named(frame, book, name, options, limits)
    except fastexcel.FastExcelError as exc:
        raise CorruptFile(f"The spreadsheet cannot be read: {str(exc).splitlines()[0][:200]}") from exc
    check_size(frame, limits)
    if options.fill_merged and about.merged:
        frame = _filled(frame, about, options)
    frame = frame.with_columns(_tidy(frame))
    table = LoadedTable.held(frame)
    table.source = {
        "sheet": name,
        "sheets": [{"name": one, "hidden": hidden[one]} for one in book.sheet_names],
        "merged_areas": about.merged[:_LISTED],
    }
    table.warnings = [
        *above_header_warnings(above),
        *name_warnings(changed),
        *about.warnings,
        *_merge_warning(about, options),
    ]
    return table


def _hidden(book: fastexcel.ExcelReader, package: OfficePackage | None) -> dict[str, bool]:
    """Say of every sheet whether it is hidden."""
    if package is None:
        return {
            name: book.load_sheet(name, header_row=None, n_rows=1, skip_rows=0).visible != "visible"
            for name in book.sheet_names
        }
    sheets = package.xml(package.main_part()).iter(_S + "sheet")
    states = {one.get("name", ""): one.get("state", "visible") for one in sheets}
    return {name: states.get(name, "visible") != "visible" for name in book.sheet_names}


def _chosen(names: Sequence[str], hidden: dict[str, bool], wanted: str | int | None) -> str:
    if wanted is None:
        return (
            next((name for name in names if not hidden[name]), names[0]) if names else _missing(wanted, names)
        )
    if isinstance(wanted, int):
        return names[wanted - 1] if 1 <= wanted <= len(names) else _missing(wanted, names)
    return wanted if wanted in names else _missing(wanted, names)


def _missing(wanted: str | int | None, names: Sequence[str]) -> str:
    known = ", ".join(repr(name[:60]) for name in names[:20])
    raise InvalidSelection(
        f"There is no sheet {str(wanted)[:60]!r}; there are {known}.", field="/options/read/sheet"
    )


def _look(package: OfficePackage, name: str) -> _Sheet:
    main = package.main_part()
    relations = package.relations(main)
    for sheet in package.xml(main).iter(_S + "sheet"):
        relation = relations.get(sheet.get(_R_ID, ""))
        if sheet.get("name") != name or relation is None or relation.kind != "worksheet":
            continue
        xml = package.zip.read(relation.target)
        extent = find_extent(xml)
        extent.check(name)
        found = _Sheet(first_row=min(extent.rows, default=1))
        if extent.columns:
            found.first_column = min(column_number(letters.decode()) for letters in extent.columns)
        if extent.has_formulas or extent.has_errors:
            found.warnings = _odd(xml)
        if b"mergeCell " in xml:
            merged = safe_xml.elements([xml], _S + "mergeCell", "A sheet")
            found.merged = [element.get("ref", "") for element in merged]
        return found
    return _Sheet()


def _odd(xml: bytes) -> list[dict[str, Any]]:
    """Report formulas that were never calculated, and cells that hold an error."""
    empty = [
        (cell.decode(), "=" + formula.decode("utf-8", "replace")) for cell, formula in _NO_VALUE.findall(xml)
    ]
    wrong = [(cell.decode(), value.decode("utf-8", "replace")) for cell, value in _ERROR.findall(xml)]
    found: list[dict[str, Any]] = []
    if empty:
        cells = [{"cell": cell, "formula": formula} for cell, formula in empty[:_LISTED]]
        message = (
            "Formulas without a stored value are read as missing; save the file in a spreadsheet program."
        )
        found.append(
            {"code": "formula_without_value", "message": message, "count": len(empty), "cells": cells}
        )
    if wrong:
        cells = [{"cell": cell, "error": value} for cell, value in wrong[:_LISTED]]
        message = "Cells that hold an error are read as missing."
        found.append({"code": "error_cells", "message": message, "count": len(wrong), "cells": cells})
    return found


def _merge_warning(about: _Sheet, options: ReadTable) -> list[dict[str, Any]]:
    if not about.merged or options.fill_merged:
        return []
    message = (
        "Only the first cell of a merged area has its value; the read option fill_merged fills the others."
    )
    return [
        {
            "code": "merged_cells",
            "message": message,
            "count": len(about.merged),
            "areas": about.merged[:_LISTED],
        }
    ]


def _named(
    frame: pl.DataFrame, book: fastexcel.ExcelReader, name: str, options: ReadTable, limits: AnalysisLimits
) -> tuple[pl.DataFrame, list[dict[str, Any]]]:
    above = options.header_rows if options.header else 0
    check_columns(frame.width, limits)
    names: list[str] = frame.columns
    changed: list[dict[str, Any]] = []
    if above != 1 or any(_AMBIGUOUS.search(one) for one in names):
        names, changed = unique_names(_titles(book, name, options, above) if above else [None] * frame.width)
    if len(names) != frame.width:
        return pl.DataFrame(schema=dict.fromkeys(names, pl.String)), changed
    frame.columns = names
    texts = [one for one in options.text_columns if one in names]
    return frame.with_columns(pl.col(texts).cast(pl.String)) if texts else frame, changed if above else []


def _body(book: fastexcel.ExcelReader, name: str, options: ReadTable) -> pl.DataFrame:
    skip, above = options.skip_rows, options.header_rows if options.header else 0
    where: dict[str, Any] = {"header_row": skip} if above == 1 else {"skip_rows": skip + above}
    where = {"header_row": None, "schema_sample_rows": None, **where}
    try:
        frame: pl.DataFrame = book.load_sheet(name, **where).to_polars()
    except fastexcel.UnsupportedColumnTypeCombinationError:
        return _with_texts(book, name, where)
    except fastexcel.FastExcelError as exc:
        if "no data" in str(exc).lower() or "not enough" in str(exc).lower():
            return pl.DataFrame()
        raise
    return frame


def _with_texts(book: fastexcel.ExcelReader, name: str, where: dict[str, Any]) -> pl.DataFrame:
    """Read columns that hold both times and other values as text; a time of the day has no day there."""
    width = book.load_sheet(name, **where, dtypes="string").to_polars().width
    mixed: list[int] = []
    for place in range(width):
        try:
            book.load_sheet(name, **where, use_columns=[place])
        except fastexcel.UnsupportedColumnTypeCombinationError:
            mixed.append(place)
    frame: pl.DataFrame = book.load_sheet(name, **where, dtypes=dict.fromkeys(mixed, "string")).to_polars()
    return frame.with_columns(pl.nth(mixed).str.strip_prefix("1899-12-31 "))


def _rows_above(
    book: fastexcel.ExcelReader, name: str, frame: pl.DataFrame, options: ReadTable, about: _Sheet
) -> list[str]:
    """Find titles above the header, where it names one column of several only."""
    unnamed = sum(one.startswith("__UNNAMED__") for one in frame.columns)
    if not options.header or options.skip_rows or frame.width < 2 or unnamed < frame.width - 1:  # noqa: PLR2004
        return []
    first = book.load_sheet(name, header_row=None, skip_rows=0, n_rows=_TITLE_ROWS, dtypes="string")
    rows = [[str(value or "") for value in row] for row in first.to_polars().rows()]
    across = any(
        area.first_row == about.first_row and area.last_column - area.first_column + 1 >= frame.width
        for area in map(cell_range, about.merged)
    )
    return titles_above(rows, across=across)


def _titles(book: fastexcel.ExcelReader, name: str, options: ReadTable, rows: int) -> list[str]:
    """Join several header rows; what stands above several columns holds for all of them."""
    sheet = book.load_sheet(name, header_row=None, skip_rows=options.skip_rows, n_rows=rows, dtypes="string")
    lines = [list(row) for row in sheet.to_polars().rows()]
    for line in lines[: rows - 1]:
        for place in range(1, len(line)):
            line[place] = line[place] if line[place] is not None else line[place - 1]
    columns = zip(*lines, strict=True)
    return [
        " ".join(dict.fromkeys(str(part).strip() for part in parts if part is not None)) for parts in columns
    ]


def _tidy(frame: pl.DataFrame) -> list[pl.Expr]:
    """Numbers that are all whole are integers, moments that are all midnight are dates."""
    plain = _plain_columns(frame)
    changes: list[pl.Expr] = []
    for name, dtype in frame.schema.items():
        column = pl.col(name)
        if dtype == pl.Float64:
            finite = pl.when(column.is_finite()).then(column)
            changes.append((column.cast(pl.Int64) if name in plain else finite).alias(name))
        elif isinstance(dtype, pl.Datetime):
            changes.append(column.dt.date() if name in plain else column.cast(pl.Datetime("us")))
        elif dtype == pl.Null:
            changes.append(column.cast(pl.String))
        elif dtype == pl.String:
            changes.append(column.replace("", None))
    return changes


def _plain_columns(frame: pl.DataFrame) -> set[str]:
    """Name the columns whose numbers are all whole or whose moments are all midnight, in one pass over all."""
    tests = []
    for name, dtype in frame.schema.items():
        column = pl.col(name)
        if dtype == pl.Float64:
            holds = (column == column.floor()) & (column.abs() < _EXACT)
        elif isinstance(dtype, pl.Datetime):
            holds = column == column.dt.truncate("1d")
        else:
            continue
        tests.append((holds.all() & column.is_not_null().any()).alias(name))
    return {name for name, held in frame.select(tests).row(0, named=True).items() if held} if tests else set()


def _filled(frame: pl.DataFrame, about: _Sheet, options: ReadTable) -> pl.DataFrame:
    """Give every cell of a merged area the value of its first one."""
    offset = about.first_row + options.skip_rows + (options.header_rows if options.header else 0)
    columns = {name: frame.get_column(name).to_list() for name in frame.columns}
    names = frame.columns
    for area in about.merged:
        rows = cell_range(area)
        inside = range(max(rows.first_row - offset, 0), min(rows.last_row - offset + 1, frame.height))
        across = range(rows.first_column - about.first_column, rows.last_column - about.first_column + 1)
        if rows.first_row < offset or not inside or across[0] >= len(names):
            continue
        value = columns[names[across[0]]][inside[0]]
        for place in across[: len(names)]:
            if place < len(names):
                for row in inside:
                    columns[names[place]][row] = value
    schema = frame.schema
    return pl.DataFrame(
        [pl.Series(name, values, dtype=schema[name], strict=False) for name, values in columns.items()]
    )
