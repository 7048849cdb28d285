"""Renders a document as it was asked for, as JSON: an object of blocks, or a string."""

import json
from collections.abc import Callable, Mapping

from dataflowtools.src.logics.file.documents.model import Document
from dataflowtools.src.logics.file.documents.render_html import render_html
from dataflowtools.src.logics.file.documents.render_json import render_json
from dataflowtools.src.logics.file.documents.render_markdown import render_markdown
from dataflowtools.src.logics.file.documents.render_text import render_text

_TEXTS: Mapping[str, Callable[[Document], str]] = {
    "markdown": render_markdown,
    "text": render_text,
    "html": render_html,
}


def render(document: Document, target: str) -> bytes:
    """Render for one of the targets of `options.TARGETS`."""
    if target == "json":
        return render_json(document)
    return json.dumps(_TEXTS[target](document), ensure_ascii=False).encode(errors="replace")
