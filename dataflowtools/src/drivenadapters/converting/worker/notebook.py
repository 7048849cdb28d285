"""A Jupyter notebook as Markdown: its texts, its code, and what the code printed and drew; nothing of it is run."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from dataflowtools.src.errors import CorruptFile

_PICTURES = ("image/png", "image/jpeg", "image/gif", "image/webp")
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")
_ATTACHED = re.compile(r"\(attachment:([^)\s]+)\)")
_BASE64 = re.compile(r"[A-Za-z0-9+/=\s]+")


def as_markdown(data: bytes) -> str:
    """Write the cells one after another; raises CorruptFile."""
    try:
        notebook = json.loads(data)
        cells = notebook["cells"]
        language = str(notebook.get("metadata", {}).get("language_info", {}).get("name", "python"))
        return "\n\n".join(part for cell in cells for part in _cell(cell, language))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as exc:
        raise CorruptFile("The file is no Jupyter notebook of version 4.") from exc


def _cell(cell: Mapping[str, Any], language: str) -> Iterator[str]:
    source = _joined(cell.get("source", ""))
    match cell["cell_type"]:
        case "markdown":
            yield _ATTACHED.sub(lambda found: _attached(cell, found), source)
        case "code":
            yield _fenced(source, language)
            for output in cell.get("outputs", ()):
                yield from _output(output)
        case _:
            yield _fenced(source, "")


def _output(output: Mapping[str, Any]) -> Iterator[str]:
    bundle = output.get("data", {})
    drawn = next((kind for kind in _PICTURES if kind in bundle), "")
    if drawn:
        yield _picture(drawn, _joined(bundle[drawn]))
    elif "text/markdown" in bundle:
        yield _joined(bundle["text/markdown"])
    else:
        said = output.get("text") or bundle.get("text/plain") or output.get("traceback") or ""
        text = "\n".join(said) if "traceback" in output and isinstance(said, list) else _joined(said)
        if text:
            yield _fenced(_COLOURS.sub("", text), "")


def _attached(cell: Mapping[str, Any], found: re.Match[str]) -> str:
    bundle = cell.get("attachments", {}).get(found[1], {})
    kind = next((kind for kind in _PICTURES if kind in bundle), "")
    return f"(data:{kind};base64,{_data(bundle[kind])})" if kind else found[0]


def _picture(kind: str, data: str) -> str:
    return f"![](data:{kind};base64,{_data(data)})"


def _data(text: Any) -> str:
    joined = _joined(text)
    if not _BASE64.fullmatch(joined):
        raise ValueError("a picture that is no base64")
    return "".join(joined.split())


def _joined(text: Any) -> str:
    return "".join(text) if isinstance(text, list) else str(text)


def _fenced(text: str, language: str) -> str:
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    name = language if language.isalnum() else ""
    return f"{fence}{name}\n{text.rstrip()}\n{fence}"
