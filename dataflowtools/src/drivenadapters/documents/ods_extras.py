"""A look at OpenDocument sheets: how far they reach, merges, errors, formulas, links and comments."""

import re
from collections.abc import Iterator, Mapping

from dataflowtools.src.drivenadapters.documents import safe_xml
from dataflowtools.src.drivenadapters.documents.odf import CALCEXT, DC, OFFICE, TABLE, TEXT, XLINK
from dataflowtools.src.drivenadapters.documents.safe_xml import Element, whole
from dataflowtools.src.drivenadapters.documents.sheet_extras import MAX_PLACES, OddCell, Place, SheetExtras
from dataflowtools.src.drivenadapters.documents.sheet_scan import check_area
from dataflowtools.src.drivenadapters.documents.sheet_tables import column_letters
from dataflowtools.src.drivenadapters.documents.zip_package import ZipPackage
from dataflowtools.src.logics.file.documents.model import Note, NoteKind, Paragraph, plain

_CELLS = (TABLE + "table-cell", TABLE + "covered-table-cell")
_TYPE, _SHOWN = OFFICE + "value-type", CALCEXT + "value-type"
_REPEATED, _ROWS_REPEATED = TABLE + "number-columns-repeated", TABLE + "number-rows-repeated"
_SILENT = frozenset((_REPEATED, TABLE + "style-name", TABLE + "content-validation-name"))
_VALUES = frozenset(
    OFFICE + name
    for name in (
        "value-type",
        "value",
        "date-value",
        "time-value",
        "boolean-value",
        "string-value",
        "currency",
    )
)
_PLAIN = _SILENT | _VALUES | {_SHOWN}
_ERROR = re.compile(r"#(?:DIV/0!|N/A|NAME\?|NULL!|NUM!|REF!|VALUE!)|(?:Err|错误):\d{3}")
_REFERENCE = re.compile(r"\[([^\[\]]*)\]")
_LAST = 1 << 24


def ods_extras(package: ZipPackage) -> dict[str, SheetExtras]:
    """Look at every sheet in one pass; raises SheetTooLarge and the errors of packages and XML."""
    looks: dict[str, _Look] = {}
    rows = safe_xml.elements(package.chunks("content.xml"), TABLE + "table-row", "The part content.xml")
    for row in rows:
        table = next(row.iterancestors(TABLE + "table"), None)
        name = "" if table is None else table.get(TABLE + "name", "")
        if name not in looks:
            looks[name] = _Look()
        looks[name].row(row)
    for name, look in looks.items():
        look.check(name)
    return {name: look.extras for name, look in looks.items()}


class _Look:
    """What was seen of one sheet so far."""

    def __init__(self) -> None:
        self._odd: dict[Place, OddCell] = {}
        self.extras = SheetExtras(odd=lambda: self._odd)
        self._top = 0
        self._cells = 0
        self._rows = [_LAST * _LAST, -1]
        self._columns = [_LAST, -1]
        self._left = MAX_PLACES

    def row(self, row: Element) -> None:
        """Look at a row, which may stand for many."""
        repeat, column = _count(row.get(_ROWS_REPEATED)), 0
        for cell in row.iterchildren(*_CELLS):
            attributes = dict(cell.attrib)
            across = _count(attributes.get(_REPEATED))
            if len(cell) or not attributes.keys() <= _SILENT:
                self._reach(attributes, cell, column, across, repeat)
                if not _is_plain(attributes, cell):
                    self._cell(cell, column)
            column += across
        self._top += repeat

    def _reach(self, told: Mapping[str, str], cell: Element, column: int, across: int, down: int) -> None:
        if _TYPE not in told and cell.find(TEXT + "p") is None:
            return
        self._cells += across * down
        self._rows[0], self._rows[1] = min(self._rows[0], self._top), max(self._rows[1], self._top + down - 1)
        self._columns[0] = min(self._columns[0], column)
        self._columns[1] = max(self._columns[1], column + across - 1)

    def check(self, name: str) -> None:
        """Refuse a sheet whose rectangle is beyond all use."""
        if self._cells:
            area = (self._rows[1] - self._rows[0] + 1) * (self._columns[1] - self._columns[0] + 1)
            check_area(name, area, self._cells)

    def _cell(self, cell: Element, column: int) -> None:
        if self._left <= 0:
            return
        place = (self._top + 1, column + 1)
        self._left -= self._merge(cell, column) + self._oddity(cell, place) + self._beside(cell, place)

    def _merge(self, cell: Element, column: int) -> bool:
        down = _count(cell.get(TABLE + "number-rows-spanned"))
        across = _count(cell.get(TABLE + "number-columns-spanned"))
        if down > 1 or across > 1:
            last = (self._top + down - 1, column + across - 1)
            self.extras.merges.append(((self._top, column), last))
        return down > 1 or across > 1

    def _oddity(self, cell: Element, place: Place) -> bool:
        formula = cell.get(TABLE + "formula")
        text = "".join("".join(line.itertext()) for line in cell.iterfind(TEXT + "p"))
        told = cell.get(_SHOWN) == "error"
        error = text if told or (formula is not None and _ERROR.fullmatch(text)) else ""
        if formula is None and not error:
            return False
        has_value = bool(text) or cell.get(_TYPE) is not None
        written = None if formula is None else _formula(formula)
        self._odd[place] = OddCell(written, error, has_value)
        return True

    def _beside(self, cell: Element, place: Place) -> bool:
        link = next((one.get(XLINK + "href") for one in cell.iter(TEXT + "a")), None)
        if link:
            self.extras.links[place] = link
        notes = list(_notes(cell, place))
        self.extras.notes.extend(notes)
        return bool(link or notes)


def _notes(cell: Element, place: Place) -> Iterator[Note]:
    for note in cell.iterfind(OFFICE + "annotation"):
        text = "\n".join("".join(line.itertext()) for line in note.iterfind(TEXT + "p"))
        yield Note(
            kind=NoteKind.COMMENT, reference=f"{column_letters(place[1])}{place[0]}",
            author=note.findtext(DC + "creator") or "", date=note.findtext(DC + "date") or "",
            blocks=(Paragraph(runs=plain(text)),),
        )  # fmt: skip


def _formula(text: str) -> str:
    """Write an OpenFormula with plain references: of:=[.A1]+1 becomes =A1+1."""
    bare = text.partition(":")[2] if re.match(r"\w+:=", text) else text
    return _REFERENCE.sub(lambda match: match[1].removeprefix(".").replace(":.", ":"), bare)


def _is_plain(told: Mapping[str, str], cell: Element) -> bool:
    """Whether a cell is a value and nothing more, as nearly all are."""
    if not told.keys() <= _PLAIN or told.get(_SHOWN) == "error":
        return False
    return len(cell) <= 1 and not (len(cell) and len(cell[0]))


def _count(text: str | None) -> int:
    return min(whole(text, 1), _LAST)
