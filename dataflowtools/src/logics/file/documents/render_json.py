"""The document as JSON values: `blocks`, and `pages` where the format has them."""

import json
from collections.abc import Sequence
from dataclasses import replace
from json.encoder import encode_basestring as _quoted
from math import isfinite
from typing import Any

from dataflowtools.src.logics.file.documents import model


def render_json(document: model.Document) -> bytes:
    """Write the blocks and pages as JSON."""
    parts = ['{"blocks":[', ",".join(map(_written, document.blocks)), "]"]
    if document.pages:
        parts += [',"pages":', _dump([_page(page) for page in document.pages])]
    return "".join([*parts, "}"]).encode(errors="replace")


def _dump(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def _written(block: model.Block) -> str:
    """Write one block; the cells of tables one by one, for there may be a million."""
    if not isinstance(block, model.Table):
        return _dump(_block(block))
    head = _dump(_block(replace(block, rows=())))
    columns = max((len(row) for row in block.rows), default=0)
    rows = ",".join(
        "[" + ",".join(_cell_text(cell, column) for column, cell in enumerate(row) if cell is not None) + "]"
        for row in block.rows
    )
    return head.replace('"columns":0,"rows":[]', f'"columns":{columns},"rows":[{rows}]', 1)


def _cell_text(cell: model.Cell, column: int) -> str:
    text, down, across, header, value, formula, blocks, box, link = cell
    if down != 1 or across != 1 or header or formula is not None or blocks or box is not None or link:
        return _dump(_cell(cell, column))
    return f'{{"text":{_quoted(text)},"column":{column},"row_span":1,"col_span":1{_value(value)}}}'


def _value(value: model.Scalar) -> str:
    if value is None or (isinstance(value, float) and not isfinite(value)):
        return ""
    if isinstance(value, bool):
        return ',"value":true' if value else ',"value":false'
    return f',"value":{_quoted(value) if isinstance(value, str) else repr(value)}'


def _page(page: model.PageInfo) -> dict[str, Any]:
    written: dict[str, Any] = {
        "page": page.number,
        "width": round(page.width, 2),
        "height": round(page.height, 2),
        "rotation": page.rotation,
        "source": page.source,
    }
    if page.needs_ocr:
        written["needs_ocr"] = True
    return written


def _blocks(blocks: Sequence[model.Block]) -> list[dict[str, Any]]:
    return [_block(block) for block in blocks]


def _block(block: model.Block) -> dict[str, Any]:
    written = _own(block)
    if block.page is not None:
        written["page"] = block.page
    if block.box is not None:
        written["box"] = _box(block.box)
    return written


def _own(block: model.Block) -> dict[str, Any]:  # noqa: C901, PLR0911  # one line a kind of block
    match block:
        case model.Heading():
            return {"type": "heading", "level": block.level, **_text(block.runs)}
        case model.Paragraph():
            return {"type": "paragraph", **_text(block.runs)}
        case model.BulletList():
            return _list(block)
        case model.Table():
            return _table(block)
        case model.Picture():
            return {"type": "picture", **_fields(block, ("reference", "alt", "media_type", "external"))}
        case model.Code():
            return {"type": "code", "text": block.text, "language": block.language}
        case model.Formula():
            return {"type": "formula", "text": block.text}
        case model.Quote():
            return {"type": "quote", "blocks": _blocks(block.blocks)}
        case model.Region():
            return {"type": str(block.kind), "blocks": _blocks(block.blocks)}
        case model.Note():
            own = _fields(block, ("reference", "author", "date"))
            return {"type": str(block.kind), **own, "blocks": _blocks(block.blocks)}
        case _:
            return {"type": "page_break"}


def _fields(block: model.Block, names: Sequence[str]) -> dict[str, Any]:
    return {name: value for name in names if (value := getattr(block, name))}


def _text(runs: Sequence[model.Run]) -> dict[str, Any]:
    written: dict[str, Any] = {"text": model.text_of(runs)}
    if any(run[1:] != _PLAIN for run in runs):
        written["runs"] = [_run(run) for run in runs]
    return written


_PLAIN = model.Run("")[1:]
_RUN_FIELDS = (
    "bold", "italic", "code", "struck", "script", "link", "note", "underline", "color", "size", "font",
)  # fmt: skip


def _run(run: model.Run) -> dict[str, Any]:
    return {"text": run.text, **{name: value for name in _RUN_FIELDS if (value := getattr(run, name))}}


def _box(box: model.Box) -> list[float]:
    return [round(number, 1) for number in box]


def _list(block: model.BulletList) -> dict[str, Any]:
    items = []
    for item in block.items:
        written: dict[str, Any] = {"blocks": _blocks(item.blocks)}
        if item.marker:
            written["marker"] = item.marker
        items.append(written)
    return {"type": "list", "ordered": block.ordered, "start": block.start, "items": items}


def _table(table: model.Table) -> dict[str, Any]:
    written: dict[str, Any] = {"type": "table", **_fields(table, ("name", "caption", "sheet"))}
    if table.first_row != 1 or table.first_column != 1:
        written["first_row"], written["first_column"] = table.first_row, table.first_column
    written["columns"] = max((len(row) for row in table.rows), default=0)
    written["rows"] = [
        [_cell(cell, column) for column, cell in enumerate(row) if cell is not None] for row in table.rows
    ]
    return written


def _cell(cell: model.Cell, column: int) -> dict[str, Any]:
    written: dict[str, Any] = {
        "text": cell.text,
        "column": column,
        "row_span": cell.row_span,
        "col_span": cell.col_span,
    }
    if cell.header:
        written["header"] = True
    if cell.value is not None and not (isinstance(cell.value, float) and not isfinite(cell.value)):
        written["value"] = cell.value
    if cell.formula is not None:
        written["formula"] = cell.formula
    if cell.blocks:
        written["blocks"] = _blocks(cell.blocks)
    if cell.box is not None:
        written["box"] = _box(cell.box)
    if cell.link:
        written["link"] = cell.link
    return written
