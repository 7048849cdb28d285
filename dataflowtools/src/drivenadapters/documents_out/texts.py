"""Documents that are texts: Markdown, HTML and plain text."""

import base64
import io
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Any

from dataflowtools.src.drivenadapters.documents.markdown_handler import MarkdownHandler
from dataflowtools.src.drivenadapters.documents.text_handlers import HtmlHandler, TextHandler
from dataflowtools.src.drivenadapters.documents_out.caveats import Caveats
from dataflowtools.src.drivenadapters.documents_out.from_json import blocks_of
from dataflowtools.src.drivenadapters.documents_out.pictures import Pictures
from dataflowtools.src.errors import InvalidContent
from dataflowtools.src.logics.file.documents import model
from dataflowtools.src.logics.file.documents.handler import Source
from dataflowtools.src.logics.file.documents.options import ReadOptions
from dataflowtools.src.logics.file.documents.render_html import render_html
from dataflowtools.src.logics.file.documents.render_markdown import render_markdown
from dataflowtools.src.logics.file.documents.render_text import render_text


def content_blocks(content: Mapping[str, Any]) -> list[model.Block]:
    """Read the blocks of a request, whether they come as blocks, as Markdown or as text."""
    if "blocks" in content:
        return blocks_of(content["blocks"])
    for kind, ending in (("markdown", "md"), ("text", "txt")):
        if kind in content:
            return blocks_of_text(ending, content[kind])
    raise InvalidContent("Sheets are written to xlsx only.", field="/content")


def blocks_of_text(ending: str, text: str) -> list[model.Block]:
    """Read the blocks of a text in md, html or txt."""
    file = io.BytesIO(text.encode("utf-8", "replace"))
    source = Source(file=file, name=f"a.{ending}", format=ending, scratch=Path())
    handlers = {"md": MarkdownHandler(), "html": HtmlHandler(), "txt": TextHandler()}
    return list(handlers[ending].read(source, ReadOptions(encoding="utf-8")).blocks)


def written_text(
    content: Mapping[str, Any], target: str, title: str, pictures: Pictures, caveats: Caveats
) -> bytes:
    """Write content as md, html or txt; what is in the target's own language already stays as it is."""
    own = content.get({"md": "markdown", "txt": "text"}.get(target, ""))
    if own is not None:
        return str(own).encode("utf-8", "replace")
    blocks = content_blocks(content)
    if target == "txt":
        return render_text(model.Document(blocks=blocks)).encode("utf-8", "replace")
    document = model.Document(blocks=_with_pictures(blocks, pictures, caveats), metadata={"title": title})
    shown = render_markdown(document) if target == "md" else render_html(document)
    return shown.encode("utf-8", "replace")


def _with_pictures(blocks: Sequence[model.Block], pictures: Pictures, caveats: Caveats) -> list[model.Block]:
    """Put the pictures themselves where they are referred to."""
    return [_changed(block, pictures, caveats) for block in blocks]


def _changed(value: Any, pictures: Pictures, caveats: Caveats) -> Any:
    if isinstance(value, model.Picture):
        return _held(value, pictures, caveats)
    if isinstance(value, model.Cell):
        return value._replace(blocks=_changed(value.blocks, pictures, caveats))
    if isinstance(value, (list, tuple)) and not isinstance(value, model.Run):
        return [_changed(one, pictures, caveats) for one in value]
    if is_dataclass(value) and not isinstance(value, type):
        nested = {
            one.name: getattr(value, one.name)
            for one in fields(value)
            if one.name in {"blocks", "items", "rows"}
        }
        return replace(value, **{name: _changed(one, pictures, caveats) for name, one in nested.items()})
    return value


def _held(block: model.Picture, pictures: Pictures, caveats: Caveats) -> model.Block:
    drawn = pictures.find(block)
    if drawn is None:
        message = "A picture that is only referred to was left out; its description stands in its place."
        caveats.add("picture_left_out", message)
        return model.Paragraph(runs=(model.Run(f"[{block.alt or 'picture'}]", italic=True),))
    data = base64.b64encode(drawn.data).decode()
    return replace(block, reference=f"data:{drawn.media_type};base64,{data}")
