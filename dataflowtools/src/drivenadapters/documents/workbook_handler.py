"""Workbooks (xlsx, xlsm, xls, xlsb, ods): calamine reads the values after our own look at the corners."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import Any, BinaryIO, ClassVar

import python_calamine

from dataflowtools.src.drivenadapters.documents import sheet_tables
from dataflowtools.src.drivenadapters.documents.odf import odf_metadata
from dataflowtools.src.drivenadapters.documents.ods_extras import ods_extras
from dataflowtools.src.drivenadapters.documents.ole_facts import ole_metadata
from dataflowtools.src.drivenadapters.documents.opc import OfficePackage
from dataflowtools.src.drivenadapters.documents.sheet_extras import OddCell, Place, SheetExtras
from dataflowtools.src.drivenadapters.documents.xls_extras import xls_extras
from dataflowtools.src.drivenadapters.documents.xlsb_extras import xlsb_extras
from dataflowtools.src.drivenadapters.documents.xlsx_extras import uses_1904, xlsx_extras
from dataflowtools.src.drivenadapters.documents.zip_package import ZipPackage
from dataflowtools.src.errors import CorruptFile, PasswordRequired
from dataflowtools.src.logics.file.documents.handler import DocumentHandler, Source
from dataflowtools.src.logics.file.documents.model import (
    Block,
    Caveat,
    Document,
    Heading,
    Table,
    plain,
)
from dataflowtools.src.logics.file.documents.options import ReadOptions, cell_range, chosen_sheets

_MAX_SHEETS = 200
_NAMED_PLACES = 20


class WorkbookHandler(DocumentHandler):
    """Reads spreadsheets of every kind but plain text."""

    formats: ClassVar[frozenset[str]] = frozenset({"xlsx", "xlsm", "xltx", "xltm", "xls", "xlsb", "ods"})
    engine: ClassVar[str] = "calamine"

    def read(self, source: Source, options: ReadOptions) -> Document:
        """Read the chosen sheets, each a heading and a table."""
        return _Reading(source, options).document()


class _Reading:
    """One reading of one workbook."""

    def __init__(self, source: Source, options: ReadOptions) -> None:
        self._options = options
        self._caveats: list[Caveat] = []
        self._metadata: dict[str, Any] = {}
        if options.formulas and source.format in ("xls", "xlsb"):
            message = f"Of .{source.format} workbooks only values are read, not formulas."
            self._caveats.append(Caveat(code="formulas_unavailable", message=message))
        look = self._before_values(source)
        source.file.seek(0)
        self._book = _open(source.file)
        self._names = [sheet.name for sheet in self._book.sheets_metadata]
        self._chosen = chosen_sheets(self._names, options.sheets)
        self._extras = look({self._names[index] for index in self._chosen})

    def _before_values(self, source: Source) -> Callable[[set[str]], dict[str, SheetExtras]]:
        """Check the package before the reader of values meets it; what is returned looks at chosen sheets."""
        if source.format == "xls":
            self._metadata |= ole_metadata(source.file)
            return partial(xls_extras, source.file)
        if source.format == "ods":
            package = ZipPackage(source.file)
            package.verify()
            extras = ods_extras(package)
            self._metadata |= odf_metadata(package)
            return lambda _: extras
        return partial(self._look, OfficePackage(source.file), source.format)

    def _look(self, package: OfficePackage, format_name: str, wanted: set[str]) -> dict[str, SheetExtras]:
        if format_name == "xlsb":
            package.zip.verify()
            extras = xlsb_extras(package, wanted)
        else:
            extras = xlsx_extras(package, wanted)
            if uses_1904(package):
                self._metadata["date_system"] = "1904"
        self._metadata |= package.metadata()
        main = package.main_part()
        inner = [one.target for one in package.relations(main).values() if not one.external]
        self._caveats.extend(package.caveats([main, *inner]))
        return extras

    def document(self) -> Document:
        """Read the sheets one after another."""
        blocks: list[Block] = []
        listed = []
        if len(self._chosen) > _MAX_SHEETS:
            message = f"Only {_MAX_SHEETS} of {len(self._chosen)} sheets are shown; ask for others by name."
            self._caveats.append(Caveat(code="sheets_truncated", message=message))
        for number, sheet in enumerate(self._book.sheets_metadata):
            hidden = sheet.visible != python_calamine.SheetVisibleEnum.Visible
            listed.append({"name": sheet.name, "number": number + 1, "hidden": hidden})
            if number not in self._chosen[:_MAX_SHEETS] or (hidden and not self._options.hidden_sheets):
                continue
            if hidden:
                self._caveats.append(
                    Caveat(code="hidden_sheet", message="This sheet is hidden.", where=sheet.name)
                )
            blocks.extend(self._sheet(sheet, listed[-1]))
            extras = self._extras.get(sheet.name, SheetExtras())
            blocks.extend(replace(chart, sheet=sheet.name) for chart in extras.charts)
            blocks.extend(extras.notes)
        self._metadata["sheets"] = listed
        return Document(blocks=blocks, metadata=self._metadata, warnings=self._caveats)

    def _sheet(self, entry: Any, listed: dict[str, Any]) -> Iterator[Block]:
        yield Heading(level=2, runs=plain(entry.name))
        if entry.typ != python_calamine.SheetTypeEnum.WorkSheet:
            listed["kind"] = str(entry.typ).rpartition(".")[2].lower()
            return
        with _translated(f"sheet {entry.name[:60]!r}"):
            sheet = self._book.get_sheet_by_name(entry.name)
            values = sheet.to_python(skip_empty_area=True, nrows=self._options.max_rows + 1)
        origin = sheet.start or (0, 0)
        rows, more = sheet_tables.rows_of(values, self._options.max_rows)
        if more:
            message = f"Only the first {self._options.max_rows} rows are shown."
            self._caveats.append(Caveat(code="rows_truncated", message=message, where=entry.name))
        extras = self._extras.get(entry.name, SheetExtras())
        origin = self._add_odd(rows, entry.name, origin, extras.odd())
        sheet_tables.add_links(rows, extras.links, origin)
        sheet_tables.trim(rows)
        merges = sheet.merged_cell_ranges or extras.merges
        merged = sheet_tables.merge(rows, merges, origin, fill=self._options.fill_merged)
        listed |= {
            "rows": sheet.height if more else len(rows),
            "columns": max((len(row) for row in rows), default=0),
            "merged_cells": merged,
        }
        if self._options.cells:
            rows, origin = self._cropped(rows, origin)
        if rows and rows[0]:
            yield Table(rows=rows, sheet=entry.name, first_row=origin[0] + 1, first_column=origin[1] + 1)

    def _cropped(self, rows: list[Any], origin: tuple[int, int]) -> tuple[list[Any], tuple[int, int]]:
        wanted = cell_range(self._options.cells)
        top, left = wanted.first_row - 1 - origin[0], wanted.first_column - 1 - origin[1]
        height = wanted.last_row - wanted.first_row + 1
        width = wanted.last_column - wanted.first_column + 1
        place = (origin[0] + max(top, 0), origin[1] + max(left, 0))
        return sheet_tables.crop(rows, top, left, height, width), place

    def _add_odd(self, rows: list[Any], name: str, origin: Place, odd: Mapping[Place, OddCell]) -> Place:
        """Put errors and formulas in; the reader's rectangle may leave out those without a value."""
        limit = self._options.max_rows
        origin = sheet_tables.cover(rows, origin, odd, limit)
        empty = sheet_tables.add_odd(rows, odd, origin, formulas=self._options.formulas)
        if empty:
            places = ", ".join(empty[:_NAMED_PLACES]) + (" …" if len(empty) > _NAMED_PLACES else "")
            message = f"{len(empty)} formulas have no stored value; they are given as formulas: {places}"
            self._caveats.append(Caveat(code="formula_without_value", message=message, where=name))
        return origin


_ERRORS = (
    python_calamine.CalamineError, python_calamine.WorksheetNotFound, python_calamine.XmlError,
    python_calamine.ZipError, OSError, ValueError,
)  # fmt: skip


def _open(file: BinaryIO) -> Any:
    with _translated("workbook"):
        return python_calamine.CalamineWorkbook.from_filelike(file)


@contextmanager
def _translated(what: str) -> Iterator[None]:
    """Turn what the reader raises into errors of ours; its panics are no Exception and have no name to import."""
    try:
        yield
    except python_calamine.PasswordError as exc:
        raise PasswordRequired("The workbook is protected by a password.", field="password") from exc
    except _ERRORS as exc:
        raise CorruptFile(f"The {what} cannot be read: {str(exc)[:200]}") from exc
    except BaseException as exc:
        if type(exc).__name__ != "PanicException":
            raise
        raise CorruptFile(f"The {what} is broken.") from exc
