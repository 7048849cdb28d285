"""Texts replaced in Word documents, wherever their looks change within; the look of the first letter stays."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from dataflowtools.src.drivenadapters.documents.safe_xml import Element
from dataflowtools.src.drivenadapters.documents_out.word.markup import SPACE, make, text_elements, w

_SHOWN = {w("tab"): "\t", w("br"): "\n", w("cr"): "\n", w("noBreakHyphen"): "\u2011"}
_FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
_LEFT_OUT = {w("p"), w("del"), w("pPr"), w("rPr"), w("instrText"), w("moveFrom")}


def pattern_of(order: Mapping[str, Any]) -> re.Pattern[str]:
    """Make the pattern that finds a text literally."""
    literal = re.escape(order["find"])
    if order.get("whole_words"):
        literal = rf"(?<!\w){literal}(?!\w)"
    return re.compile(literal, 0 if order.get("match_case", True) else re.IGNORECASE)


def replace_in(root: Element, pattern: re.Pattern[str], text: str, most: int) -> int:
    """Replace in every paragraph below and return how often; at most so many times.

    What old programs are shown in the place of a drawing is changed with it and counts no second time.
    """
    done = 0
    for paragraph in list(root.iter(w("p"))):
        if next(paragraph.iterancestors(_FALLBACK), None) is not None:
            _replace(paragraph, pattern, text, most)
        elif done < most:
            done += _replace(paragraph, pattern, text, most - done)
    return done


def text_of(paragraph: Element) -> str:
    """Read a paragraph's text as `replace_in` sees it."""
    return "".join(shown for _, shown in _pieces(paragraph))


def _pieces(node: Element) -> Iterator[tuple[Element, str]]:
    for child in node:
        if child.tag == w("t"):
            yield child, child.text or ""
        elif child.tag in _SHOWN:
            yield child, _SHOWN[child.tag]
        elif child.tag not in _LEFT_OUT:
            yield from _pieces(child)


def _replace(paragraph: Element, pattern: re.Pattern[str], text: str, most: int) -> int:
    pieces = list(_pieces(paragraph))
    whole = "".join(shown for _, shown in pieces)
    found = [match.span() for match in pattern.finditer(whole)][:most]
    for start, end in reversed(found):
        _put(pieces, start, end, text)
        pieces = list(_pieces(paragraph))
    return len(found)


def _put(pieces: list[tuple[Element, str]], start: int, end: int, text: str) -> None:
    """Write the new text into the first piece that the old one touches, and take the rest away."""
    place, waiting = 0, text
    for element, shown in pieces:
        first, last = max(start - place, 0), min(end - place, len(shown))
        place += len(shown)
        if first >= last:
            continue
        kept = shown[:first] + waiting + shown[last:]
        waiting = ""
        if element.tag == w("t"):
            _set(element, kept)
        elif kept:
            new = make("t")
            element.getparent().replace(element, new)
            _set(new, kept)
        else:
            element.getparent().remove(element)


def _set(element: Element, text: str) -> None:
    made = text_elements(text)
    if len(made) == 1 and made[0].tag == w("t"):
        element.text = made[0].text
        element.set(SPACE, "preserve")
        return
    if not made:
        element.text = ""
        return
    parent = element.getparent()
    place = parent.index(element)
    parent[place : place + 1] = made
