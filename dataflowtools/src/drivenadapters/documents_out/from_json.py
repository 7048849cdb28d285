"""Blocks of a request as the document model."""

from collections.abc import Mapping, Sequence
from typing import Any

from dataflowtools.src.drivenadapters.documents_out.grid import placed
from dataflowtools.src.logics.file.documents import model

Json = Mapping[str, Any]


def blocks_of(blocks: Sequence[Json]) -> list[model.Block]:
    """Read blocks that the service has checked already."""
    return [_block(block) for block in blocks]


def _block(block: Json) -> model.Block:  # noqa: C901, PLR0911  # one line a kind of block
    match block["type"]:
        case "heading":
            return model.Heading(level=block.get("level", 1), **_text(block))
        case "paragraph":
            return model.Paragraph(**_text(block))
        case "list":
            return _list(block)
        case "table":
            return _table(block)
        case "picture":
            return _picture(block)
        case "code":
            return model.Code(text=block["text"], language=block.get("language", ""))
        case "formula":
            return model.Formula(text=block["text"])
        case "quote":
            return model.Quote(blocks=blocks_of(block["blocks"]))
        case "page_break":
            return model.PageBreak()
        case "footnote" | "endnote" | "comment":
            return _note(block)
        case kind:
            return model.Region(kind=model.RegionKind(kind), blocks=blocks_of(block["blocks"]))


def _text(block: Json) -> dict[str, Any]:
    said = block.get("runs")
    runs = model.plain(block.get("text", "")) if said is None else tuple(model.Run(**run) for run in said)
    return {"runs": runs, "style": block.get("style", ""), "align": block.get("align", "")}


def _list(block: Json) -> model.BulletList:
    items = [_item(item) for item in block["items"]]
    return model.BulletList(items=items, ordered=block.get("ordered", False), start=block.get("start", 1))


def _item(item: Json | str) -> model.ListItem:
    if isinstance(item, str):
        return model.ListItem(blocks=[model.Paragraph(runs=model.plain(item))])
    blocks = blocks_of(item.get("blocks", ()))
    if item.get("text"):
        blocks.insert(0, model.Paragraph(runs=model.plain(item["text"])))
    return model.ListItem(blocks=blocks)


def _table(block: Json) -> model.Table:
    named = {name: block[name] for name in ("name", "caption", "sheet", "style", "widths") if name in block}
    rows = [[_cell(cell) for cell in row] for row in block["rows"]]
    columns = [
        [cell.get("column") if isinstance(cell, Mapping) else None for cell in row] for row in block["rows"]
    ]
    return model.Table(rows=placed(rows, columns), **named)


def _cell(cell: Json | model.Scalar) -> model.Cell:
    if not isinstance(cell, Mapping):
        return model.Cell("" if cell is None else _shown(cell), value=cell)
    value = cell.get("value")
    text = cell.get("text") or ("" if value is None else _shown(value))
    return model.Cell(
        text, cell.get("row_span", 1), cell.get("col_span", 1), header=cell.get("header", False), value=value,
        formula=cell.get("formula"), blocks=blocks_of(cell.get("blocks", ())),
    )  # fmt: skip


def _shown(value: model.Scalar) -> str:
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    return str(value)


def _picture(block: Json) -> model.Picture:
    size = {name: block[name] for name in ("width", "height", "align") if name in block}
    reference = block.get("reference", "")
    if "file_id" in block:
        reference = f"file:{block['file_id']}"
    elif "data" in block:
        reference = f"data:{block['data']}"
    return model.Picture(reference=reference, alt=block.get("alt", ""), **size)


def _note(block: Json) -> model.Note:
    return model.Note(
        kind=model.NoteKind(block["type"]), reference=block.get("reference", ""), blocks=blocks_of(block["blocks"]),
        author=block.get("author", ""), date=block.get("date", ""),
    )  # fmt: skip
