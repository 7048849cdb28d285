"""Workbook templates: {{ field }} in cells, rows repeated between {% for … %} and {% endfor %}."""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO

from jinja2 import Undefined

from dataflowtools.src.drivenadapters.documents.safe_xml import Element
from dataflowtools.src.drivenadapters.documents_out.caveats import Caveats
from dataflowtools.src.drivenadapters.documents_out.sheets.looks import s
from dataflowtools.src.drivenadapters.documents_out.sheets.row_map import RowMap, rebuild
from dataflowtools.src.drivenadapters.documents_out.sheets.workbook import Workbook
from dataflowtools.src.drivenadapters.documents_out.templates.filled import TemplateFile
from dataflowtools.src.drivenadapters.documents_out.templates.missing import as_text, tracked
from dataflowtools.src.drivenadapters.documents_out.templates.sandbox import (
    Jail,
    Program,
    compiled,
)
from dataflowtools.src.drivenadapters.documents_out.templates.slots import SlotFinder
from dataflowtools.src.errors import InvalidTemplate

_TAG = re.compile(r"\{[{%]")
_ALONE = re.compile(r"\s*\{\{((?:(?!\}\}).)*)\}\}\s*", re.DOTALL)
_CONTROL = re.compile(
    r"\s*\{%-?\s*(?:tr\s+)?((?:for|if|elif|else|endfor|endif|set)\b(?:(?!%\}).)*?)-?%\}\s*", re.DOTALL
)
_ROW_TAG = re.compile(r"\{%-?\s*tr\s+((?:(?!%\}).)*?)-?%\}", re.DOTALL)
_MOST_ROWS = 200_000


@dataclass(slots=True)
class _Sheet:
    """A sheet as one template that calls `emit` for every row that is to be there."""

    rows: list[int]  # for each line of the template
    cells: Mapping[int, list[tuple[str, str]]]  # those with tags, by row
    bottom: int  # the last row with a tag, where rows come and go; 0 where none does

    @property
    def source(self) -> str:
        return "\n".join(_line(row, self.cells.get(row, [])) for row in self.rows)

    def place(self, line: int) -> tuple[int | None, str]:
        """Name a line's row and what its cells say; texts of several lines are several lines of the template."""
        for row in self.rows:
            line -= 1 + _line(row, self.cells.get(row, [])).count("\n")
            if line <= 0:
                cells = self.cells.get(row, [])
                return row, " ".join(f"{letters}{row} says {text}" for letters, text in cells)
        return None, ""


class SheetTemplate(TemplateFile):
    """A workbook whose cells hold tags; a cell that is one tag takes the value's type."""

    ending = "xlsx"

    def __init__(self, file: BinaryIO, caveats: Caveats) -> None:
        self._file, self._caveats = file, caveats
        self._jail = Jail(autoescape=False)
        book = Workbook(file, caveats)
        shared = book.shared_texts()
        self._programs: dict[str, tuple[_Sheet, Program]] = {}
        for name in book.sheet_names():
            sheet = _sheet(book.package.look(book.part_of(name)), shared)
            if sheet is not None:
                self._programs[name] = sheet, compiled(self._jail, sheet.source, name, sheet.place)

    def find_slots(self, finder: SlotFinder) -> None:
        for name, (_, program) in self._programs.items():
            finder.read(program.tree, name)

    def fill(self, data: Mapping[str, Any], file: BinaryIO) -> list[str]:
        self._jail.missing.clear()
        book, values = Workbook(self._file, self._caveats), tracked(data)
        for name, (sheet, program) in self._programs.items():
            emitted: list[tuple[int, dict[str, Any]]] = []
            program.render({**values, "emit": _emitter(emitted, name)})
            _put(book, name, emitted, sheet.bottom)
        book.save(file)
        return list(self._jail.missing)


def _emitter(into: list[tuple[int, dict[str, Any]]], name: str) -> Callable[[int, dict[str, Any]], str]:
    def emit(row: int, cells: dict[str, Any]) -> str:
        if len(into) >= _MOST_ROWS:
            raise InvalidTemplate(f"A sheet is filled with at most {_MOST_ROWS} rows.", part=name)
        into.append((row, cells))
        return ""

    return emit


def _put(book: Workbook, name: str, emitted: Sequence[tuple[int, dict[str, Any]]], bottom: int) -> None:
    rows = [row for row, _ in emitted]
    if bottom:
        rebuild(book, name, RowMap(rows, bottom))
        rows = list(range(1, len(rows) + 1))
    sheet = book.sheet(name)
    for (_, cells), row in zip(emitted, rows, strict=True):
        for letters, value in cells.items():
            sheet.put_value(row, letters, _plain(value))


def _plain(value: Any) -> Any:
    if isinstance(value, Undefined):
        return str(value)
    if value is None or isinstance(value, (str, int, float, bool)):
        return value
    return str(as_text(value))


def _sheet(root: Element, shared: Sequence[str]) -> _Sheet | None:
    """Write a sheet's tags as one template; None when it has none."""
    rows: dict[int, list[tuple[str, str]]] = {}
    number = 0
    for row in root.find(s("sheetData")).iterfind(s("row")):
        number = int(row.get("r") or number + 1)
        cells = [(_letters(cell), _text(cell, shared)) for cell in row.iterfind(s("c"))]
        tagged = [(letters, text) for letters, text in cells if _TAG.search(text)]
        if tagged:
            rows[number] = tagged
    if not rows:
        return None
    moving = any(_control_of(cells) or _ROW_TAG.search(text) for cells in rows.values() for _, text in cells)
    if not moving:
        return _Sheet(list(rows), rows, 0)
    bottom = max(rows)
    if bottom > _MOST_ROWS:
        raise InvalidTemplate(f"Tags stand within the first {_MOST_ROWS} rows of a sheet.")
    return _Sheet(list(range(1, bottom + 1)), rows, bottom)


def _line(number: int, cells: Sequence[tuple[str, str]]) -> str:
    control = _control_of(cells)
    if control is not None:
        return control
    before, after, rest = _row_tags(cells)
    return f"{before}{_emit(number, rest)}{after}"


def _control_of(cells: Sequence[tuple[str, str]]) -> str | None:
    """Read a row that holds one tag of control and nothing else that is filled."""
    if len(cells) != 1:
        return None
    match = _CONTROL.fullmatch(cells[0][1])
    return f"{{% {match[1].strip()} %}}" if match else None


def _row_tags(cells: Sequence[tuple[str, str]]) -> tuple[str, str, list[tuple[str, str]]]:
    """Take {%tr … %} out of a row's cells: what opens goes before the row, what closes after it."""
    before, after, rest = "", "", []
    for letters, text in cells:
        for tag in _ROW_TAG.findall(text):
            if tag.strip().startswith("end"):
                after += f"{{% {tag.strip()} %}}"
            else:
                before += f"{{% {tag.strip()} %}}"
        rest.append((letters, _ROW_TAG.sub("", text)))
    return before, after, rest


def _emit(number: int, cells: Sequence[tuple[str, str]]) -> str:
    blocks, entries = "", []
    for letters, text in cells:
        alone = _ALONE.fullmatch(text)
        if alone:
            entries.append(f"{json.dumps(letters)}: ({alone[1]})")
        elif _TAG.search(text):
            blocks += f"{{% set cell_{letters} %}}{text}{{% endset %}}"
            entries.append(f"{json.dumps(letters)}: cell_{letters}")
        else:
            entries.append(f"{json.dumps(letters)}: {json.dumps(text)}")
    return f"{blocks}{{{{ emit({number}, {{{', '.join(entries)}}}) }}}}"


def _letters(cell: Element) -> str:
    return "".join(filter(str.isalpha, cell.get("r") or ""))


def _text(cell: Element, shared: Sequence[str]) -> str:
    kind = cell.get("t")
    if kind == "s":
        value = cell.findtext(s("v")) or ""
        return shared[int(value)] if value.isdigit() and int(value) < len(shared) else ""
    if kind == "inlineStr":
        return "".join(_texts(cell))
    return ""


def _texts(cell: Element) -> Iterator[str]:
    for text in cell.iter(s("t")):
        yield text.text or ""
