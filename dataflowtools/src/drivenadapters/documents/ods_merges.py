"""Merged cells of OpenDocument sheets, which their reader does not tell."""

from dataflowtools.src.drivenadapters.documents import safe_xml
from dataflowtools.src.drivenadapters.documents.sheet_tables import Merge
from dataflowtools.src.drivenadapters.documents.zip_package import ZipPackage

_TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
_CELLS = (_TABLE + "table-cell", _TABLE + "covered-table-cell")
_MAX_MERGES = 100_000
_LAST = 1 << 21


def ods_merges(package: ZipPackage) -> dict[str, list[Merge]]:
    """List the merged cells of every sheet, by rows and columns from zero."""
    found: dict[str, list[Merge]] = {}
    left = _MAX_MERGES
    for table in safe_xml.elements(package.chunks("content.xml"), _TABLE + "table", "The part content.xml"):
        merges: list[Merge] = []
        top = 0
        for row in table.iter(_TABLE + "table-row"):
            column = 0
            for cell in row.iterchildren(*_CELLS):
                down, across = _count(cell, "number-rows-spanned"), _count(cell, "number-columns-spanned")
                if (down > 1 or across > 1) and left > 0:
                    left -= 1
                    merges.append(((top, column), (top + down - 1, column + across - 1)))
                column += _count(cell, "number-columns-repeated")
            top += _count(row, "number-rows-repeated")
        found[table.get(_TABLE + "name", "")] = merges
    return found


def _count(element: safe_xml.Element, name: str) -> int:
    text = element.get(_TABLE + name, "1")
    return min(int(text), _LAST) if text.isdigit() and len(text) < 10 else 1  # noqa: PLR2004  # digits of a count
