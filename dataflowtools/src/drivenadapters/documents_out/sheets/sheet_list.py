"""The list of a workbook's sheets: added, copied, moved, hidden, renamed, removed."""

import copy
from collections.abc import Callable, Mapping
from typing import Any

from lxml import etree

from dataflowtools.src.drivenadapters.documents.safe_xml import Element
from dataflowtools.src.drivenadapters.documents_out.office_package import OFFICE
from dataflowtools.src.drivenadapters.documents_out.sheets.copied_parts import copy_sheet_parts
from dataflowtools.src.drivenadapters.documents_out.sheets.looks import S, s
from dataflowtools.src.drivenadapters.documents_out.sheets.references import rename_in_formula
from dataflowtools.src.drivenadapters.documents_out.sheets.workbook import RELATION_ID, Workbook
from dataflowtools.src.errors import InvalidEdit

_SHEET_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"
_BAD_NAME = set("[]:*?/\\")
_RESERVED = "history"  # spreadsheets keep it for themselves
Order = Mapping[str, Any]


class SheetList:
    """The sheets of one workbook."""

    def __init__(self, book: Workbook) -> None:
        self._book = book

    def add(self, name: str, at: int | None) -> int:
        """Add an empty sheet and return its place."""
        part = self._book.package.fresh_name("xl/worksheets/sheet{}.xml")
        self._book.package.put(
            part, f'<worksheet xmlns="{S}" xmlns:r="{OFFICE}"><sheetData/></worksheet>'.encode()
        )
        return self._list(name, part, at)

    def copy(self, order: Order) -> dict[str, Any]:
        """Add a copy of a sheet; by default it stands right behind the original."""
        entry, place = self._found(order["sheet"])
        old = str(entry.get("name"))
        self._check_new(order["name"])
        part = self._book.package.fresh_name("xl/worksheets/sheet{}.xml")
        copy_sheet_parts(self._book, self._book.part_of(old), part)
        at = self._list(order["name"], part, order.get("at", place + 1))
        self._copy_names(place if place < at else place + 1, at, old, order["name"])
        return {"at": at}

    def move(self, order: Order) -> dict[str, Any]:
        """Move a sheet to another place."""
        entry, old = self._found(order["sheet"])
        sheets = entry.getparent()
        sheets.remove(entry)
        new = min(order["at"], len(sheets))
        sheets.insert(new, entry)
        order_now = list(range(len(sheets)))
        order_now.insert(new, order_now.pop(old))
        self._renumber(order_now.index)
        return {"at": new}

    def show(self, order: Order) -> dict[str, Any]:
        """Hide a sheet, or show it again."""
        entry, _ = self._found(order["sheet"])
        if order["op"] == "show_sheet":
            entry.attrib.pop("state", None)
            return {}
        self._check_seen_without(entry)
        entry.set("state", "hidden")
        self._look_at_a_seen_one()
        return {}

    def rename(self, order: Order) -> dict[str, Any]:
        """Rename a sheet and what refers to it."""
        entry = self._book.entry(order["sheet"])
        old, new = str(entry.get("name")), order["name"]
        if old.casefold() != new.casefold():
            self._check_new(new)
        changed = self._book.rewrite_everywhere(lambda formula, _: rename_in_formula(formula, old, new), old)
        self._book.package.change(self._book.part)
        self._book.entry(old).set("name", new)
        self._rename_sources(old, new)
        return {"formulas": changed}

    def delete(self, order: Order) -> dict[str, Any]:
        """Remove a sheet with all that only it holds."""
        book = self._book
        entry, place = self._found(order["sheet"])
        name = str(entry.get("name"))
        self._check_seen_without(entry)
        before = book.package.reachable()
        book.forget(name)
        entry.getparent().remove(entry)
        book.package.drop_relation(book.part, str(entry.get(RELATION_ID)))
        for orphan in before - book.package.reachable():
            book.package.remove(orphan)
        changed = book.rewrite_everywhere(lambda formula, _: rename_in_formula(formula, name, None), name)
        self._renumber(lambda index: None if index == place else index - 1 if index > place else index)
        return {"formulas": changed}

    def _found(self, name: str) -> tuple[Element, int]:
        """Find a sheet's entry, to be changed, and its place."""
        self._book.package.change(self._book.part)
        entry = self._book.entry(name)
        return entry, self._book.entries().index(entry)

    def _list(self, name: str, part: str, at: int | None) -> int:
        self._check_new(name)
        package, main = self._book.package, self._book.part
        package.set_type(part, _SHEET_TYPE)
        relation = package.relate(main, "worksheet", part)
        entries = package.change(main).find(s("sheets"))
        number = 1 + max((int(entry.get("sheetId") or 0) for entry in entries), default=0)
        entry = etree.Element(s("sheet"), name=name, sheetId=str(number))
        entry.set(RELATION_ID, relation)
        place = len(entries) if at is None else min(at, len(entries))
        entries.insert(place, entry)
        self._renumber(lambda index: index + 1 if index >= place else index)
        return place

    def _check_new(self, name: str) -> None:
        wrong = set(name) & _BAD_NAME or name != name.strip("'") or not name.strip()
        if wrong or name.casefold() == _RESERVED:
            raise InvalidEdit(f"A sheet cannot be named {name!r}.")
        if any(str(entry.get("name")).casefold() == name.casefold() for entry in self._book.entries()):
            raise InvalidEdit(f"There is a sheet {name!r} already.")

    def _check_seen_without(self, entry: Element) -> None:
        if not [one for one in self._book.entries() if _is_seen(one) and one is not entry]:
            raise InvalidEdit("A workbook keeps at least one visible sheet.")

    def _look_at_a_seen_one(self) -> None:
        """Have the workbook open on a sheet that is not hidden."""
        entries = self._book.entries()
        seen = next(place for place, entry in enumerate(entries) if _is_seen(entry))
        for view in self._book.package.change(self._book.part).iter(s("workbookView")):
            active = int(view.get("activeTab") or 0)
            if active >= len(entries) or not _is_seen(entries[active]):
                view.set("activeTab", str(seen))

    def _copy_names(self, old: int, new: int, name: str, copied: str) -> None:
        """Give the copy its own print areas and titles, and whatever else is named for one sheet."""
        root = self._book.package.change(self._book.part)
        for entry in list(root.iter(s("definedName"))):
            if entry.get("localSheetId") == str(old):
                made = copy.deepcopy(entry)
                made.set("localSheetId", str(new))
                made.text = rename_in_formula(made.text or "", name, copied)
                entry.addnext(made)

    def _rename_sources(self, old: str, new: str) -> None:
        package = self._book.package
        for part in package.names():
            if "pivotCache/pivotCacheDefinition" in part and part.endswith(".xml"):
                root = package.look(part)
                found = [one for one in root.iter(s("worksheetSource")) if one.get("sheet") == old]
                for source in found:
                    source.set("sheet", new)
                if found:
                    package.keep(part, root)

    def _renumber(self, moved: Callable[[int], int | None]) -> None:
        """Tell names of one sheet, and the views, where their sheets stand now."""
        root = self._book.package.change(self._book.part)
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


def _is_seen(entry: Element) -> bool:
    return bool(entry.get("state", "visible") == "visible")
