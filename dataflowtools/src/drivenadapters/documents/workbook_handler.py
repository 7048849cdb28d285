"""Workbooks (xlsx, xlsm, xls, xlsb, ods): calamine reads the values after our own look at the corners."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, BinaryIO, ClassVar

import python_calamine

from dataflowtools.src.drivenadapters.documents import sheet_tables
from dataflowtools.src.drivenadapters.documents.charts import charts_of
from dataflowtools.src.drivenadapters.documents.ods_merges import ods_merges
from dataflowtools.src.drivenadapters.documents.opc import OfficePackage
from dataflowtools.src.drivenadapters.documents.sheet_comments import sheet_comments
from dataflowtools.src.drivenadapters.documents.sheet_scan import OddCell, odd_cells, scan
from dataflowtools.src.drivenadapters.documents.zip_package import ZipPackage
from dataflowtools.src.errors import CorruptFile, ForbiddenXml, PasswordRequired
from dataflowtools.src.logics.file.documents.handler import DocumentHandler, Source
from dataflowtools.src.logics.file.documents.model import (
    Block,
    Caveat,
    Document,
    Heading,
    Note,
    Table,
    plain,
)
from dataflowtools.src.logics.file.documents.options import ReadOptions, cell_range, chosen_sheets

_MAX_SHEETS = 200
_NAMED_PLACES = 20
_R_ID = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_S = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


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
        self._odd_parts: dict[str, str] = {}
        self._charts: dict[str, list[Table]] = {}
        self._notes: dict[str, list[Note]] = {}
        self._merges: dict[str, list[sheet_tables.Merge]] = {}
        self._package: OfficePackage | None = None
        if source.format.startswith(("xlsx", "xlsm", "xlt")):
            self._package = OfficePackage(source.file)
        elif source.format != "xls":
            package = ZipPackage(source.file)
            package.verify()
            if source.format == "ods":
                self._merges = ods_merges(package)
        source.file.seek(0)
        self._book = _open(source.file)
        self._names = [sheet.name for sheet in self._book.sheets_metadata]
        self._chosen = chosen_sheets(self._names, options.sheets)
        if self._package is not None:
            self._look(self._package)

    def _look(self, package: OfficePackage) -> None:
        """Check every chosen sheet's corners, and note which sheets have formulas or errors."""
        main = package.main_part()
        book = package.xml(main)
        relations = package.relations(main)
        wanted = {self._names[index] for index in self._chosen}
        for sheet in book.iter(_S + "sheet"):
            relation = relations.get(sheet.get(_R_ID, ""))
            name = sheet.get("name", "")
            if relation is not None and not relation.external and name in wanted:
                self._charts[name] = charts_of(package, relation.target)
                self._notes[name] = sheet_comments(package, relation.target)
            if relation is None or relation.kind != "worksheet" or name not in wanted:
                continue
            extent = scan(package.zip.chunks(relation.target))
            extent.check(name)
            if extent.has_formulas or extent.has_errors:
                self._odd_parts[name] = relation.target
        for part in package.zip.names():
            if part.startswith("xl/") and part.endswith(".xml") and "worksheets/" not in part:
                _refuse_doctype(package.zip, part)
        properties = book.find(_S + "workbookPr")
        if properties is not None and properties.get("date1904", "0") in ("1", "true"):
            self._metadata["date_system"] = "1904"
        self._metadata |= package.metadata()
        parts = [main, *(relation.target for relation in relations.values() if not relation.external)]
        self._caveats.extend(package.caveats(parts))

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
            blocks.extend(replace(chart, sheet=sheet.name) for chart in self._charts.get(sheet.name, ()))
            blocks.extend(self._notes.get(sheet.name, ()))
        self._metadata["sheets"] = listed
        return Document(blocks=blocks, metadata=self._metadata, warnings=self._caveats)

    def _sheet(self, entry: Any, listed: dict[str, Any]) -> Iterator[Block]:
        yield Heading(level=2, runs=plain(entry.name))
        if entry.typ != python_calamine.SheetTypeEnum.WorkSheet:
            listed["kind"] = str(entry.typ).rpartition(".")[2].lower()
            return
        try:
            sheet = self._book.get_sheet_by_name(entry.name)
        except _ERRORS as exc:
            raise CorruptFile(f"The sheet {entry.name[:60]!r} cannot be read: {str(exc)[:200]}") from exc
        origin = sheet.start or (0, 0)
        rows, more = sheet_tables.rows_of(sheet.to_python(skip_empty_area=True), self._options.max_rows)
        if more:
            message = f"Only the first {self._options.max_rows} rows are shown."
            self._caveats.append(Caveat(code="rows_truncated", message=message, where=entry.name))
        self._add_odd(rows, entry.name, origin)
        sheet_tables.trim(rows)
        merges = sheet.merged_cell_ranges or self._merges.get(entry.name, ())
        merged = sheet_tables.merge(rows, merges, origin, fill=self._options.fill_merged)
        listed |= {
            "rows": len(rows),
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

    def _add_odd(self, rows: list[Any], name: str, origin: tuple[int, int]) -> None:
        if self._package is None or name not in self._odd_parts:
            return
        odd: dict[tuple[int, int], OddCell] = odd_cells(self._package.zip.chunks(self._odd_parts[name]))
        empty = sheet_tables.add_odd(rows, odd, origin, formulas=self._options.formulas)
        if empty:
            places = ", ".join(empty[:_NAMED_PLACES]) + (" …" if len(empty) > _NAMED_PLACES else "")
            message = f"{len(empty)} formulas have no stored value; they are given as formulas: {places}"
            self._caveats.append(Caveat(code="formula_without_value", message=message, where=name))


_ERRORS = (
    python_calamine.CalamineError, python_calamine.WorksheetNotFound, python_calamine.XmlError,
    python_calamine.ZipError, OSError, ValueError,
)  # fmt: skip


def _open(file: BinaryIO) -> Any:
    try:
        return python_calamine.CalamineWorkbook.from_filelike(file)
    except python_calamine.PasswordError as exc:
        raise PasswordRequired("The workbook is protected by a password.", field="password") from exc
    except _ERRORS as exc:
        raise CorruptFile(f"The workbook cannot be read: {str(exc)[:200]}") from exc


def _refuse_doctype(package: ZipPackage, part: str) -> None:
    tail = b""
    for chunk in package.chunks(part):
        if b"<!DOCTYPE" in tail + chunk or b"\0" in chunk:
            raise ForbiddenXml(f"The part {part[:100]} declares a document type, which may hold entities.")
        tail = chunk[-16:]
