"""A look at the sheets of xlsx files before anything trusts them, and at what their reader leaves out."""

from functools import partial

from dataflowtools.src.drivenadapters.documents.charts import charts_of
from dataflowtools.src.drivenadapters.documents.opc import OfficePackage
from dataflowtools.src.drivenadapters.documents.sheet_comments import sheet_comments
from dataflowtools.src.drivenadapters.documents.sheet_extras import OddCell, Place, SheetExtras
from dataflowtools.src.drivenadapters.documents.sheet_scan import links_of, odd_cells, scan
from dataflowtools.src.drivenadapters.documents.zip_package import ZipPackage
from dataflowtools.src.errors import ForbiddenXml

_R_ID = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_S = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


def xlsx_extras(package: OfficePackage, wanted: set[str]) -> dict[str, SheetExtras]:
    """Look at the wanted sheets; raises SheetTooLarge, ForbiddenXml and CorruptFile."""
    main = package.main_part()
    relations = package.relations(main)
    found = {}
    for sheet in package.xml(main).iter(_S + "sheet"):
        relation = relations.get(sheet.get(_R_ID, ""))
        name = sheet.get("name", "")
        if relation is None or relation.external or name not in wanted:
            continue
        found[name] = extras = SheetExtras(
            charts=charts_of(package, relation.target), notes=sheet_comments(package, relation.target)
        )
        if relation.kind == "worksheet":
            _look(package, name, relation.target, extras)
    for part in package.zip.names():
        if part.startswith("xl/") and part.endswith(".xml") and "worksheets/" not in part:
            _refuse_doctype(package.zip, part)
    return found


def _look(package: OfficePackage, name: str, part: str, extras: SheetExtras) -> None:
    extent = scan(package.zip.chunks(part))
    extent.check(name)
    if extent.has_formulas or extent.has_errors:
        extras.odd = partial(_odd_of, package, part)
    if extent.links:
        extras.links = links_of(extent, package.relations(part))


def _odd_of(package: OfficePackage, part: str) -> dict[Place, OddCell]:
    return odd_cells(package.zip.chunks(part))


def uses_1904(package: OfficePackage) -> bool:
    """Tell whether the workbook counts its days from 1904."""
    properties = package.xml(package.main_part()).find(_S + "workbookPr")
    return properties is not None and properties.get("date1904", "0") in ("1", "true")


def _refuse_doctype(package: ZipPackage, part: str) -> None:
    tail = b""
    for chunk in package.chunks(part):
        if b"<!DOCTYPE" in tail + chunk or b"\0" in chunk:
            raise ForbiddenXml(f"The part {part[:100]} declares a document type, which may hold entities.")
        tail = chunk[-16:]
