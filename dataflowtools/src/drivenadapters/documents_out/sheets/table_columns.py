"""Columns and rows that come into tables or leave them: the tables' own lists follow, or the whole table goes."""

import re
from typing import NamedTuple

from lxml import etree

from dataflowtools.src.drivenadapters.documents.safe_xml import Element
from dataflowtools.src.drivenadapters.documents_out.office_package import relations_of, resolved
from dataflowtools.src.drivenadapters.documents_out.sheets.looks import s
from dataflowtools.src.drivenadapters.documents_out.sheets.references import LOST, Shift
from dataflowtools.src.drivenadapters.documents_out.sheets.tables import lose_column, tables_of
from dataflowtools.src.drivenadapters.documents_out.sheets.workbook import RELATION_ID, Workbook
from dataflowtools.src.errors import InvalidEdit
from dataflowtools.src.logics.file.documents.options import CellRange


class Touched(NamedTuple):
    """A table that a shift changes, and where it was."""

    part: str
    area: CellRange


def touched(book: Workbook, name: str, shift: Shift) -> list[Touched]:
    """List the tables that a shift changes; those that it removes are gone then. InvalidEdit for headers alone."""
    found = []
    for part, _, area in list(tables_of(book.package, book.part_of(name))):
        rows = shift.axis == "rows"
        first, last = (area.first_row, area.last_row) if rows else (area.first_column, area.last_column)
        if shift.span(first, last) is None:
            _remove(book, name, part)
        elif rows and shift.one(first) is None:
            raise InvalidEdit("The header row of a table cannot be removed but with the whole table.")
        elif (
            not rows
            and (first < shift.at if shift.count > 0 else shift.at - shift.count > first)
            and shift.at <= last
        ):
            found.append(Touched(part, area))
    return found


def follow(book: Workbook, name: str, shift: Shift, tables: list[Touched]) -> None:
    """Bring the lists of columns up to date, once the cells have moved."""
    for table in tables:
        root = book.package.change(table.part)
        listed = root.find(s("tableColumns"))
        if shift.count > 0:
            _insert(book, name, root, shift, table.area)
        else:
            _delete(book, root, shift, table.area)
        listed.set("count", str(len(listed)))
        for entry in root.iter(s("filterColumn")):
            moved = shift.one(table.area.first_column + int(entry.get("colId") or 0))
            start = shift.one(table.area.first_column) or shift.at
            if moved is None:
                entry.getparent().remove(entry)
            else:
                entry.set("colId", str(moved - start))


def _insert(book: Workbook, name: str, root: Element, shift: Shift, area: CellRange) -> None:
    listed = root.find(s("tableColumns"))
    taken = {str(one.get("name")).casefold() for one in listed}
    number = max((int(one.get("id") or 0) for one in listed), default=0)
    has_header = root.get("headerRowCount") != "0"
    for place in range(shift.at, shift.at + shift.count):
        title = next(
            fresh for count in range(1, len(taken) + 2) if (fresh := f"Column{count}").casefold() not in taken
        )
        taken.add(title.casefold())
        number += 1
        listed.insert(place - area.first_column, etree.Element(s("tableColumn"), id=str(number), name=title))
        if has_header:
            book.sheet(name).write(area.first_row, place, title)


def _delete(book: Workbook, root: Element, shift: Shift, area: CellRange) -> None:
    listed, called = root.find(s("tableColumns")), str(root.get("displayName"))
    gone = [
        one for place, one in enumerate(list(listed), start=area.first_column) if shift.one(place) is None
    ]
    for column in gone:
        listed.remove(column)
        lose_column(book, called, str(column.get("name")))


def _remove(book: Workbook, name: str, part: str) -> None:
    """Take a table away whose cells are all removed; formulas that name it are lost."""
    owner, called = book.part_of(name), str(book.package.look(part).get("displayName"))
    identity = next(
        str(entry.get("Id"))
        for entry in book.package.look(relations_of(owner))
        if resolved(owner, str(entry.get("Target"))) == part
    )
    book.package.drop_relation(owner, identity)
    book.package.remove(part)
    listed = book.sheet(name).root.find(s("tableParts"))
    for entry in [] if listed is None else list(listed):
        if entry.get(RELATION_ID) == identity:
            listed.remove(entry)
            listed.set("count", str(len(listed)))
    if listed is not None and not len(listed):
        listed.getparent().remove(listed)
    mention = re.compile(
        rf"(?<![\w.]){re.escape(called)}(?:\[(?:[^\[\]]|\[[^\]]*\])*\])?(?![\w.(\[])", re.IGNORECASE
    )
    book.rewrite_everywhere(lambda formula, _: mention.sub(LOST, formula), called)
