"""A first look at the sheets of an xlsx file: how far they really reach, before anything trusts them."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from dataflowtools.src.drivenadapters.documents import safe_xml
from dataflowtools.src.errors import CorruptFile, ForbiddenXml, SheetTooLarge
from dataflowtools.src.logics.file.documents.options import column_number

MAX_CELLS = 20_000_000
# A dense reader pays for the whole rectangle; this much of it may be empty before that is a trap.
EMPTY_CELLS = 2_000_000
_OVERLAP_BYTES = 256
_LETTERS = re.compile(rb"""\sr\s*=\s*["']([A-Z]{1,3})\d""")
_DIGITS = re.compile(rb"""\sr\s*=\s*["'][A-Z]{1,3}(\d{1,8})["']""")
_ROWS = re.compile(rb"""row\b[^>]{0,200}?\sr\s*=\s*["'](\d{1,8})["']""")
_CELLS = (b"<c ", b"<c>", b":c ", b":c>")
_HIDDEN_REFERENCE = re.compile(rb"""\sr\s*=\s*["'][^"'<]{0,20}&""")
_FORMULAS = (b"<f>", b"<f ", b"<f/", b":f>", b":f ", b":f/")
_ERRORS = (b'"e"', b"'e'")
_S = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_REFERENCE = re.compile(r"([A-Z]{1,3})(\d{1,7})")


@dataclass(slots=True)
class SheetExtent:
    """The corners of what a sheet holds, how many cells it holds, and what needs a closer look."""

    rows: set[int] = field(default_factory=set)
    columns: set[bytes] = field(default_factory=set)
    cells: int = 0
    has_formulas: bool = False
    has_errors: bool = False

    def check(self, name: str) -> None:
        """Refuse a sheet whose rectangle is far larger than what it holds; SheetTooLarge."""
        if not self.rows or not self.columns:
            return
        numbers = [column_number(letters.decode()) for letters in self.columns]
        area = (max(self.rows) - min(self.rows) + 1) * (max(numbers) - min(numbers) + 1)
        if area > MAX_CELLS or area - self.cells > max(EMPTY_CELLS, 20 * self.cells):
            raise SheetTooLarge(
                f"The sheet {name[:60]!r} spans {area} cells of which {self.cells} are filled.",
                field="sheets",
            )


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
        tail = window[-_OVERLAP_BYTES:]
    return extent


@dataclass(frozen=True, slots=True)
class OddCell:
    """A cell that says more than its value: a formula, or an error."""

    formula: str | None
    error: str
    has_value: bool


def odd_cells(chunks: Iterable[bytes]) -> dict[tuple[int, int], OddCell]:
    """Read formulas and errors, by row and column from one."""
    found: dict[tuple[int, int], OddCell] = {}
    for cell in safe_xml.elements(chunks, _S + "c", "A sheet"):
        formula = cell.find(_S + "f")
        if formula is None and cell.get("t") != "e":
            continue
        match = _REFERENCE.fullmatch(cell.get("r", ""))
        if match is None:
            continue
        value = cell.findtext(_S + "v") or ""
        place = (int(match[2]), column_number(match[1]))
        text = None if formula is None else "=" + (formula.text or "")
        error = value if cell.get("t") == "e" else ""
        found[place] = OddCell(text, error, bool(value) or cell.find(_S + "is") is not None)
    return found
