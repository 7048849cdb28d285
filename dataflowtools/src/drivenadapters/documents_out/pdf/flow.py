"""Blocks as what reportlab lays out on pages."""

import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from reportlab.lib.colors import HexColor
from reportlab.platypus import Image, Indenter, ListFlowable, ListItem, PageBreak, Spacer, Table

from dataflowtools.src.drivenadapters.documents_out.caveats import Caveats
from dataflowtools.src.drivenadapters.documents_out.pdf import fonts
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
_MAX_CELLS = 60_000
_CHUNK_ROWS = 200
_LEAST_COLUMN = 18.0
_GRID = HexColor("#808080")
_HEAD = HexColor("#D9E2F3")
_BULLETS = ("•", "–", "·")


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

    def of(self, blocks: Sequence[model.Block], width: float | None = None, depth: int = 0) -> list[Any]:
        """List the flowables."""
        room = self._width if width is None else width
        return [flowable for block in blocks for flowable in self._of(block, room, depth)]

    def _of(self, block: model.Block, width: float, depth: int) -> Iterator[Any]:  # noqa: C901, PLR0912  # one case a kind of block
        match block:
            case model.Heading():
                level = min(max(block.level, 1), len(_HEADINGS))
                made = self._paragraph(block.runs, block.style or f"heading {level}", block.align)
                made.outline = (level - 1, model.text_of(block.runs)[:200])
                yield made
            case model.Paragraph():
                yield self._paragraph(block.runs, block.style or "normal", block.align)
            case model.BulletList():
                yield self._list(block, width, depth)
            case model.Table():
                yield from self._table(block, width)
            case model.Picture():
                yield from self._picture(block, width)
            case model.Code():
                yield self._paragraph((model.Run(block.text.rstrip("\n")),), "source code")
            case model.Formula():
                yield self._paragraph((model.Run(block.text, italic=True),), "normal")
            case model.Quote() | model.Region(kind=model.RegionKind.TEXT_BOX):
                yield Indenter(left=_INDENT)
                for inner in block.blocks:
                    if isinstance(inner, model.Paragraph) and not inner.style:
                        yield self._paragraph(inner.runs, "quote", inner.align)
                    else:
                        yield from self._of(inner, width - _INDENT, depth)
                yield Indenter(left=-_INDENT)
            case model.Region():
                yield from self.of(block.blocks, width, depth)
            case model.Note():
                yield self._note(block)
            case _:
                yield PageBreak()

    def _paragraph(self, runs: Sequence[model.Run], style: str, align: str = "") -> Any:
        look = self._looks.get(style.casefold())
        if look is None:
            known = ", ".join(sorted(self._looks))
            raise InvalidContent(f"There is no style {style[:60]!r}; there are {known}, and more by styles.")
        text = model.text_of(runs)
        if fonts.lacks(text):
            self._caveats.add("font_missing", "Some characters are in none of the fonts installed here.")
        return paragraph(runs, look, align)

    def _list(self, block: model.BulletList, width: float, depth: int) -> ListFlowable:
        items = [
            ListItem(self.of(item.blocks or (model.Paragraph(runs=()),), width - _INDENT, depth + 1))
            for item in block.items
        ]
        look: dict[str, Any] = {"leftIndent": _INDENT, "bulletFontSize": self._looks["normal"].size}
        if block.ordered:
            return ListFlowable(items, bulletType="1", start=block.start, bulletFormat="%s.", **look)
        return ListFlowable(items, bulletType="bullet", start=_BULLETS[depth % len(_BULLETS)], **look)

    def _picture(self, block: model.Picture, width: float) -> Iterator[Any]:
        drawn = self._pictures.find(block)
        if drawn is None:
            message = "A picture that is only referred to was left out; its description stands in its place."
            self._caveats.add("picture_left_out", message)
            yield self._paragraph((model.Run(f"[{block.alt or 'picture'}]", italic=True),), "normal")
            return
        drawn = fitted(drawn, width, self._height * 0.95)
        place = {"": "LEFT", "justify": "LEFT"}.get(block.align, block.align.upper())
        yield Image(io.BytesIO(drawn.data), width=drawn.width, height=drawn.height, hAlign=place)
        yield Spacer(1, 6)

    def _note(self, block: model.Note) -> Any:
        self._caveats.add(
            "notes_in_text", "Footnotes, endnotes and comments stand as paragraphs in the text."
        )
        text = "".join(block_text(one) for one in block.blocks).strip()
        mark = model.Run(f"{block.reference} ", script="super")
        return self._paragraph((mark, model.Run(text, size=8.5)), "normal")

    def _table(self, block: model.Table, width: float) -> Iterator[Any]:
        rows = block.rows
        if not rows or not rows[0]:
            return
        self._cells += sum(map(len, rows))
        if self._cells > _MAX_CELLS:
            raise InvalidContent(f"A PDF holds at most {_MAX_CELLS} cells of tables; write a workbook.")
        if block.caption:
            yield self._paragraph((model.Run(block.caption),), "caption")
        columns = _widths(block, width)
        heads = _heads(rows)
        spanning = any(cell is not None and cell.row_span > 1 for row in rows for cell in row)
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
                corner = (place + cell.col_span - 1, min(number + cell.row_span, len(rows)) - 1)
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
        return Table(content, colWidths=columns, repeatRows=repeated, style=look, splitInRow=1)

    def _cell(self, cell: model.Cell | None, columns: list[float]) -> Any:
        if cell is None:
            return ""
        if cell.blocks:
            return self.of(cell.blocks, max(sum(columns) - 12, _LEAST_COLUMN))
        look = replace(self._looks["normal"], size=9.5, after=0, bold=cell.header)
        if fonts.lacks(cell.text):
            self._caveats.add("font_missing", "Some characters are in none of the fonts installed here.")
        return paragraph((model.Run(cell.text),), look)


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
