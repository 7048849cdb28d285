"""The corners of a sheet in one vectorised pass; whatever is written unusually goes to the careful scan."""

import numpy as np
from numpy.typing import NDArray

from dataflowtools.src.drivenadapters.documents.sheet_scan import SheetExtent, scan
from dataflowtools.src.errors import CorruptFile, ForbiddenXml

_BLOCK_BYTES = 1 << 23
_OVERLAP_BYTES = 16
_MAX_LETTERS, _MAX_DIGITS = 3, 8
_UNUSUAL = (
    b"\nr=",
    b"\tr=",
    b"\rr=",
    b" r='",
    b"r =",
    b"r= ",
    b"r=\n",
    b"r=\t",
    b"r=\r",
    b":c ",
    b":c>",
    b":row ",
    b"&",
    b"<c>",
    b"<row>",
)
_SPACE, _R, _EQUALS, _QUOTE, _A, _Z, _ZERO, _NINE = (ord(sign) for sign in ' r="AZ09')


def find_extent(xml: bytes) -> SheetExtent:
    """Tell how far a sheet reaches; raises CorruptFile or ForbiddenXml."""
    if b"\0" in xml:
        raise CorruptFile("A sheet is not written in UTF-8.")
    if b"<!DOCTYPE" in xml:
        raise ForbiddenXml("A sheet declares a document type, which may hold entities.")
    cells = xml.count(b"<c ")
    if any(mark in xml for mark in _UNUSUAL):
        return scan([xml])
    extent = _vectorised(xml)
    if extent.cells < cells:
        return scan([xml])
    extent.cells = cells
    extent.has_formulas = b"<f>" in xml or b"<f " in xml or b"<f/" in xml or b":f" in xml
    extent.has_errors = b't="e"' in xml or b"t='e'" in xml
    return extent


def _vectorised(xml: bytes) -> SheetExtent:
    extent = SheetExtent()
    rows: list[int] = []
    columns: list[int] = []
    for start in range(0, len(xml), _BLOCK_BYTES):
        block = np.frombuffer(
            xml, np.uint8, count=min(_BLOCK_BYTES + _OVERLAP_BYTES, len(xml) - start), offset=start
        )
        found = _references(block)
        if found is None:
            return SheetExtent()
        column, row = found
        extent.cells += int((column > 0).sum())
        rows += [int(row.min()), int(row.max())] if row.size else []
        filled = column[column > 0]
        columns += [int(filled.min()), int(filled.max())] if filled.size else []
    if rows and columns:
        extent.rows = {min(rows), max(rows)}
        extent.columns = {_letters(min(columns)), _letters(max(columns))}
    return extent


def _references(block: NDArray[np.uint8]) -> tuple[NDArray[np.int64], NDArray[np.int64]] | None:
    """Read every r="…" of a block as column (0 for a row) and row; None when one of them is neither."""
    is_r = block[:-3] == _SPACE
    is_r &= block[1:-2] == _R
    is_r &= block[2:-1] == _EQUALS
    is_r &= block[3:] == _QUOTE
    places = np.flatnonzero(is_r) + 4
    padded = np.concatenate([block, np.zeros(_OVERLAP_BYTES, np.uint8)])
    column = np.zeros(len(places), np.int64)
    row = np.zeros(len(places), np.int64)
    at = places.copy()
    for _ in range(_MAX_LETTERS):
        sign = padded[np.minimum(at, len(padded) - 1)]
        letter = (sign >= _A) & (sign <= _Z) & (row == 0)
        column = np.where(letter, column * 26 + sign - (_A - 1), column)
        at += letter
    for _ in range(_MAX_DIGITS):
        sign = padded[np.minimum(at, len(padded) - 1)]
        digit = (sign >= _ZERO) & (sign <= _NINE)
        row = np.where(digit, row * 10 + sign - _ZERO, row)
        at += digit
    whole = padded[np.minimum(at, len(padded) - 1)] == _QUOTE
    cut = places > len(block) - _OVERLAP_BYTES  # seen again at the start of the next block
    if not (whole | cut).all():
        return None
    keep = whole & (row > 0)
    return column[keep], row[keep]


def _letters(number: int) -> bytes:
    text = b""
    while number:
        number, rest = divmod(number - 1, 26)
        text = bytes([_A + rest]) + text
    return text
