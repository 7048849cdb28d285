"""Where new content goes in a Word document: at a number, beside a text, under a heading, at a bookmark."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from dataflowtools.src.drivenadapters.documents.safe_xml import Element
from dataflowtools.src.drivenadapters.documents_out.word.markup import w
from dataflowtools.src.drivenadapters.documents_out.word.replace_text import text_of
from dataflowtools.src.errors import InvalidEdit

_SHOWN = 30
_LEVELS = 9
Order = Mapping[str, Any]


def place_of(order: Order, blocks: Sequence[Element], is_heading: Callable[[str], bool]) -> int:
    """Return the number of the block before which the content goes; InvalidEdit when there is no such place.

    A style's id tells whether paragraphs of it are headings.
    """
    if "at" in order:
        return min(int(order["at"]), len(blocks))
    if "under" in order:
        return _under(order["under"], blocks, is_heading)
    if "bookmark" in order:
        return _at_bookmark(order["bookmark"], blocks)
    wanted = order.get("before") or order.get("after") or ""
    for number, block in enumerate(blocks):
        if any(wanted in text_of(paragraph) for paragraph in block.iter(w("p"))):
            return number if "before" in order else number + 1
    raise InvalidEdit(f"No paragraph holds the text {wanted[:60]!r}.")


def _under(title: str, blocks: Sequence[Element], is_heading: Callable[[str], bool]) -> int:
    known: dict[str, int] = {}
    for number, block in enumerate(blocks):
        if block.tag == w("p") and _is_heading(block, is_heading):
            known.setdefault(text_of(block).strip(), number)
    if title.strip() not in known:
        shown = ", ".join(repr(one[:60]) for one in list(known)[:_SHOWN]) or "none"
        raise InvalidEdit(f"There is no heading {title[:60]!r}; there are {shown}.")
    return known[title.strip()] + 1


def _is_heading(paragraph: Element, is_heading: Callable[[str], bool]) -> bool:
    properties = paragraph.find(w("pPr"))
    if properties is None:
        return False
    own = properties.find(w("outlineLvl"))
    style = properties.find(w("pStyle"))
    if own is not None and int(own.get(w("val"), _LEVELS)) < _LEVELS:
        return True
    return style is not None and is_heading(str(style.get(w("val"))))


def _at_bookmark(name: str, blocks: Sequence[Element]) -> int:
    known: dict[str, int] = {}
    for number, block in enumerate(blocks):
        for mark in block.iter(w("bookmarkStart")):
            known.setdefault(str(mark.get(w("name"))), number)
    if name not in known:
        shown = ", ".join(repr(one) for one in list(known)[:_SHOWN] if not one.startswith("_")) or "none"
        raise InvalidEdit(f"There is no bookmark {name[:60]!r}; there are {shown}.")
    return known[name] + 1
