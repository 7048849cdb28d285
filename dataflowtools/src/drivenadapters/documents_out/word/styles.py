"""The styles of one Word document, found by name and added where they lack."""

import copy
from collections.abc import Mapping
from typing import Any

from dataflowtools.src.drivenadapters.documents.safe_xml import Element
from dataflowtools.src.drivenadapters.documents_out.office_package import OutPackage
from dataflowtools.src.drivenadapters.documents_out.word.base_styles import base_styles
from dataflowtools.src.drivenadapters.documents_out.word.markup import make, put_in_order, w
from dataflowtools.src.errors import InvalidContent

_STYLES_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml.styles+xml"


class Styles:
    """Knows the ids of styles by their names, in any case."""

    def __init__(self, package: OutPackage, main_part: str) -> None:
        self._package = package
        self._part = next(iter(package.targets(main_part, "styles").values()), "")
        if self._part not in package:
            self._part = package.fresh_name("word/styles{}.xml", first="")
            package.put(self._part, b'<w:styles xmlns:w="%s"/>' % w("")[1:-1].encode())
            package.set_type(self._part, _STYLES_TYPE)
            package.relate(main_part, "styles", self._part)
        self._ids: dict[tuple[str, str], str] = {}
        self._headings: set[str] = set()
        for style in package.look(self._part).findall(w("style")):
            self._learn(style)
        self._base: dict[tuple[str, str], Element] = {}

    def _learn(self, style: Element) -> None:
        kind, identity = str(style.get(w("type"))), str(style.get(w("styleId")))
        name = style.find(w("name"))
        self._ids.setdefault((kind, identity.casefold()), identity)
        if name is not None:
            self._ids[kind, str(name.get(w("val"))).casefold()] = identity
            if str(name.get(w("val"))).casefold().startswith("heading "):
                self._headings.add(identity)
        if style.find(f"{w('pPr')}/{w('outlineLvl')}") is not None:
            self._headings.add(identity)

    def is_heading(self, identity: str) -> bool:
        """Whether paragraphs of a style are headings."""
        return identity in self._headings

    def find(self, name: str, kind: str = "paragraph") -> str:
        """Return a style's id; one of ours is added where the document lacks it. InvalidContent if unknown."""
        found = self._ids.get((kind, name.casefold()))
        if found is not None:
            return found
        if not self._base:
            self._base = {_key(style): style for style in base_styles().findall(w("style"))}
        ours = self._base.get((kind, name.casefold()))
        if ours is None:
            known = sorted({one for one_kind, one in self._ids if one_kind == kind})
            raise InvalidContent(
                f"There is no {kind} style {name[:60]!r}; there are {', '.join(known)[:500]}."
            )
        self._package.change(self._part).append(copy.deepcopy(ours))
        self._learn(ours)
        return str(ours.get(w("styleId")))

    def restyle(self, looks: Mapping[str, Mapping[str, Any]]) -> None:
        """Change styles by name, and add those that are not there."""
        for name, look in looks.items():
            try:
                identity = self.find(name)
            except InvalidContent:
                identity = self._add(name)
            root = self._package.change(self._part)
            style = next(one for one in root.findall(w("style")) if one.get(w("styleId")) == identity)
            _set_look(style, look)

    def _add(self, name: str) -> str:
        identity = (
            "Own" + "".join(sign for sign in name if sign.isascii() and sign.isalnum()) + str(len(self._ids))
        )
        style = make("style", make("name", val=name), type="paragraph", styleId=identity, customStyle=1)
        style.append(make("basedOn", val=self.find("Normal")))
        self._package.change(self._part).append(style)
        self._learn(style)
        return identity


def _key(style: Element) -> tuple[str, str]:
    return str(style.get(w("type"))), str(style.find(w("name")).get(w("val"))).casefold()


def _set_look(style: Element, look: Mapping[str, Any]) -> None:
    own, runs = _child(style, "pPr"), _child(style, "rPr")
    spacing = {"space_before": ("before", 20), "space_after": ("after", 20), "line_spacing": ("line", 240)}
    for field, (attribute, factor) in spacing.items():
        if look.get(field) is not None:
            _child(own, "spacing").set(w(attribute), str(round(look[field] * factor)))
    if look.get("line_spacing"):
        _child(own, "spacing").set(w("lineRule"), "auto")
    if look.get("align"):
        _child(own, "jc").set(w("val"), "both" if look["align"] == "justify" else look["align"])
    for element in run_look(look):
        for old in runs.findall(element.tag):
            runs.remove(old)
        runs.append(element)
    put_in_order(own)
    put_in_order(runs)


def _child(parent: Element, name: str) -> Element:
    found = parent.find(w(name))
    if found is None:
        found = make(name)
        parent.append(found)
    return found


def run_look(look: Mapping[str, Any]) -> list[Element]:
    """Make the elements of w:rPr in the order that the schema asks for."""
    found: list[Element] = []
    if look.get("font"):
        font = look["font"]
        found.append(make("rFonts", ascii=font, hAnsi=font, eastAsia=font, cs=font))
    for name, tag in (("bold", "b"), ("italic", "i"), ("struck", "strike")):
        if look.get(name) is not None:
            found.append(make(tag, val=None if look[name] else 0))
    if look.get("color"):
        found.append(make("color", val=look["color"].lstrip("#").upper()))
    if look.get("size"):
        found += [make("sz", val=round(look["size"] * 2)), make("szCs", val=round(look["size"] * 2))]
    if look.get("underline"):
        found.append(make("u", val="single"))
    if look.get("script"):
        found.append(make("vertAlign", val="superscript" if look["script"] == "super" else "subscript"))
    return found
