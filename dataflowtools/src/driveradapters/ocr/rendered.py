"""An extraction in the form that was asked for, as bytes."""

from dataflowtools.src.driveradapters.ocr.models import Output
from dataflowtools.src.driveradapters.ocr.replies import extract_reply
from dataflowtools.src.logics.ocr.model import Extraction
from dataflowtools.src.logics.ocr.render_text import render_hocr, render_markdown, render_text
from servicekit.http import encode_json

_TEXTS = {
    "text": ("text/plain", render_text),
    "markdown": ("text/markdown", render_markdown),
    "hocr": ("text/html", render_hocr),
}


def rendered(output: Output, found: Extraction) -> tuple[str, bytes]:
    """Give the content type and the bytes; takes a while for many pages."""
    if output == "json":
        return "application/json", encode_json(extract_reply(found))
    if output == "pdf":
        return "application/pdf", found.pdf or b""
    media_type, render = _TEXTS[output]
    return f"{media_type}; charset=utf-8", render(found.pages).encode()
