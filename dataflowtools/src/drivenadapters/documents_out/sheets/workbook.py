"""A workbook as its parts: sheets found, formulas rewritten wherever they stand, the whole saved."""

from typing import BinaryIO

from lxml import etree

from dataflowtools.src.drivenadapters.documents.safe_xml import Element
from dataflowtools.src.drivenadapters.documents_out.caveats import Caveats
from dataflowtools.src.drivenadapters.documents_out.office_package import OFFICE, OutPackage
from dataflowtools.src.drivenadapters.documents_out.sheets.cell_writer import CellWriter
from dataflowtools.src.drivenadapters.documents_out.sheets.looks import Looks, s
from dataflowtools.src.drivenadapters.documents_out.sheets.sheet_part import SheetPart
from dataflowtools.src.drivenadapters.documents_out.sheets.structure import (
    Rewrite,
    local,
    refers_to,
    rewrite_formulas,
)
from dataflowtools.src.errors import CorruptFile, InvalidEdit

RELATION_ID = f"{{{OFFICE}}}id"
_WITH_FORMULAS = ("worksheets/", "charts/", "tables/")


class Workbook:
    """One workbook under change; parts that are only looked at stay as they are."""

    def __init__(self, file: BinaryIO, caveats: Caveats) -> None:
        self.package = OutPackage(file)
        self.part = self.package.main_part()
        self._caveats = caveats
        properties = self.package.look(self.part).find(s("workbookPr"))
        from_1904 = properties is not None and properties.get("date1904") in {"1", "true"}
        self._writer = CellWriter(Looks(self.package, self.part), caveats, from_1904)
        self._sheets: dict[str, SheetPart] = {}
        self._chain_is_stale = False

    def save(self, file: BinaryIO) -> None:
        """Write the workbook; programs calculate it anew when they open it."""
        for sheet in self._sheets.values():
            sheet.measure()
        if self._sheets or self._chain_is_stale:
            self._calculate_anew()
        self.package.save(file)

    def entries(self) -> list[Element]:
        sheets = self.package.look(self.part).find(s("sheets"))
        if sheets is None:
            raise CorruptFile("The workbook lists no sheets.")
        return list(sheets)

    def entry(self, name: str) -> Element:
        for entry in self.entries():
            if str(entry.get("name")).casefold() == name.casefold():
                return entry
        known = ", ".join(repr(str(entry.get("name"))) for entry in self.entries()[:30])
        raise InvalidEdit(f"There is no sheet {name!r}; there are {known}.")

    def part_of(self, name: str) -> str:
        part = self.package.targets(self.part).get(str(self.entry(name).get(RELATION_ID)), "")
        if part not in self.package:
            raise CorruptFile("A sheet's part is missing.")
        return part

    def sheet(self, name: str) -> SheetPart:
        part = self.part_of(name)
        if part not in self._sheets:
            self._sheets[part] = SheetPart(self.package.change(part), self._writer)
        return self._sheets[part]

    def rewrite_everywhere(self, rewrite: Rewrite, name: str) -> int:
        """Rewrite formulas of all sheets, tables, names and charts.

        Of other sheets than the one of that name only those are looked through that mention it.
        """
        homes = self._homes()
        changed = 0
        for part in self.package.names():
            if not part.endswith(".xml") or not any(f"/{folder}" in f"/{part}" for folder in _WITH_FORMULAS):
                continue
            changed += self._rewrite_part(part, homes.get(part), rewrite, name)
        return changed + self._rewrite_names(rewrite) + self._rewrite_sources(rewrite, name)

    def _homes(self) -> dict[str, str]:
        """Name the sheet that a part's formulas stand on: the sheet's own part, and its tables'."""
        homes: dict[str, str] = {}
        for entry in self._listed():
            name = str(entry.get("name"))
            part = self.part_of(name)
            homes |= dict.fromkeys([part, *self.package.targets(part, "table").values()], name)
        return homes

    def _listed(self) -> list[Element]:
        parts = self.package.targets(self.part)
        return [
            entry for entry in self.entries() if parts.get(str(entry.get(RELATION_ID)), "") in self.package
        ]

    def _rewrite_part(self, part: str, home: str | None, rewrite: Rewrite, name: str) -> int:
        root = self.package.look(part)
        if home is not None and home.casefold() != name.casefold():
            if not refers_to(root, name):
                return 0
            if root.find(s("sheetData")) is not None:
                SheetPart(root, self._writer).unshare_formulas()
        changed = rewrite_formulas(root, home, rewrite)
        if changed:
            self.package.keep(part, root)
        return changed

    def _rewrite_names(self, rewrite: Rewrite) -> int:
        root = self.package.look(self.part)
        changed = 0
        for entry in root.iter(s("definedName")):
            new = rewrite(entry.text or "", None)
            if new != entry.text:
                entry.text = new
                changed += 1
        if changed:
            self.package.keep(self.part, root)
        return changed

    def _rewrite_sources(self, rewrite: Rewrite, name: str) -> int:
        changed = 0
        for part in self.package.names():
            if "pivotCache/pivotCacheDefinition" not in part or not part.endswith(".xml"):
                continue
            root = self.package.look(part)
            for source in root.iter(s("worksheetSource")):
                if str(source.get("sheet")).casefold() != name.casefold() or not source.get("ref"):
                    continue
                new = rewrite(source.get("ref"), name)
                if new != source.get("ref"):
                    source.set("ref", new)
                    self.package.keep(part, root)
                    changed += 1
        return changed

    def forget(self, name: str) -> None:
        """Let go of a sheet that is to be removed."""
        self._sheets.pop(self.part_of(name), None)
        self._chain_is_stale = True

    def _calculate_anew(self) -> None:
        chain = next(iter(self.package.targets(self.part, "calcChain").values()), "")
        has_formulas = (
            any(next(sheet.formulas(), None) is not None for sheet in self._sheets.values()) or chain
        )
        if not has_formulas:
            return
        root = self.package.change(self.part)
        settings = root.find(s("calcPr"))
        if settings is None:
            settings = etree.Element(s("calcPr"))
            before = [one for one in root if local(one) in {"sheets", "externalReferences", "definedNames"}]
            root.insert(root.index(before[-1]) + 1, settings)
        settings.set("fullCalcOnLoad", "1")
        if chain in self.package:
            for identity in [key for key, part in self.package.targets(self.part).items() if part == chain]:
                self.package.drop_relation(self.part, identity)
            self.package.remove(chain)
        message = (
            "Formulas keep their last results until a spreadsheet program opens the file and calculates."
        )
        self._caveats.add("formulas_recalculate", message)

    def sheet_names(self) -> list[str]:
        """List the sheets that hold cells, in their order."""
        return [str(entry.get("name")) for entry in self._listed()]

    def shared_texts(self) -> list[str]:
        """List the texts that cells share."""
        part = next(iter(self.package.targets(self.part, "sharedStrings").values()), "")
        if part not in self.package:
            return []
        entries = self.package.look(part).iterfind(s("si"))
        return ["".join(text.text or "" for text in _shown(entry)) for entry in entries]


def _shown(entry: Element) -> list[Element]:
    """List the texts of an entry, without how it is read aloud."""
    return [text for text in entry.iter(s("t")) if text.getparent().tag != s("rPh")]
