"""A look at the binary sheets of xlsb files: their corners, errors, merges and links (MS-XLSB)."""

import struct
from collections.abc import Callable, Iterator, Mapping
from itertools import chain

from dataflowtools.src.drivenadapters.documents.opc import OfficePackage, Relation
from dataflowtools.src.drivenadapters.documents.sheet_extras import (
    ERROR_NAMES,
    MAX_PLACES,
    OddCell,
    Place,
    SheetExtras,
)
from dataflowtools.src.drivenadapters.documents.sheet_scan import check_area
from dataflowtools.src.errors import CorruptFile

_ROW, _CELL_ERROR, _FORMULA_ERROR, _MERGE, _SHEET, _LINK = 0, 3, 11, 176, 156, 494
_CELLS = frozenset((*range(1, 12), 62))
_BLANK = 1
_LONGEST = 1 << 24
_U32 = struct.Struct("<I")
_RANGE = struct.Struct("<4I")


def xlsb_extras(package: OfficePackage, wanted: set[str]) -> dict[str, SheetExtras]:
    """Look at the wanted sheets; raises SheetTooLarge or CorruptFile."""
    main = package.main_part()
    relations = package.relations(main)
    found = {}
    for kind, body in _records(package.zip.chunks(main)):
        if kind != _SHEET or len(body) < 12:  # noqa: PLR2004  # state, id, and the length of a text
            continue
        identifier, end = _text(body, 8)
        name, _ = _text(body, end)
        relation = relations.get(identifier)
        if name in wanted and relation is not None and relation.kind == "worksheet":
            found[name] = _Look(name, package.relations(relation.target)).look(
                package.zip.chunks(relation.target)
            )
    return found


class _Look:
    """One pass over one sheet."""

    def __init__(self, name: str, relations: Mapping[str, Relation]) -> None:
        self._name = name
        self._relations = relations
        self._row = 0
        self._cells = 0
        self._rows = [1 << 32, -1]
        self._columns = [1 << 32, -1]
        self._odd: dict[Place, OddCell] = {}
        self._extras = SheetExtras(odd=lambda: self._odd)

    def look(self, chunks: Iterator[bytes]) -> SheetExtras:
        others: dict[int, Callable[[bytes], None]] = {
            _ROW: self._start,
            _MERGE: self._merge,
            _LINK: self._link,
        }
        for kind, body in _records(chunks):
            if kind in _CELLS:
                self._cell(kind, body)
            elif kind in others and len(self._extras.merges) + len(self._extras.links) < MAX_PLACES:
                others[kind](body)
        if self._cells:
            area = (self._rows[1] - self._rows[0] + 1) * (self._columns[1] - self._columns[0] + 1)
            check_area(self._name, area, self._cells)
        return self._extras

    def _start(self, body: bytes) -> None:
        self._row = _number(body, 0)

    def _cell(self, kind: int, body: bytes) -> None:
        column = _number(body, 0)
        self._cells += kind != _BLANK
        self._rows = [min(self._rows[0], self._row), max(self._rows[1], self._row)]
        self._columns = [min(self._columns[0], column), max(self._columns[1], column)]
        if kind in (_CELL_ERROR, _FORMULA_ERROR) and len(body) > 8 and len(self._odd) < MAX_PLACES:  # noqa: PLR2004  # column and style
            name = ERROR_NAMES.get(body[8], f"#ERROR{body[8]}")
            self._odd[self._row + 1, column + 1] = OddCell(None, name, has_value=True)

    def _merge(self, body: bytes) -> None:
        top, bottom, left, right = _range(body)
        self._extras.merges.append(((top, left), (bottom, right)))

    def _link(self, body: bytes) -> None:
        top, _, left, _ = _range(body)
        identifier, end = _text(body, _RANGE.size)
        location, _ = _text(body, end)
        relation = self._relations.get(identifier)
        address = relation.target if relation is not None and relation.external else ""
        if location:
            address += f"#{location}"
        if address:
            self._extras.links[top + 1, left + 1] = address


def _records(chunks: Iterator[bytes]) -> Iterator[tuple[int, bytes]]:
    """Cut a part into records: a number of one or two bytes, a length of up to four, and so many bytes."""
    held, place = bytearray(), 0
    for chunk in chain(chunks, (b"",)):
        del held[:place]
        held += chunk
        place = 0
        while (start := _head(held, place)) is not None:
            kind, length, begin = start
            if length > _LONGEST:
                raise CorruptFile("A part of the workbook holds a record beyond all use.")
            if begin + length > len(held):
                break
            yield kind, bytes(held[begin : begin + length])
            place = begin + length


def _head(held: bytearray, place: int) -> tuple[int, int, int] | None:
    kind = _variable(held, place, 2)
    length = None if kind is None else _variable(held, kind[1], 4)
    return None if kind is None or length is None else (kind[0], *length)


def _variable(held: bytearray, place: int, most: int) -> tuple[int, int] | None:
    """Read a number of seven bits a byte, lowest first; None when its bytes have not come yet."""
    value = 0
    for index in range(most):
        if place + index >= len(held):
            return None
        value |= (held[place + index] & 0x7F) << 7 * index
        if not held[place + index] & 0x80:
            return value, place + index + 1
    return value, place + most


def _number(body: bytes, place: int) -> int:
    if len(body) < place + _U32.size:
        raise CorruptFile("A part of the workbook holds a record that is cut short.")
    return int(_U32.unpack_from(body, place)[0])


def _range(body: bytes) -> tuple[int, int, int, int]:
    _number(body, _RANGE.size - _U32.size)
    top, bottom, left, right = _RANGE.unpack_from(body)
    return top, bottom, left, right


def _text(body: bytes, place: int) -> tuple[str, int]:
    """Read a text with its length before it; a missing one has the length of all ones."""
    length = _number(body, place)
    start = place + _U32.size
    if length == 0xFFFFFFFF:  # noqa: PLR2004  # the format's null
        return "", start
    end = start + 2 * length
    return body[start:end].decode("utf-16-le", errors="replace"), end
