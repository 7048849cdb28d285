"""Page set-up, headers and footers of Word documents."""

import re
from collections.abc import Sequence

from lxml import etree

from dataflowtools.src.drivenadapters.documents.safe_xml import Element
from dataflowtools.src.drivenadapters.documents_out.paper import Paper
from dataflowtools.src.drivenadapters.documents_out.word.body import WordTarget, body_elements
from dataflowtools.src.drivenadapters.documents_out.word.markup import R, make, text_elements, w
from dataflowtools.src.logics.file.documents import model

_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml.{}+xml"
_FIELDS = re.compile(r"(\{page\}|\{pages\})")
_TWIPS_A_POINT = 20
_AFTER_TITLE_PAGE = {w(name) for name in ("textDirection", "bidi", "rtlGutter", "docGrid", "printerSettings")}
Margin = str | Sequence[model.Block]


def section_properties(paper: Paper) -> Element:
    """Make w:sectPr."""
    across, down = round(paper.width * _TWIPS_A_POINT), round(paper.height * _TWIPS_A_POINT)
    size = make("pgSz", w=across, h=down, orient="landscape" if paper.width > paper.height else None)
    edges = {
        side: round(getattr(paper, side) * _TWIPS_A_POINT) for side in ("top", "right", "bottom", "left")
    }
    return make("sectPr", size, make("pgMar", **edges, header=708, footer=708, gutter=0))


def set_margin_text(
    target: WordTarget, section: Element, place: str, content: Margin, kind: str = "default"
) -> None:
    """Put a header or footer into a section; one that the section has is written anew in a part of its own."""
    part = target.package.fresh_name(f"word/{place}{{}}.xml")
    root = make("hdr" if place == "header" else "ftr")
    target.package.put(part, b"")  # the name is taken from here on
    target.package.set_type(part, _TYPE.format(place))
    root.extend(_elements(content, target.at(part), place))
    target.package.put(part, etree.tostring(root, xml_declaration=True, encoding="UTF-8", standalone=True))
    for old in section.findall(w(f"{place}Reference")):
        if old.get(w("type")) == kind:
            section.remove(old)
    reference = make(f"{place}Reference", type=kind)
    reference.set(f"{{{R}}}id", target.package.relate(target.part, place, part))
    section.insert(0, reference)
    if kind == "first" and section.find(w("titlePg")) is None:
        following = [one for one in section if one.tag in _AFTER_TITLE_PAGE]
        section.insert(section.index(following[0]) if following else len(section), make("titlePg"))


def _elements(content: Margin, target: WordTarget, place: str) -> list[Element]:
    if not isinstance(content, str):
        return body_elements(content, target) or [make("p")]
    paragraph = make(
        "p", make("pPr", make("pStyle", val=target.styles.find(place)), make("jc", val="center"))
    )
    for part in _FIELDS.split(content):
        if part in {"{page}", "{pages}"}:
            paragraph.append(_field("PAGE" if part == "{page}" else "NUMPAGES"))
        elif part:
            paragraph.append(make("r", *text_elements(part)))
    return [paragraph]


def _field(instruction: str) -> Element:
    return make("fldSimple", make("r", *text_elements("1")), instr=instruction)
