"""Workbooks changed in their parts: what an operation is not about stays as it is, byte by byte."""

from collections.abc import Callable, Mapping
from typing import Any, BinaryIO

from lxml import etree

from dataflowtools.src.drivenadapters.documents_out.caveats import Caveats
from dataflowtools.src.drivenadapters.documents_out.core_properties import set_properties
from dataflowtools.src.drivenadapters.documents_out.office_package import OFFICE
from dataflowtools.src.drivenadapters.documents_out.sheets.cells import in_range
from dataflowtools.src.drivenadapters.documents_out.sheets.looks import S, s
from dataflowtools.src.drivenadapters.documents_out.sheets.references import (
    Shift,
    column_letters,
    rename_in_formula,
)
from dataflowtools.src.drivenadapters.documents_out.sheets.sheet_part import SheetPart
from dataflowtools.src.drivenadapters.documents_out.sheets.structure import (
    local,
    shift_sheet,
    shifting,
)
from dataflowtools.src.drivenadapters.documents_out.sheets.workbook import RELATION_ID, Workbook
from dataflowtools.src.errors import InvalidEdit
from dataflowtools.src.logics.file.documents.options import cell_range, column_number

_SHEET_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"
_BAD_NAME = set("[]:*?/\\")
_MAX_STYLED = 1_000_000
_AFTER_MERGES = (
    "phoneticPr", "conditionalFormatting", "dataValidations", "hyperlinks", "printOptions", "pageMargins",
    "pageSetup", "headerFooter", "rowBreaks", "colBreaks", "customProperties", "cellWatches", "ignoredErrors",
    "smartTags", "drawing", "legacyDrawing", "legacyDrawingHF", "picture", "oleObjects", "controls",
    "webPublishItems", "tableParts", "extLst",
)  # fmt: skip
Order = Mapping[str, Any]


class WorkbookEditor(Workbook):
    """One workbook under change."""

    def __init__(self, file: BinaryIO, caveats: Caveats) -> None:
        super().__init__(file, caveats)
        self.operations: dict[str, Callable[[Order], dict[str, Any]]] = {
            "set_range": self._set_range,
            "append_rows": self._append_rows,
            "insert_rows": self._insert_rows,
            "delete_rows": lambda order: self._shift(order, "rows", order["at"], -order.get("count", 1)),
            "insert_columns": lambda order: self._shift_columns(order, 1),
            "delete_columns": lambda order: self._shift_columns(order, -1),
            "add_sheet": self._add_sheet,
            "rename_sheet": self._rename_sheet,
            "delete_sheet": self._delete_sheet,
            "set_style": self._set_style,
            "merge_cells": self._merge_cells,
            "unmerge_cells": self._unmerge_cells,
            "set_properties": lambda order: set_properties(self.package, order["properties"]),
        }

    def _set_range(self, order: Order) -> dict[str, Any]:
        corner = cell_range(order["start"])
        self._write(self.sheet(order["sheet"]), corner.first_row, corner.first_column, order["rows"])
        return {"cells": sum(map(len, order["rows"]))}

    def _append_rows(self, order: Order) -> dict[str, Any]:
        sheet = self.sheet(order["sheet"])
        first = sheet.last_row + 1
        self._write(sheet, first, 1, order["rows"])
        return {"at": first, "rows": len(order["rows"])}

    @staticmethod
    def _write(sheet: SheetPart, row: int, column: int, rows: list[list[Any]]) -> None:
        in_range(row + len(rows) - 2, column + max(map(len, rows), default=1) - 2)
        for down, values in enumerate(rows):
            for across, value in enumerate(values):
                sheet.write(row + down, column + across, value)

    def _insert_rows(self, order: Order) -> dict[str, Any]:
        rows = order.get("rows", [])
        count = max(order.get("count", 1), len(rows))
        done = self._shift(order, "rows", order["at"], count)
        if rows:
            self._write(self.sheet(order["sheet"]), order["at"], 1, rows)
        return done

    def _shift_columns(self, order: Order, sign: int) -> dict[str, Any]:
        return self._shift(order, "columns", column_number(order["at"]), sign * order.get("count", 1))

    def _shift(self, order: Order, axis: Any, at: int, count: int) -> dict[str, Any]:
        name = str(self.entry(order["sheet"]).get("name"))
        sheet, part = self.sheet(name), self.part_of(name)
        shift = Shift(axis, at, count)
        shift_sheet(self.package, sheet, part, shift)
        return {"formulas": self.rewrite_everywhere(shifting(shift, name), name)}

    def _add_sheet(self, order: Order) -> dict[str, Any]:
        sheet = order["sheet"]
        self._check_new(sheet["name"])
        part = self.package.fresh_name("xl/worksheets/sheet{}.xml")
        self.package.put(part, f'<worksheet xmlns="{S}" xmlns:r="{OFFICE}"><sheetData/></worksheet>'.encode())
        self.package.set_type(part, _SHEET_TYPE)
        relation = self.package.relate(self.part, "worksheet", part)
        entries = self.package.change(self.part).find(s("sheets"))
        number = 1 + max((int(entry.get("sheetId") or 0) for entry in entries), default=0)
        entry = etree.Element(s("sheet"), name=sheet["name"], sheetId=str(number))
        entry.set(RELATION_ID, relation)
        place = min(order.get("at", len(entries)), len(entries))
        entries.insert(place, entry)
        self._renumber(lambda index: index + 1 if index >= place else index)
        self._fill_new(sheet)
        return {"at": place}

    def _fill_new(self, sheet: Order) -> None:
        unknown = sheet.keys() & {"widths", "freeze", "autofilter"}
        if unknown:
            raise InvalidEdit(f"A sheet that is added to a workbook takes no {min(unknown)}.")
        made, styles = self.sheet(sheet["name"]), sheet.get("styles", {})
        rows = [[_named(cell, styles) for cell in row] for row in sheet.get("rows", [])]
        if rows:
            self._write(made, 1, 1, rows)
        if sheet.get("header") and rows:
            for column in range(len(rows[0])):
                made.style(1, column + 1, {"bold": True})
        for area in sheet.get("merges", ()):
            self._merge_cells({"sheet": sheet["name"], "range": area})

    def _check_new(self, name: str) -> None:
        if set(name) & _BAD_NAME or name != name.strip("'") or not name.strip():
            raise InvalidEdit(f"A sheet cannot be named {name!r}.")
        if any(str(entry.get("name")).casefold() == name.casefold() for entry in self.entries()):
            raise InvalidEdit(f"There is a sheet {name!r} already.")

    def _rename_sheet(self, order: Order) -> dict[str, Any]:
        entry = self.entry(order["sheet"])
        old, new = str(entry.get("name")), order["name"]
        if old.casefold() != new.casefold():
            self._check_new(new)
        changed = self.rewrite_everywhere(lambda formula, _: rename_in_formula(formula, old, new), old)
        self.package.change(self.part)
        self.entry(old).set("name", new)
        self._rename_sources(old, new)
        return {"formulas": changed}

    def _rename_sources(self, old: str, new: str) -> None:
        for part in self.package.names():
            if "pivotCache/pivotCacheDefinition" in part and part.endswith(".xml"):
                root = self.package.look(part)
                found = [one for one in root.iter(s("worksheetSource")) if one.get("sheet") == old]
                for source in found:
                    source.set("sheet", new)
                if found:
                    self.package.keep(part, root)

    def _delete_sheet(self, order: Order) -> dict[str, Any]:
        root = self.package.change(self.part)
        entry = self.entry(order["sheet"])
        name, part = str(entry.get("name")), self.part_of(order["sheet"])
        seen = [
            one for one in self.entries() if one.get("state", "visible") == "visible" and one is not entry
        ]
        if not seen:
            raise InvalidEdit("A workbook keeps at least one visible sheet.")
        place = self.entries().index(entry)
        before = self.package.reachable()
        root.find(s("sheets")).remove(entry)
        self.drop_relation(str(entry.get(RELATION_ID)))
        self._sheets.pop(part, None)
        for orphan in before - self.package.reachable():
            self.package.remove(orphan)
        changed = self.rewrite_everywhere(lambda formula, _: rename_in_formula(formula, name, None), name)
        self._renumber(lambda index: None if index == place else index - 1 if index > place else index)
        return {"formulas": changed}

    def _renumber(self, moved: Callable[[int], int | None]) -> None:
        """Tell names of one sheet, and the views, where their sheets stand now."""
        root = self.package.change(self.part)
        for entry in list(root.iter(s("definedName"))):
            if entry.get("localSheetId") is None:
                continue
            place = moved(int(entry.get("localSheetId")))
            if place is None:
                entry.getparent().remove(entry)
            else:
                entry.set("localSheetId", str(place))
        names = root.find(s("definedNames"))
        if names is not None and not len(names):
            root.remove(names)
        for view in root.iter(s("workbookView")):
            for attribute in ("activeTab", "firstSheet"):
                if view.get(attribute):
                    view.set(attribute, str(moved(int(view.get(attribute))) or 0))

    def _set_style(self, order: Order) -> dict[str, Any]:
        area = cell_range(order["range"])
        rows, columns = area.last_row - area.first_row + 1, area.last_column - area.first_column + 1
        if rows * columns > _MAX_STYLED:
            raise InvalidEdit(f"One operation styles at most {_MAX_STYLED} cells.")
        sheet = self.sheet(order["sheet"])
        for row in range(area.first_row, area.last_row + 1):
            for column in range(area.first_column, area.last_column + 1):
                sheet.style(row, column, order["style"])
        return {"cells": rows * columns}

    def _merge_cells(self, order: Order) -> dict[str, Any]:
        area = cell_range(order["range"])
        if area[:2] == area[2:]:
            raise InvalidEdit("Merging takes two cells or more.")
        root = self.sheet(order["sheet"]).root
        merges = root.find(s("mergeCells"))
        if merges is None:
            merges = etree.Element(s("mergeCells"))
            following = [one for one in root if local(one) in _AFTER_MERGES]
            root.insert(root.index(following[0]) if following else len(root), merges)
        for entry in merges:
            if _overlap(cell_range(entry.get("ref")), area):
                raise InvalidEdit(f"{order['range']} overlaps {entry.get('ref')}, which is merged already.")
        written = f"{column_letters(area[1])}{area[0]}:{column_letters(area[3])}{area[2]}"
        etree.SubElement(merges, s("mergeCell"), ref=written)
        merges.set("count", str(len(merges)))
        return {}

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
