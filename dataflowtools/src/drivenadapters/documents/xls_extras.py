"""A look at the sheets of xls files: errors, which their reader leaves out, and links (MS-XLS)."""

import struct
from collections.abc import Callable, Iterator
from typing import BinaryIO

import olefile

from dataflowtools.src.drivenadapters.documents.sheet_extras import (
    ERROR_NAMES,
    MAX_PLACES,
    OddCell,
    Place,
    SheetExtras,
)

_BOF, _EOF, _SHEET, _ERROR, _FORMULA, _LINK = 0x809, 0x0A, 0x85, 0x205, 0x06, 0x1B8
_BIFF8 = 0x0600
_HEAD = struct.Struct("<HH")
_CELL = struct.Struct("<HHH")
_SHEET_HEAD = struct.Struct("<IBBBB")
_LINK_HEAD = struct.Struct("<4H16sII")
_WIDE, _HAS_MONIKER, _HAS_PLACE, _HAS_NAME, _HAS_FRAME, _AS_TEXT = 1, 0x01, 0x08, 0x10, 0x80, 0x100
_URL = bytes.fromhex("e0c9ea79f9bace118c8200aa004ba90b")
_FILE = bytes.fromhex("0303000000000000c000000000000046")
_BROKEN = (OSError, ValueError, IndexError, TypeError, AttributeError, struct.error)


def xls_extras(file: BinaryIO, wanted: set[str]) -> dict[str, SheetExtras]:
    """Look at the wanted sheets of a workbook of Excel 97 or later; older and broken ones tell nothing."""
    file.seek(0)
    try:
        with olefile.OleFileIO(file) as container:
            data = container.openstream("Workbook").read()
        return {
            name: _look(data, place) for name, place in _sheets(data) if name in wanted and place < len(data)
        }
    except _BROKEN:
        return {}  # values are read by another reader, which says what is wrong with the file


def _records(data: bytes, place: int) -> Iterator[tuple[int, bytes]]:
    depth = 0
    while place + _HEAD.size <= len(data):
        kind, length = _HEAD.unpack_from(data, place)
        yield kind, data[place + _HEAD.size : place + _HEAD.size + length]
        depth += (kind == _BOF) - (kind == _EOF)
        if depth <= 0:
            return
        place += _HEAD.size + length


def _sheets(data: bytes) -> Iterator[tuple[str, int]]:
    for kind, body in _records(data, 0):
        if kind == _BOF and struct.unpack_from("<H", body)[0] != _BIFF8:
            return
        if kind == _SHEET:
            place, _, _, letters, flags = _SHEET_HEAD.unpack_from(body)
            start = _SHEET_HEAD.size
            wide = flags & _WIDE
            name = body[start : start + letters * (1 + wide)].decode("utf-16-le" if wide else "latin-1")
            yield name, place


def _look(data: bytes, place: int) -> SheetExtras:
    odd: dict[Place, OddCell] = {}
    extras = SheetExtras(odd=lambda: odd)
    for kind, body in _records(data, place):
        if kind in (_ERROR, _FORMULA) and len(odd) < MAX_PLACES:
            error = _error(kind, body)
            if error:
                row, column, _ = _CELL.unpack_from(body)
                odd[row + 1, column + 1] = OddCell(None, error, has_value=True)
        elif kind == _LINK and len(extras.links) < MAX_PLACES:
            row, _, column, _, _, _, flags = _LINK_HEAD.unpack_from(body)
            address = _address(body, flags)
            if address:
                extras.links[row + 1, column + 1] = address
    return extras


def _error(kind: int, body: bytes) -> str:
    """Name the error of a cell; a formula's result tells of one by a mark where a number would stand."""
    result = body[_CELL.size : _CELL.size + 8]
    if kind == _ERROR:
        shown, number = bool(result[1]), result[0]
    else:
        shown, number = result[6:8] == b"\xff\xff" and result[0] == 2, result[2]  # noqa: PLR2004  # the mark of errors
    return ERROR_NAMES.get(number, f"#ERROR{number}") if shown else ""


def _address(body: bytes, flags: int) -> str:
    place = _LINK_HEAD.size
    for flag in (_HAS_NAME, _HAS_FRAME):
        if flags & flag:
            _, place = _wide_text(body, place)
    address = ""
    if flags & _HAS_MONIKER:
        read: Callable[[bytes, int], tuple[str, int]] = _wide_text if flags & _AS_TEXT else _moniker
        address, place = read(body, place)
    if flags & _HAS_PLACE and (address or not flags & _HAS_MONIKER):
        address += "#" + _wide_text(body, place)[0]
    return address


def _wide_text(body: bytes, place: int) -> tuple[str, int]:
    (letters,) = struct.unpack_from("<I", body, place)
    end = place + 4 + 2 * letters
    return body[place + 4 : end].decode("utf-16-le", errors="replace").partition("\0")[0], end


def _moniker(body: bytes, place: int) -> tuple[str, int]:
    """Read an address on the net or of a file; of other monikers nothing is told."""
    kind, place = body[place : place + 16], place + 16
    if kind == _URL:
        (length,) = struct.unpack_from("<I", body, place)
        text = body[place + 4 : place + 4 + length].decode("utf-16-le", errors="replace")
        return text.partition("\0")[0], place + 4 + length
    if kind == _FILE:
        _, length = struct.unpack_from("<HI", body, place)
        end = place + 6 + length
        (rest,) = struct.unpack_from("<I", body, end + 24)
        return body[place + 6 : end].partition(b"\0")[0].decode("latin-1"), end + 28 + rest
    return "", len(body)
