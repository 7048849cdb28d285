"""The title of a pandoc document: its own, or what it begins with, but never a name of a file of ours."""

from collections.abc import Iterator
from typing import Any

OURS = "no-title-7f1c2a"  # what our files are called, which pandoc takes for a title where there is none
_LONGEST = 120
_SPACES = frozenset({"Space", "SoftBreak", "LineBreak"})
_TEXTS = frozenset({"Str", "MetaString"})


def titled(tree: dict[str, Any], target: str) -> dict[str, Any]:
    """Take our own name off a document, and name an HTML page and an EPUB by their beginning where nothing does."""
    meta = dict(tree["meta"])
    if _text(meta.get("title")) == OURS:
        del meta["title"]
    own = _text(meta.get("title"))
    title = own or _beginning(tree["blocks"])
    if target == "html":
        meta["pagetitle"] = {"t": "MetaString", "c": title}
    elif target == "epub" and not own:
        meta["title"] = {"t": "MetaString", "c": title}
    return {**tree, "meta": meta}


def _beginning(blocks: list[dict[str, Any]]) -> str:
    headings = (_text(block["c"][2]) for block in blocks if block["t"] == "Header")
    texts = (_text(block.get("c")) for block in blocks if block["t"] in ("Para", "Plain"))
    return next((text for found in (headings, texts) for text in found if text), "Document")[:_LONGEST]


def _text(node: Any) -> str:
    return "".join(_words(node)).strip()


def _words(node: Any) -> Iterator[str]:
    if isinstance(node, list):
        for one in node:
            yield from _words(one)
    elif isinstance(node, dict):
        if node.get("t") in _SPACES:
            yield " "
        elif node.get("t") in _TEXTS:
            yield str(node["c"])
        else:
            yield from _words(node.get("c"))
