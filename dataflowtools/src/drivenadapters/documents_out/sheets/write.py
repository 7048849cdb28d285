"""New workbooks: a text stays a text, and a formula is one only where it was asked for."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

import xlsxwriter
from xlsxwriter.exceptions import XlsxWriterException

from dataflowtools.src.drivenadapters.documents_out.caveats import Caveats
from dataflowtools.src.drivenadapters.documents_out.sheets.cells import (
    MAX_TEXT,
    checked_format,
    checked_formula,
    date_of,
    in_range,
    is_kept_as_text,
)
from dataflowtools.src.drivenadapters.documents_out.word.markup import legal
from dataflowtools.src.errors import InvalidContent
from dataflowtools.src.logics.file.documents import model
from dataflowtools.src.logics.file.documents.options import cell_range, column_number

_OPTIONS = {
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
    "in_memory": True,
}
_MADE = datetime(2000, 1, 1)  # noqa: DTZ001  # the file is the same for the same content, whatever the time
_DATE, _TIME = "yyyy-mm-dd", "yyyy-mm-dd hh:mm:ss"
_LOOKS = {
    "bold": "bold", "italic": "italic", "struck": "font_strikeout", "size": "font_size", "font": "font_name",
    "number_format": "num_format", "wrap": "text_wrap", "border": "border",
}  # fmt: skip
Json = Mapping[str, Any]


def write_workbook(
    sheets: Sequence[Json], properties: Mapping[str, str], caveats: Caveats, file: BinaryIO, scratch: Path
) -> None:
    """Write sheets of cells with their looks."""
    book = xlsxwriter.Workbook(file, {**_OPTIONS, "tmpdir": str(scratch)})
    book.set_properties({**properties, "created": _MADE})
    writer = _Writer(book, caveats)
    try:
        for sheet in sheets:
            writer.add(sheet)
        book.close()
    except XlsxWriterException as exc:
        raise InvalidContent(
            f"The sheets cannot be written: {str(exc)[:300]}", field="/content/sheets"
        ) from exc


def sheets_of(blocks: Sequence[model.Block], caveats: Caveats) -> list[Json]:
    """Take the tables out of a document, each as a sheet."""
    tables = [block for block in blocks if isinstance(block, model.Table)]
    if not tables:
        raise InvalidContent("A workbook is written of sheets or of tables; the blocks hold no table.")
    if len(tables) < len(blocks):
        caveats.add("blocks_left_out", "Only tables become sheets; other blocks were left out.")
    names: set[str] = set()
    return [_sheet_of(table, number, names) for number, table in enumerate(tables, start=1)]


def _sheet_of(table: model.Table, number: int, names: set[str]) -> Json:
    wanted = "".join(
        " " if sign in "[]:*?/\\" else sign for sign in table.sheet or table.name or table.caption
    )
    name = wanted.strip(" '")[:31] or f"Table {number}"
    if name.casefold() in names:
        name = f"{name[:26]} ({number})"
    names.add(name.casefold())
    rows = [[_cell_of(cell) for cell in row] for row in table.rows]
    merges = [
        _span(row_number, column, cell)
        for row_number, row in enumerate(table.rows)
        for column, cell in enumerate(row)
        if cell is not None and (cell.row_span > 1 or cell.col_span > 1)
    ]
    return {"name": name, "rows": rows, "merges": merges}


def _cell_of(cell: model.Cell | None) -> Any:
    if cell is None:
        return None
    value = cell.text if cell.value is None else cell.value
    own: dict[str, Any] = {"value": value}
    if cell.formula:
        own["formula"] = cell.formula
    return own | {"style": {"bold": True}} if cell.header else own


def _span(row: int, column: int, cell: model.Cell) -> str:
    from xlsxwriter.utility import xl_range

    return str(xl_range(row, column, row + cell.row_span - 1, column + cell.col_span - 1))


class _Writer:
    """One workbook under way; each look becomes one format."""

    def __init__(self, book: Any, caveats: Caveats) -> None:
        self._book = book
        self._caveats = caveats
        self._formats: dict[str, Any] = {}

    def add(self, sheet: Json) -> None:
        page = self._book.add_worksheet(sheet["name"])
        merged = [_merge(text) for text in sheet.get("merges", ())]
        for number, row in enumerate(sheet.get("rows", ())):
            for column, cell in enumerate(row):
                self._write(page, (number, column), _entry(cell), sheet)
        for area in merged:
            self._merge(page, area, sheet)
        self._lay_out(page, sheet)

    def _write(self, page: Any, place: tuple[int, int], cell: Json, sheet: Json) -> None:
        row, column = place
        in_range(row, column)
        style = self._style(sheet, row, cell)
        value = cell.get("value")
        if cell.get("type") == "date":
            style.setdefault("number_format", _DATE if len(str(value)) <= len(_DATE) else _TIME)
        shown = self._format(style)
        if cell.get("formula"):
            last = "" if value is None else legal(value) if isinstance(value, str) else value
            page.write_formula(row, column, checked_formula(cell["formula"]), shown, last)
        elif cell.get("type") == "date":
            page.write_datetime(row, column, date_of(value), shown)
        elif value is None:
            if shown is not None:
                page.write_blank(row, column, None, shown)
        else:
            self._write_value(page, row, column, value, shown)

    def _write_value(self, page: Any, row: int, column: int, value: Any, shown: Any) -> None:
        if isinstance(value, bool):
            page.write_boolean(row, column, value, shown)
        elif is_kept_as_text(value):
            if len(str(value)) > MAX_TEXT:
                self._caveats.add(
                    "texts_cut", f"Texts longer than the {MAX_TEXT} characters of a cell were cut."
                )
            page.write_string(row, column, str(value)[:MAX_TEXT], shown)
        else:
            page.write_number(row, column, value, shown)

    def _format(self, style: Json) -> Any:
        if not style:
            return None
        key = repr(sorted(style.items()))
        if key not in self._formats:
            self._formats[key] = self._book.add_format(_properties(style))
        return self._formats[key]

    def _merge(self, page: Any, area: tuple[int, int, int, int], sheet: Json) -> None:
        top, left, bottom, right = area
        rows = sheet.get("rows", ())
        cell = _entry(rows[top][left]) if top < len(rows) and left < len(rows[top]) else {}
        page.merge_range(top, left, bottom, right, "", self._format(self._style(sheet, top, cell)))
        self._write(page, (top, left), cell, sheet)

    def _style(self, sheet: Json, row: int, cell: Json) -> dict[str, Any]:
        look = {"bold": True} if sheet.get("header") and row == 0 else {}
        return {**look, **_style_of(cell, sheet.get("styles", {}))}

    def _lay_out(self, page: Any, sheet: Json) -> None:
        for letters, width in sheet.get("widths", {}).items():
            column = column_number(letters) - 1
            in_range(0, column)
            page.set_column(column, column, width)
        if sheet.get("freeze"):
            corner = cell_range(sheet["freeze"])
            page.freeze_panes(corner.first_row - 1, corner.first_column - 1)
        elif sheet.get("header"):
            page.freeze_panes(1, 0)
        rows = sheet.get("rows", ())
        if sheet.get("autofilter") and rows and rows[0]:
            page.autofilter(0, 0, len(rows) - 1, max(map(len, rows)) - 1)


def _entry(cell: Any) -> Json:
    return cell if isinstance(cell, Mapping) else {"value": cell}


def _style_of(cell: Json, styles: Mapping[str, Json]) -> Json:
    style = cell.get("style")
    if isinstance(style, str):
        if style not in styles:
            known = ", ".join(map(repr, list(styles)[:20])) or "none"
            raise InvalidContent(f"There is no style {style[:60]!r} in the sheet; there are {known}.")
        return styles[style]
    return style or {}


def _properties(style: Json) -> dict[str, Any]:
    found = {_LOOKS[name]: value for name, value in style.items() if name in _LOOKS}
    if style.get("number_format"):
        checked_format(style["number_format"])
    if style.get("border"):
        found["border"] = 1
    if style.get("underline"):
        found["underline"] = 1
    if style.get("color"):
        found["font_color"] = f"#{style['color'].lstrip('#')}"
    if style.get("background"):
        found |= {"bg_color": f"#{style['background'].lstrip('#')}", "pattern": 1}
    if style.get("align"):
        found["align"] = style["align"]
    if style.get("valign"):
        found["valign"] = {"center": "vcenter"}.get(style["valign"], style["valign"])
    return found


def _merge(text: str) -> tuple[int, int, int, int]:
    area = cell_range(text)
    in_range(area.last_row - 1, area.last_column - 1)
    if area[:2] == area[2:]:
        raise InvalidContent(f"{text[:40]!r} is one cell; merging takes two or more.")
    return area.first_row - 1, area.first_column - 1, area.last_row - 1, area.last_column - 1
