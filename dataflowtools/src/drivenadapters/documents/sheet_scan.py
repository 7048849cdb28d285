"""A first look at the sheets of an xlsx file: how far they really reach, before anything trusts them."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from html import unescape

from dataflowtools.src.drivenadapters.documents import safe_xml
from dataflowtools.src.drivenadapters.documents.opc import Relation
from dataflowtools.src.drivenadapters.documents.sheet_extras import OddCell, Place
from dataflowtools.src.errors import CorruptFile, ForbiddenXml, SheetTooLarge
from dataflowtools.src.logics.file.documents.options import column_number

MAX_CELLS = 20_000_000
# A dense reader pays for the whole rectangle; this much of it may be empty before that is a trap.
EMPTY_CELLS = 2_000_000
_OVERLAP_BYTES = 256
_LINK_BYTES = 16 << 20
_LINK = re.compile(r"<(?:\w+:)?hyperlink\s([^>]{1,10000})>")
_ATTRIBUTE = re.compile(r"""(?:\w+:)?(\w+)\s*=\s*(?:"([^"]*)"|'([^']*)')""")
_LETTERS = re.compile(rb"""\sr\s*=\s*["']([A-Z]{1,3})\d""")
_DIGITS = re.compile(rb"""\sr\s*=\s*["'][A-Z]{1,3}(\d{1,8})["']""")
_ROWS = re.compile(rb"""row\b[^>]{0,200}?\sr\s*=\s*["'](\d{1,8})["']""")
_CELLS = (b"<c ", b"<c>", b":c ", b":c>")
_HIDDEN_REFERENCE = re.compile(rb"""\sr\s*=\s*["'][^"'<]{0,20}&""")
_FORMULAS = (b"<f>", b"<f ", b"<f/", b":f>", b":f ", b":f/")
_ERRORS = (b'"e"', b"'e'")
_S = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_REFERENCE = re.compile(r"([A-Z]{1,3})(\d{1,7})")


def check_area(name: str, area: int, cells: int) -> None:
    """Refuse a sheet whose rectangle is far larger than what it holds; SheetTooLarge."""
    if area > MAX_CELLS or area - cells > max(EMPTY_CELLS, 20 * cells):
        raise SheetTooLarge(
            f"The sheet {name[:60]!r} spans {area} cells of which {cells} are filled.", field="sheets"
        )


@dataclass(slots=True)
class SheetExtent:
    """The corners of what a sheet holds, how many cells it holds, and what needs a closer look."""

    rows: set[int] = field(default_factory=set)
    columns: set[bytes] = field(default_factory=set)
    cells: int = 0
    has_formulas: bool = False
    has_errors: bool = False
    links: bytearray = field(default_factory=bytearray)

    def check(self, name: str) -> None:
        """Refuse a sheet whose rectangle is far larger than what it holds; SheetTooLarge."""
        if not self.rows or not self.columns:
            return
        numbers = [column_number(letters.decode()) for letters in self.columns]
        area = (max(self.rows) - min(self.rows) + 1) * (max(numbers) - min(numbers) + 1)
        check_area(name, area, self.cells)


def scan(chunks: Iterable[bytes]) -> SheetExtent:
    """Run over a sheet's XML without parsing it."""
    extent = SheetExtent()
    tail = b""
    for chunk in chunks:
        window = tail + chunk
        if b"\0" in window:
            raise CorruptFile("A sheet is not written in UTF-8.")
        if b"<!DOCTYPE" in window:
            raise ForbiddenXml("A sheet declares a document type, which may hold entities.")
        if b"&" in window and _HIDDEN_REFERENCE.search(window):
            raise CorruptFile("A sheet writes cell references in a way that no program does.")
        extent.columns.update(_LETTERS.findall(window))
        extent.rows.update(map(int, set(_DIGITS.findall(window))))
        extent.rows.update(map(int, _ROWS.findall(window)))
        extent.cells += sum(map(chunk.count, _CELLS))
        extent.has_formulas = extent.has_formulas or any(mark in window for mark in _FORMULAS)
        extent.has_errors = extent.has_errors or any(mark in window for mark in _ERRORS)
        _keep_links(extent, chunk, window)
        tail = window[-_OVERLAP_BYTES:]
    return extent


def _keep_links(extent: SheetExtent, chunk: bytes, window: bytes) -> None:
    """Keep what follows the mark of links; it stands after all cells."""
    if extent.links:
        extent.links += chunk[: max(0, _LINK_BYTES - len(extent.links))]
    elif b"hyperlinks" in window:
        extent.links += window[window.index(b"hyperlinks") :]


def links_of(extent: SheetExtent, relations: Mapping[str, Relation]) -> dict[Place, str]:
    """Read where cells lead to, by row and column from one: an address outside, a place inside, or both."""
    found: dict[Place, str] = {}
    for written in _LINK.findall(extent.links.decode(errors="replace")):
        attributes = {name: unescape(one or two) for name, one, two in _ATTRIBUTE.findall(written)}
        match = _REFERENCE.match(attributes.get("ref", ""))
        relation = relations.get(attributes.get("id", ""))
        address = relation.target if relation is not None and relation.external else ""
        if attributes.get("location"):
            address += "#" + attributes["location"]
        if match is not None and address:
            found[int(match[2]), column_number(match[1])] = address
    return found


def odd_cells(chunks: Iterable[bytes]) -> dict[Place, OddCell]:
    """Read formulas and errors, by row and column from one."""
    found: dict[Place, OddCell] = {}
    for cell in safe_xml.elements(chunks, _S + "c", "A sheet"):
        formula = cell.find(_S + "f")
        if formula is None and cell.get("t") != "e":
            continue
        match = _REFERENCE.fullmatch(cell.get("r", ""))
        if match is None:
            continue
        value = cell.findtext(_S + "v")
        place = (int(match[2]), column_number(match[1]))
        text = None if formula is None else "=" + (formula.text or "")
        error = value or "" if cell.get("t") == "e" else ""
        # an empty text is a value, nothing where a number should stand is none
        has_value = bool(value) or (value is not None and cell.get("t") == "str")
        found[place] = OddCell(text, error, has_value or cell.find(_S + "is") is not None)
    return found
