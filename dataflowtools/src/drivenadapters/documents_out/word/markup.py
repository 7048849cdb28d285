"""The little of WordprocessingML that everything here is built of."""

from typing import Any

from lxml import etree

from dataflowtools.src.drivenadapters.documents.safe_xml import Element

W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
R = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
WP = "http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing"
A = "http://schemas.openxmlformats.org/drawingml/2006/main"
PIC = "http://schemas.openxmlformats.org/drawingml/2006/picture"
SPACE = "{http://www.w3.org/XML/1998/namespace}space"
NAMESPACES = {"w": W, "r": R, "wp": WP, "a": A, "pic": PIC}
_USUAL = {"w": W, "r": R}  # what documents of all programs declare once at their root
# What the schema says of the order within w:pPr and w:rPr; Word may refuse a document that ignores it.
_SCHEMA_ORDER = (
    "pStyle", "keepNext", "keepLines", "pageBreakBefore", "numPr", "pBdr", "shd", "tabs", "spacing", "ind",
    "contextualSpacing", "jc", "outlineLvl", "rStyle", "rFonts", "b", "bCs", "i", "iCs", "strike", "color", "sz",
    "szCs", "highlight", "u", "vertAlign", "rtl", "lang", "rPr", "sectPr",
)  # fmt: skip
_ORDER = {name: place for place, name in enumerate(_SCHEMA_ORDER)}
_CONTROL = {code: None for code in range(32) if code not in (9, 10, 13)} | {0xFFFE: None, 0xFFFF: None}


def w(name: str) -> str:
    """Name an element or attribute of Word's own namespace."""
    return f"{{{W}}}{name}"


def make(tag: str, /, *children: Element | None, **attributes: Any) -> Element:
    """Make an element of Word's namespace; attributes of None are left out, and so are children."""
    element = etree.Element(w(tag), nsmap=_USUAL)
    for key, value in attributes.items():
        if value is not None:
            element.set(w(key), str(value))
    element.extend([child for child in children if child is not None])
    return element


def put_in_order(properties: Element) -> None:
    """Sort the properties of a paragraph or run; what is not ours keeps its place at the front."""
    properties[:] = sorted(properties, key=lambda one: _ORDER.get(str(one.tag).rpartition("}")[2], -1))


def legal(text: str) -> str:
    """Drop what XML cannot hold."""
    return text.translate(_CONTROL).encode("utf-8", "replace").decode()


def text_elements(text: str) -> list[Element]:
    """Write a text as w:t, with breaks for line ends and tabs."""
    found: list[Element] = []
    for number, line in enumerate(legal(text).replace("\r\n", "\n").replace("\r", "\n").split("\n")):
        if number:
            found.append(make("br"))
        for place, part in enumerate(line.split("\t")):
            if place:
                found.append(make("tab"))
            if part:
                element = make("t")
                element.text = part
                if part != part.strip() or "  " in part:
                    element.set(SPACE, "preserve")
                found.append(element)
    return found


def plain_paragraph(text: str, style: str | None = None) -> Element:
    """Make a paragraph of one run."""
    properties = make("pPr", make("pStyle", val=style)) if style else None
    return make("p", properties, make("r", *text_elements(text)))
