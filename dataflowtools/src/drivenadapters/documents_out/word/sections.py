"""Page set-up, headers and footers of Word documents."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from lxml import etree

from dataflowtools.src.drivenadapters.documents.safe_xml import Element
from dataflowtools.src.drivenadapters.documents_out.office_package import OutPackage
from dataflowtools.src.drivenadapters.documents_out.paper import Paper, paper_of
from dataflowtools.src.drivenadapters.documents_out.word.body import WordTarget, body_elements
from dataflowtools.src.drivenadapters.documents_out.word.markup import R, make, text_elements, w
from dataflowtools.src.errors import InvalidEdit
from dataflowtools.src.logics.file.documents import model

_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml.{}+xml"
_FIELDS = re.compile(r"(\{page\}|\{pages\})")
_TWIPS_A_POINT = 20
_LEAST_ROOM = 72 * _TWIPS_A_POINT
_BEFORE_PAPER = {w(name) for name in ("footnotePr", "endnotePr", "type")}
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


def change_paper(section: Element, setup: Mapping[str, Any]) -> None:
    """Change what is said of a section's paper and margins; InvalidEdit when no room for text is left."""
    fresh = section_properties(paper_of({}))
    size, margins = (_own(section, fresh.find(w(name))) for name in ("pgSz", "pgMar"))
    width, height = (int(size.get(w(name), 0)) for name in ("w", "h"))
    lies = width > height
    if "size" in setup:
        paper = paper_of({"size": setup["size"], "margin": 0})
        width, height = round(paper.width * _TWIPS_A_POINT), round(paper.height * _TWIPS_A_POINT)
    lies = setup["orientation"] == "landscape" if "orientation" in setup else lies
    if lies != (width > height):
        width, height = height, width
    size.set(w("w"), str(width))
    size.set(w("h"), str(height))
    size.attrib.pop(w("orient"), None)
    if lies:
        size.set(w("orient"), "landscape")
    for side in ("top", "right", "bottom", "left"):
        points = setup.get("margins", {}).get(side, setup.get("margin"))
        if points is not None:
            margins.set(w(side), str(round(points * _TWIPS_A_POINT)))
    _check_room(width, height, margins)


def _check_room(width: int, height: int, margins: Element) -> None:
    sides = {side: abs(int(margins.get(w(side), 0))) for side in ("top", "right", "bottom", "left")}
    across, down = width - sides["left"] - sides["right"], height - sides["top"] - sides["bottom"]
    if min(across, down) < _LEAST_ROOM:
        raise InvalidEdit("The margins leave no room for text.")


def _own(section: Element, usual: Element) -> Element:
    """Find an entry of a section, or put the usual one where it belongs."""
    found = section.find(usual.tag)
    if found is not None:
        return found
    before = [*section.findall(w("headerReference")), *section.findall(w("footerReference"))]
    before += [one for one in section if one.tag in _BEFORE_PAPER or one.tag == w("pgSz")]
    section.insert(max((section.index(one) + 1 for one in before), default=0), usual)
    return usual


def margin_part(target: WordTarget, place: str, content: Margin) -> str:
    """Write a header or footer into a part of its own, and return the id by which sections refer to it."""
    part = target.package.fresh_name(f"word/{place}{{}}.xml")
    root = make("hdr" if place == "header" else "ftr")
    target.package.put(part, b"")  # the name is taken from here on
    target.package.set_type(part, _TYPE.format(place))
    root.extend(_elements(content, target.at(part), place))
    target.package.put(part, etree.tostring(root, xml_declaration=True, encoding="UTF-8", standalone=True))
    return target.package.relate(target.part, place, part)


def set_margin(section: Element, place: str, relation: str, kind: str = "default") -> None:
    """Have a section show a header or footer, in the place of the one that it showed."""
    for old in section.findall(w(f"{place}Reference")):
        if old.get(w("type")) == kind:
            section.remove(old)
    reference = make(f"{place}Reference", type=kind)
    reference.set(f"{{{R}}}id", relation)
    section.insert(0, reference)
    if kind == "first" and section.find(w("titlePg")) is None:
        following = [one for one in section if one.tag in _AFTER_TITLE_PAGE]
        section.insert(section.index(following[0]) if following else len(section), make("titlePg"))


def drop_unused_margins(package: OutPackage, main: str, place: str, before: set[str]) -> None:
    """Remove the headers or footers that sections showed before and none shows now, with their text."""
    after = shown_margins(package.look(main), place)
    for identity, part in package.targets(main, place).items():
        if identity in before - after:
            package.drop_relation(main, identity)
            if part in package and part not in package.targets(main, place).values():
                package.remove(part)


def shown_margins(root: Element, place: str) -> set[str]:
    """List the ids of the headers or footers that sections refer to."""
    return {str(one.get(f"{{{R}}}id")) for one in root.iter(w(f"{place}Reference"))}


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
