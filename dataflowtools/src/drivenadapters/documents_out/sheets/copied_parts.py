"""What a sheet holds in parts of its own, copied with it: charts, pictures, comments, tables."""

import re

from dataflowtools.src.drivenadapters.documents.safe_xml import Element
from dataflowtools.src.drivenadapters.documents_out.office_package import OutPackage, relations_of, resolved
from dataflowtools.src.drivenadapters.documents_out.sheets.looks import s
from dataflowtools.src.drivenadapters.documents_out.sheets.structure import local, rewrite_formulas
from dataflowtools.src.drivenadapters.documents_out.sheets.workbook import RELATION_ID, Workbook

_COPIED = (
    "drawing",
    "chart",
    "chartStyle",
    "chartColorStyle",
    "chartUserShapes",
    "vmlDrawing",
    "comments",
    "table",
)
_SHARED = ("image", "hyperlink", "theme", "printerSettings")  # what several may point to, or is outside
_NUMBER = re.compile(r"\d*(?=\.[^.]+$)")


def copy_sheet_parts(book: Workbook, source: str, target: str) -> None:
    """Copy a sheet's part under a new name, with the parts that only one sheet may hold."""
    book.package.put(target, book.package.read(source))
    _copy_relations(book.package, source, target)
    root = book.package.change(target)
    for view in root.iter(s("sheetView")):
        view.attrib.pop("tabSelected", None)
    _drop_lost(root, set(_relations(book.package, target)))
    for part in book.package.targets(target, "table").values():
        _name_anew(book, part, root)


def _copy_relations(package: OutPackage, source: str, target: str) -> None:
    listing = relations_of(source)
    if listing not in package:
        return
    package.put(relations_of(target), package.read(listing))
    for entry in list(package.change(relations_of(target))):
        kind = str(entry.get("Type")).rpartition("/")[2]
        if kind in _SHARED or entry.get("TargetMode") == "External":
            continue
        part = resolved(source, str(entry.get("Target")))
        if kind in _COPIED and part in package:
            entry.set("Target", f"/{_copied(package, part)}")
        else:  # pivot tables, controls, threads of comments: one sheet only
            entry.getparent().remove(entry)


def _copied(package: OutPackage, part: str) -> str:
    name = package.fresh_name(_NUMBER.sub("{}", part, count=1))
    package.put(name, package.read(part))
    declared = package.type_of(part)
    if declared:
        package.set_type(name, declared)
    _copy_relations(package, part, name)
    return name


def _relations(package: OutPackage, part: str) -> list[str]:
    listing = relations_of(part)
    return [str(entry.get("Id")) for entry in package.look(listing)] if listing in package else []


def _drop_lost(root: Element, known: set[str]) -> None:
    """Take out what points to a part that the copy has not."""
    for element in list(root.iter()):
        identity = element.get(RELATION_ID) if isinstance(element.tag, str) else None
        if identity is None or identity in known or element is root:
            continue
        parent = element.getparent()
        parent.remove(element)
        if not len(parent) and local(parent) in {"tableParts", "oleObjects", "controls"}:
            parent.getparent().remove(parent)


def _name_anew(book: Workbook, part: str, sheet: Element) -> None:
    """Tables bear one name each in a workbook; formulas of the copy speak of the copy's."""
    tables = [
        book.package.look(one) for one in book.package.names() if "/tables/" in one and one.endswith(".xml")
    ]
    taken = {str(one.get("displayName")).casefold() for one in tables}
    number = 1 + max((int(one.get("id") or 0) for one in tables), default=0)
    root = book.package.change(part)
    old = str(root.get("displayName"))
    name = next(
        fresh for count in range(2, len(taken) + 3) if (fresh := f"{old}_{count}").casefold() not in taken
    )
    for attribute, value in (("id", str(number)), ("name", name), ("displayName", name)):
        root.set(attribute, value)
    mention = re.compile(rf"(?<![\w.]){re.escape(old)}(?=\[)", re.IGNORECASE)
    for one in (sheet, root):
        rewrite_formulas(one, None, lambda formula, _: mention.sub(lambda _: name, formula))
