"""Workbooks changed in their parts: what an operation is not about stays as it is, byte by byte."""

from collections.abc import Callable, Mapping
from typing import Any, BinaryIO

from lxml import etree

from dataflowtools.src.drivenadapters.documents_out.caveats import Caveats
from dataflowtools.src.drivenadapters.documents_out.core_properties import set_properties
from dataflowtools.src.drivenadapters.documents_out.sheets import layout, table_columns, tables
from dataflowtools.src.drivenadapters.documents_out.sheets.cells import MAX_ROWS, in_range
from dataflowtools.src.drivenadapters.documents_out.sheets.looks import s
from dataflowtools.src.drivenadapters.documents_out.sheets.references import Shift, column_letters
from dataflowtools.src.drivenadapters.documents_out.sheets.sheet_list import SheetList
from dataflowtools.src.drivenadapters.documents_out.sheets.sheet_order import child
from dataflowtools.src.drivenadapters.documents_out.sheets.structure import shift_sheet, shifting
from dataflowtools.src.drivenadapters.documents_out.sheets.workbook import Workbook
from dataflowtools.src.errors import InvalidEdit
from dataflowtools.src.logics.file.documents.options import cell_range, column_number

_MAX_STYLED = 1_000_000
Order = Mapping[str, Any]


class WorkbookEditor(Workbook):
    """One workbook under change."""

    def __init__(self, file: BinaryIO, caveats: Caveats) -> None:
        super().__init__(file, caveats)
        self._list = SheetList(self)
        self.operations: dict[str, Callable[[Order], dict[str, Any]]] = {
            "set_range": self._set_range,
            "append_rows": self._append_rows,
            "insert_rows": self._insert_rows,
            "delete_rows": lambda order: self._shift(order, "rows", order["at"], -order.get("count", 1)),
            "insert_columns": lambda order: self._shift_columns(order, 1),
            "delete_columns": lambda order: self._shift_columns(order, -1),
            "add_sheet": self._add_sheet,
            "copy_sheet": self._list.copy,
            "move_sheet": self._list.move,
            "rename_sheet": self._list.rename,
            "hide_sheet": self._list.show,
            "show_sheet": self._list.show,
            "delete_sheet": self._list.delete,
            "set_layout": self._set_layout,
            "set_style": self._set_style,
            "merge_cells": self._merge_cells,
            "unmerge_cells": self._unmerge_cells,
            "set_properties": lambda order: set_properties(self.package, order["properties"]),
        }

    def _set_range(self, order: Order) -> dict[str, Any]:
        corner = cell_range(order["start"])
        self._write(order["sheet"], corner.first_row, corner.first_column, order["rows"])
        return {"cells": sum(map(len, order["rows"]))}

    def _append_rows(self, order: Order) -> dict[str, Any]:
        first = self.sheet(order["sheet"]).last_row + 1
        self._write(order["sheet"], first, 1, order["rows"])
        tables.grow(self, order["sheet"], first, order["rows"])
        return {"at": first, "rows": len(order["rows"])}

    def _write(self, name: str, row: int, column: int, rows: list[list[Any]]) -> None:
        sheet = self.sheet(name)
        in_range(row + len(rows) - 2, column + max(map(len, rows), default=1) - 2)
        for down, values in enumerate(rows):
            for across, value in enumerate(values):
                sheet.write(row + down, column + across, value)
        tables.rename_columns(self, name, row, column, rows)

    def _insert_rows(self, order: Order) -> dict[str, Any]:
        rows = order.get("rows", [])
        count = max(order.get("count", 1), len(rows))
        done = self._shift(order, "rows", order["at"], count)
        if rows:
            self._write(order["sheet"], order["at"], 1, rows)
        return done

    def _shift_columns(self, order: Order, sign: int) -> dict[str, Any]:
        return self._shift(order, "columns", column_number(order["at"]), sign * order.get("count", 1))

    def _shift(self, order: Order, axis: Any, at: int, count: int) -> dict[str, Any]:
        name = str(self.entry(order["sheet"]).get("name"))
        sheet, part = self.sheet(name), self.part_of(name)
        shift = Shift(axis, at, count)
        changed = table_columns.touched(self, name, shift)
        shift_sheet(self.package, sheet, part, shift)
        table_columns.follow(self, name, shift, changed)
        return {"formulas": self.rewrite_everywhere(shifting(shift, name), name)}

    def _add_sheet(self, order: Order) -> dict[str, Any]:
        sheet = order["sheet"]
        name, styles = sheet["name"], sheet.get("styles", {})
        at = self._list.add(name, order.get("at"))
        rows = [[_named(cell, styles) for cell in row] for row in sheet.get("rows", [])]
        if rows:
            self._write(name, 1, 1, rows)
        if sheet.get("header") and rows:
            for column in range(len(rows[0])):
                self.sheet(name).style(1, column + 1, {"bold": True})
        for area in sheet.get("merges", ()):
            self._merge_cells({"sheet": name, "range": area})
        frozen = "A2" if sheet.get("header") else None
        self._set_layout({**sheet, "sheet": name, "freeze": sheet.get("freeze") or frozen})
        return {"at": at}

    def _set_layout(self, order: Order) -> dict[str, Any]:
        sheet = self.sheet(order["sheet"])
        if order.get("widths"):
            layout.set_widths(sheet.root, order["widths"])
        if order.get("freeze") is not None:
            layout.freeze(sheet.root, order["freeze"])
        if order.get("autofilter") is not None:
            area = sheet.used_area() if order["autofilter"] else ""
            self._refuse_on_tables(order["sheet"], area)
            layout.set_filter(sheet.root, area)
        return {}

    def _refuse_on_tables(self, name: str, area: str) -> None:
        for _, _, one in tables.tables_of(self.package, self.part_of(name)):
            if area and _overlap(one, cell_range(area)):
                raise InvalidEdit("The sheet holds a table, which has a filter of its own.")

    def _set_style(self, order: Order) -> dict[str, Any]:
        area = cell_range(order["range"])
        rows, columns = area.last_row - area.first_row + 1, area.last_column - area.first_column + 1
        sheet = self.sheet(order["sheet"])
        if (area.first_row, area.last_row) == (1, MAX_ROWS):
            sheet.style_columns(area.first_column, area.last_column, order["style"])
            return {"cells": rows * columns}
        if rows * columns > _MAX_STYLED:
            raise InvalidEdit(
                f"One operation styles at most {_MAX_STYLED} cells; whole columns are A1:C{MAX_ROWS}."
            )
        for row in range(area.first_row, area.last_row + 1):
            for column in range(area.first_column, area.last_column + 1):
                sheet.style(row, column, order["style"])
        return {"cells": rows * columns}

    def _merge_cells(self, order: Order) -> dict[str, Any]:
        area = cell_range(order["range"])
        if area[:2] == area[2:]:
            raise InvalidEdit("Merging takes two cells or more.")
        in_range(area.last_row - 1, area.last_column - 1)
        sheet = self.sheet(order["sheet"])
        merges = child(sheet.root, "mergeCells")
        for entry in merges:
            if _overlap(cell_range(entry.get("ref")), area):
                raise InvalidEdit(f"{order['range']} overlaps {entry.get('ref')}, which is merged already.")
        written = f"{column_letters(area[1])}{area[0]}:{column_letters(area[3])}{area[2]}"
        etree.SubElement(merges, s("mergeCell"), ref=written)
        merges.set("count", str(len(merges)))
        # what the other cells hold would be seen no more and counted all the same
        return {"emptied": sheet.empty(area, but=area[:2])}

    def _unmerge_cells(self, order: Order) -> dict[str, Any]:
        area = cell_range(order["range"])
        merges = self.sheet(order["sheet"]).root.find(s("mergeCells"))
        found = (
            [] if merges is None else [one for one in merges if _overlap(cell_range(one.get("ref")), area)]
        )
        if not found or merges is None:
            raise InvalidEdit(f"No merged cells lie in {order['range']}.")
        for entry in found:
            merges.remove(entry)
        merges.set("count", str(len(merges)))
        if not len(merges):
            merges.getparent().remove(merges)
        return {"unmerged": len(found)}


def _overlap(one: tuple[int, int, int, int], other: tuple[int, int, int, int]) -> bool:
    return not (one[2] < other[0] or other[2] < one[0] or one[3] < other[1] or other[3] < one[1])


def _named(cell: Any, styles: Mapping[str, Any]) -> Any:
    """Put a style of the new sheet in the place of its name."""
    if not isinstance(cell, Mapping) or not isinstance(cell.get("style"), str):
        return cell
    if cell["style"] not in styles:
        raise InvalidEdit(f"There is no style {cell['style'][:60]!r} in the sheet.")
    return {**cell, "style": styles[cell["style"]]}
