"""The representations of one value: its own, its library's, and always plain text."""

from __future__ import annotations

import base64
import re
import sys
from typing import TYPE_CHECKING, Any, Final

from coderunner.guest.language.caution import attempt, clean_text, text_of
from coderunner.guest.language.values import to_json

if TYPE_CHECKING:
    from collections.abc import Callable

Bundle = tuple[dict[str, Any], dict[str, Any]]

_METHODS: Final = {
    "_repr_html_": "text/html",
    "_repr_markdown_": "text/markdown",
    "_repr_svg_": "image/svg+xml",
    "_repr_png_": "image/png",
    "_repr_jpeg_": "image/jpeg",
    "_repr_latex_": "text/latex",
    "_repr_json_": "application/json",
    "_repr_javascript_": "application/javascript",
    "_repr_pdf_": "application/pdf",
}
_BINARY: Final = frozenset({"image/png", "image/jpeg", "application/pdf", "image/gif", "image/webp"})
_SCRIPT: Final = re.compile(r"<script|\bon\w+\s*=|javascript:", re.IGNORECASE)
_FRAMED: Final = frozenset({"text/html", "image/svg+xml", "text/markdown", "application/javascript"})
_REPRESENTATION_BYTES: Final = 8_000_000
_PLAIN_KINDS: Final = (int, float, complex, str, bytes, bool, list, tuple, dict, set, frozenset, type(None))


def bundle_of(value: Any) -> Bundle:
    """All representations of a value with their metadata; never raises."""
    if type(value) in _PLAIN_KINDS:
        return {"text/plain": text_of(value)}, {}
    data, metadata = attempt(lambda: _library_bundle(value), None) or ({}, {})
    if not data:
        data, metadata = _own_bundle(value)
    data = {mime: fitted for mime, content in data.items() if (fitted := _fitted(mime, content)) is not None}
    data.setdefault("text/plain", text_of(value))
    _mark(data, metadata)
    return data, metadata


def mark_framed(data: dict[str, Any]) -> dict[str, Any]:
    """Metadata that asks readers to show active content in a sandboxed frame, and notes whether it has scripts."""
    metadata: dict[str, Any] = {}
    _mark(data, metadata)
    return metadata


def _mark(data: dict[str, Any], metadata: dict[str, Any]) -> None:
    for mime in _FRAMED & data.keys():
        content = data[mime]
        noted = metadata.get(mime)
        scripts = mime == "application/javascript" or (
            isinstance(content, str) and _SCRIPT.search(content) is not None
        )
        metadata[mime] = {**(noted if isinstance(noted, dict) else {}), "isolated": True, "scripts": scripts}


def _library_bundle(value: Any) -> Bundle | None:
    for base in type.mro(type(value)):
        home = type.__getattribute__(base, "__module__")
        root = home.partition(".")[0] if type(home) is str else ""
        if root in _LIBRARIES and root in sys.modules:
            from coderunner.guest.language import library_bundles

            return library_bundles.bundle(value, root)
    return None


_LIBRARIES: Final = frozenset(
    ["pandas", "numpy", "matplotlib", "PIL", "plotly", "altair", "bokeh", "sympy", "polars", "pyarrow"]
)


# --- what the value says of itself ---


def _own_bundle(value: Any) -> Bundle:
    if isinstance(value, type):
        return {}, {}
    whole = attempt(lambda: _mimebundle(value), None)
    if whole:
        return whole
    data: dict[str, Any] = {}
    metadata: dict[str, Any] = {}
    for method, mime in _METHODS.items():
        content = attempt(lambda method=method: _ask(value, method), None)  # type: ignore[misc]
        if isinstance(content, tuple) and len(content) == 2 and isinstance(content[1], dict):
            content, extra = content
            metadata[mime] = to_json(extra, 10_000)[0]
        if content is not None:
            data[mime] = content
    return data, metadata


def _ask(value: Any, method: str) -> Any:
    if not hasattr(type(value), method):
        return None
    return getattr(value, method)()


def _mimebundle(value: Any) -> Bundle | None:
    if not hasattr(type(value), "_repr_mimebundle_"):
        return None
    answer: Any = _call_mimebundle(value._repr_mimebundle_)
    metadata: Any = {}
    if isinstance(answer, tuple) and len(answer) == 2:
        answer, metadata = answer
    if not isinstance(answer, dict) or not answer:
        return None
    data = {
        str.__str__(mime): content
        for mime, content in dict.items(answer)
        if isinstance(mime, str) and "/" in mime
    }
    noted = to_json(metadata, 50_000)[0]
    return data, noted if isinstance(noted, dict) else {}


def _call_mimebundle(method: Callable[..., Any]) -> Any:
    try:
        return method(include=None, exclude=None)
    except TypeError:
        return method()


def _fitted(mime: str, content: Any) -> Any:
    """Content as nbformat wants it: text, base64 text, or JSON for JSON types; None leaves it out."""
    if isinstance(content, (bytes, bytearray, memoryview)):
        content = (
            base64.b64encode(bytes(content)).decode("ascii")
            if mime in _BINARY
            else bytes(content).decode("utf-8", "replace")
        )
    if _is_json(mime):
        mapped, cut = to_json(content, _REPRESENTATION_BYTES)
        return None if cut else mapped
    if not isinstance(content, str) or len(content) > _REPRESENTATION_BYTES:
        return None
    return clean_text(content, _REPRESENTATION_BYTES)


def _is_json(mime: str) -> bool:
    return mime == "application/json" or mime.endswith("+json")
