"""Blocks as what reportlab lays out on pages."""

import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from reportlab.lib.colors import HexColor
from reportlab.platypus import Image, Indenter, PageBreak, Spacer, Table

from dataflowtools.src.drivenadapters.documents_out.caveats import Caveats
from dataflowtools.src.drivenadapters.documents_out.pdf import fonts
from dataflowtools.src.drivenadapters.documents_out.pdf.long_texts import pieces
from dataflowtools.src.drivenadapters.documents_out.pdf.texts import Look, paragraph
from dataflowtools.src.drivenadapters.documents_out.pictures import Pictures, fitted
from dataflowtools.src.errors import InvalidContent
from dataflowtools.src.logics.file.documents import model
from dataflowtools.src.logics.file.documents.render_text import block_text

_HEADINGS = (18.0, 15.0, 13.0, 12.0, 11.0, 11.0, 11.0, 11.0, 11.0)
_BASE = {
    "normal": Look(),
    "title": Look(size=24, bold=True, after=14),
    "caption": Look(size=9.5, italic=True, before=6, after=3, keep=True),
    "quote": Look(italic=True, color="595959"),
    "source code": Look(size=9, mono=True, background="F2F2F2", line=1.25, before=4, after=10),
    **{
        f"heading {level}": Look(size=size, bold=True, color="1F3864", before=12, after=5, keep=True)
        for level, size in enumerate(_HEADINGS, start=1)
    },
}
_INDENT = 18.0
_NARROW = 200.0
_CELL_SIZE = 9.5
_MAX_CELLS = 60_000
_CHUNK_ROWS = 200
_LEAST_COLUMN = 18.0
_LONG, _LINE_COUNTS = 30_000, 100  # characters, and for how many of them the end of a line counts
_GRID = HexColor("#808080")
_HEAD = HexColor("#D9E2F3")
_BULLETS = ("•", "–", "·")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a block stands: the room for it, how far it is moved in, and the mark of its list."""

    width: float
    indent: float = 0.0
    depth: int = 0
    style: str = "normal"
    mark: str = ""
    in_cell: bool = False

    def deeper(self) -> "Place":
        """Move in as long as there is room."""
        step = _INDENT if self.width > _NARROW else 0.0
        return replace(
            self, width=self.width - step, indent=self.indent + step, depth=self.depth + 1, mark=""
        )


class Flow:
    """Turns blocks into flowables for pages with this much room."""

    def __init__(
        self,
        width: float,
        height: float,
        looks: Mapping[str, Mapping[str, Any]],
        pictures: Pictures,
        caveats: Caveats,
    ) -> None:
        self._width, self._height = width, height
        self._pictures, self._caveats = pictures, caveats
        self._looks = dict(_BASE)
        for name, look in looks.items():
            key = name.casefold()
            self._looks[key] = _changed(self._looks.get(key, self._looks["normal"]), look)
        self._cells = 0
        self.has_spans = False
        self.cuts_spans = False  # whether cells reach down no more, for such ones never break over pages

    def of(self, blocks: Sequence[model.Block], place: Place | None = None) -> list[Any]:
        """List the flowables, one after another: none holds others but the cells of tables."""
        where = Place(self._width) if place is None else place
        return [flowable for block in blocks for flowable in self._of(block, where)]

    def _of(self, block: model.Block, place: Place) -> Iterator[Any]:  # noqa: C901  # one case a kind of block
        match block:
            case model.Heading():
                level = min(max(block.level, 1), len(_HEADINGS))
                made = self._paragraph(block.runs, block.style or f"heading {level}", place, block.align)
                made.outline = (level - 1, model.text_of(block.runs)[:200])
                yield made
            case model.Paragraph():
                yield from self._long(block.runs, block.style or place.style, place, block.align)
            case model.BulletList():
                yield from self._list(block, place)
            case model.Table():
                yield from self._indented(place, self._table(block, place))
            case model.Picture():
                yield from self._indented(place, self._picture(block, place))
            case model.Code():
                yield from self._long((model.Run(block.text.rstrip("\n")),), "source code", place)
            case model.Formula():
                yield self._paragraph((model.Run(block.text, italic=True),), place.style, place)
            case model.Quote() | model.Region(kind=model.RegionKind.TEXT_BOX):
                yield from self.of(block.blocks, replace(place.deeper(), style="quote"))
            case model.Region():
                yield from self.of(block.blocks, place)
            case model.Note():
                yield self._note(block, place)
            case _ if not place.in_cell:
                yield PageBreak()

    def _long(self, runs: Sequence[model.Run], style: str, place: Place, align: str = "") -> Iterator[Any]:
        """Lay out a text as one paragraph, or where it is very long as several without a gap."""
        parts = [runs] if _is_short(runs) else pieces(runs)
        for number, part in enumerate(parts):
            made = self._paragraph(part, style, place if number == 0 else replace(place, mark=""), align)
            if number:
                made.style.spaceBefore = 0
            if number < len(parts) - 1:
                made.style.spaceAfter = 0
            yield made

    def _paragraph(self, runs: Sequence[model.Run], style: str, place: Place, align: str = "") -> Any:
        look = self._looks.get(style.casefold())
        if look is None:
            known = ", ".join(sorted(self._looks))
            raise InvalidContent(f"There is no style {style[:60]!r}; there are {known}, and more by styles.")
        if place.in_cell:
            look = replace(look, size=min(look.size, _CELL_SIZE), after=0, before=0, keep=False)
        if fonts.lacks(model.text_of(runs)):
            self._caveats.add("font_missing", "Some characters are in none of the fonts installed here.")
        return paragraph(runs, look, align, indent=place.indent, mark=place.mark)

    def _list(self, block: model.BulletList, place: Place) -> Iterator[Any]:
        inner = place.deeper()
        for number, item in enumerate(block.items, block.start):
            mark = f"{number}." if block.ordered else _BULLETS[place.depth % len(_BULLETS)]
            blocks = list(item.blocks)
            first = (
                blocks.pop(0) if blocks and isinstance(blocks[0], model.Paragraph | model.Heading) else None
            )
            yield from self._of(first or model.Paragraph(runs=()), replace(inner, mark=mark))
            yield from self.of(blocks, inner)

    @staticmethod
    def _indented(place: Place, flowables: Iterator[Any]) -> Iterator[Any]:
        """Move what is no paragraph to the right; cells have no way to."""
        if not place.indent or place.in_cell:
            yield from flowables
            return
        yield Indenter(left=place.indent)
        yield from flowables
        yield Indenter(left=-place.indent)

    def _picture(self, block: model.Picture, place: Place) -> Iterator[Any]:
        drawn = self._pictures.find(block)
        if drawn is None:
            message = "A picture that is only referred to was left out; its description stands in its place."
            self._caveats.add("picture_left_out", message)
            text = model.Run(f"[{block.alt or 'picture'}]", italic=True)
            yield self._paragraph((text,), "normal", replace(place, indent=0.0))
            return
        drawn = fitted(drawn, place.width, self._height * 0.95)
        side = {"": "LEFT", "justify": "LEFT"}.get(block.align, block.align.upper())
        yield Image(io.BytesIO(drawn.data), width=drawn.width, height=drawn.height, hAlign=side)
        yield Spacer(1, 6)

    def _note(self, block: model.Note, place: Place) -> Any:
        self._caveats.add(
            "notes_in_text", "Footnotes, endnotes and comments stand as paragraphs in the text."
        )
        text = "".join(block_text(one) for one in block.blocks).strip()
        mark = model.Run(f"{block.reference} ", script="super")
        author = (model.Run(f"{block.author}: ", bold=True, size=8.5),) if block.author else ()
        return self._paragraph((mark, *author, model.Run(text, size=8.5)), "normal", place)

    def _table(self, block: model.Table, place: Place) -> Iterator[Any]:
        rows = block.rows
        if not rows or not rows[0]:
            return
        self._cells += sum(map(len, rows))
        if self._cells > _MAX_CELLS:
            raise InvalidContent(f"A PDF holds at most {_MAX_CELLS} cells of tables; write a workbook.")
        if block.caption:
            yield self._paragraph((model.Run(block.caption),), "caption", replace(place, indent=0.0))
        columns = _widths(block, place.width)
        heads = _heads(rows)
        spanning = not self.cuts_spans and any(
            cell is not None and cell.row_span > 1 for row in rows for cell in row
        )
        self.has_spans |= spanning
        size = len(rows) if spanning else _CHUNK_ROWS
        for start in range(
            heads, max(len(rows), heads + 1), size
        ):  # long tables in pieces, or layout is quadratic
            piece = [*rows[:heads], *rows[start : start + size]]
            yield self._grid(piece, columns, heads)
        yield Spacer(1, 8)

    def _grid(self, rows: Sequence[Sequence[model.Cell | None]], columns: list[float], heads: int) -> Table:
        look = [("GRID", (0, 0), (-1, -1), 0.5, _GRID), ("VALIGN", (0, 0), (-1, -1), "TOP")]
        for number, row in enumerate(rows):
            for place, cell in enumerate(row):
                if cell is None:
                    continue
                down = 1 if self.cuts_spans else cell.row_span
                corner = (place + cell.col_span - 1, min(number + down, len(rows)) - 1)
                if corner != (place, number):
                    look.append(("SPAN", (place, number), corner))
                if cell.header:
                    look.append(("BACKGROUND", (place, number), corner, _HEAD))
        content = [
            [
                self._cell(cell, columns[place : place + (cell.col_span if cell else 1)])
                for place, cell in enumerate(row)
            ]
            for row in rows
        ]
        repeated = heads if heads < len(rows) else 0
        return Table(content, colWidths=columns, repeatRows=repeated, style=look, splitInRow=1, hAlign="LEFT")

    def _cell(self, cell: model.Cell | None, columns: list[float]) -> Any:
        if cell is None:
            return ""
        if cell.blocks:
            return self.of(cell.blocks, Place(max(sum(columns) - 12, _LEAST_COLUMN), in_cell=True)) or ""
        look = replace(self._looks["normal"], size=_CELL_SIZE, after=0, bold=cell.header)
        if fonts.lacks(cell.text):
            self._caveats.add("font_missing", "Some characters are in none of the fonts installed here.")
        return paragraph((model.Run(cell.text),), look)


def _is_short(runs: Sequence[model.Run]) -> bool:
    return sum(len(run.text) + _LINE_COUNTS * run.text.count("\n") for run in runs) < _LONG


def _widths(table: model.Table, width: float) -> list[float]:
    count = max(map(len, table.rows))
    if count * _LEAST_COLUMN > width:
        raise InvalidContent(f"A table of {count} columns does not fit the page.")
    said = [max(points, _LEAST_COLUMN) for points in table.widths][:count]
    if len(said) == count:
        scale = min(1.0, width / sum(said))
        return [points * scale for points in said]
    weights = [1.0] * count
    for row in table.rows[:500]:
        for place, cell in enumerate(row):
            if cell is not None and cell.col_span == 1:
                weights[place] = max(weights[place], min(len(cell.text), 60.0))
    spare = width - count * _LEAST_COLUMN
    return [_LEAST_COLUMN + spare * weight / sum(weights) for weight in weights]


def _heads(rows: Sequence[Sequence[model.Cell | None]]) -> int:
    for number, row in enumerate(rows):
        if not all(cell is None or cell.header for cell in row):
            return number
    return 0


def _changed(look: Look, change: Mapping[str, Any]) -> Look:
    names = {"space_before": "before", "space_after": "after"}
    found = {
        names.get(name, name): value for name, value in change.items() if name not in {"font", "line_spacing"}
    }
    if "color" in found:
        found["color"] = found["color"].lstrip("#")
    if change.get("line_spacing"):
        found["line"] = 1.2 * change["line_spacing"]
    return replace(look, **found)
