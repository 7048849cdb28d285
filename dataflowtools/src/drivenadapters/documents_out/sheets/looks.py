"""The looks of cells in a workbook's styles part: added, never changed, so that other cells keep theirs."""

import copy
from collections.abc import Mapping
from typing import Any

from lxml import etree

from dataflowtools.src.drivenadapters.documents.safe_xml import Element
from dataflowtools.src.drivenadapters.documents_out.office_package import OutPackage
from dataflowtools.src.drivenadapters.documents_out.sheets.cells import checked_format
from dataflowtools.src.errors import InvalidEdit

S = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_FIRST_OWN_FORMAT = 164
_FONT_ORDER = ("b", "i", "strike", "u", "sz", "color", "name", "family", "scheme")
_BUILT_IN_FORMATS = {"0": 1, "0.00": 2, "#,##0": 3, "#,##0.00": 4, "0%": 9, "0.00%": 10}


def s(name: str) -> str:
    """Name an element of SpreadsheetML."""
    return f"{{{S}}}{name}"


class Looks:
    """Finds the number of a look: what a cell had, and what is to change of it."""

    def __init__(self, package: OutPackage, workbook: str) -> None:
        self._package = package
        self._part = next(iter(package.targets(workbook, "styles").values()), "")
        self._known: dict[tuple[int, str], int] = {}

    def index(self, base: int, style: Mapping[str, Any]) -> int:
        """Return the number of the look `base` with the style laid over it."""
        key = (base, repr(sorted(style.items())))
        if key not in self._known:
            self._known[key] = self._add(base, style)
        return self._known[key]

    def date(self, base: int, *, with_time: bool) -> int:
        """Return the number of a look that shows a date."""
        return self.index(base, {"number_format": "yyyy-mm-dd hh:mm:ss" if with_time else "yyyy-mm-dd"})

    def _add(self, base: int, style: Mapping[str, Any]) -> int:
        if self._part not in self._package:
            raise InvalidEdit("The workbook has no styles to add a look to.")
        root = self._package.change(self._part)
        looks = root.find(s("cellXfs"))
        if looks is None or base >= len(looks):
            raise InvalidEdit("The workbook's styles are broken.")
        look = copy.deepcopy(looks[base])
        parts = {"fontId": _font, "fillId": _fill, "borderId": _border}
        lists = {"fontId": "fonts", "fillId": "fills", "borderId": "borders"}
        for attribute, make in parts.items():
            found = root.find(s(lists[attribute]))
            made = make(found[int(look.get(attribute, 0))], style)
            if made is not None:
                found.append(made)
                found.set("count", str(len(found)))
                look.set(attribute, str(len(found) - 1))
                look.set(f"apply{attribute.removesuffix('Id').capitalize()}", "1")
        if style.get("number_format"):
            look.set("numFmtId", str(_number_format(root, checked_format(style["number_format"]))))
            look.set("applyNumberFormat", "1")
        _align(look, style)
        looks.append(look)
        looks.set("count", str(len(looks)))
        return len(looks) - 1


def _font(base: Element, style: Mapping[str, Any]) -> Element | None:
    if not style.keys() & {"bold", "italic", "underline", "struck", "color", "size", "font"}:
        return None
    font = copy.deepcopy(base)
    for name, tag in (("bold", "b"), ("italic", "i"), ("struck", "strike"), ("underline", "u")):
        if name in style:
            _set(font, tag, {} if style[name] else None)
    if style.get("color"):
        _set(font, "color", {"rgb": f"FF{style['color'].lstrip('#').upper()}"})
    if style.get("size"):
        _set(font, "sz", {"val": f"{style['size']:g}"})
    if style.get("font"):
        _set(font, "name", {"val": style["font"]})
        _set(font, "scheme", None)
    font[:] = sorted(font, key=lambda one: _place(etree.QName(one).localname))
    return font


def _place(name: str) -> int:
    return _FONT_ORDER.index(name) if name in _FONT_ORDER else len(_FONT_ORDER)


def _set(parent: Element, tag: str, attributes: Mapping[str, str] | None) -> None:
    for old in parent.findall(s(tag)):
        parent.remove(old)
    if attributes is not None:
        etree.SubElement(parent, s(tag), dict(attributes))


def _fill(_: Element, style: Mapping[str, Any]) -> Element | None:
    if not style.get("background"):
        return None
    fill = etree.Element(s("fill"))
    pattern = etree.SubElement(fill, s("patternFill"), patternType="solid")
    etree.SubElement(pattern, s("fgColor"), rgb=f"FF{style['background'].lstrip('#').upper()}")
    etree.SubElement(pattern, s("bgColor"), indexed="64")
    return fill


def _border(_: Element, style: Mapping[str, Any]) -> Element | None:
    if "border" not in style:
        return None
    border = etree.Element(s("border"))
    for side in ("left", "right", "top", "bottom", "diagonal"):
        edge = etree.SubElement(border, s(side))
        if style["border"] and side != "diagonal":
            edge.set("style", "thin")
            etree.SubElement(edge, s("color"), auto="1")
    return border


def _number_format(root: Element, code: str) -> int:
    if code in _BUILT_IN_FORMATS:
        return _BUILT_IN_FORMATS[code]
    formats = root.find(s("numFmts"))
    if formats is None:
        formats = etree.Element(s("numFmts"))
        root.insert(0, formats)
    for entry in formats:
        if entry.get("formatCode") == code:
            return int(entry.get("numFmtId"))
    number = max((int(entry.get("numFmtId")) for entry in formats), default=_FIRST_OWN_FORMAT - 1) + 1
    number = max(number, _FIRST_OWN_FORMAT)
    etree.SubElement(formats, s("numFmt"), numFmtId=str(number), formatCode=code)
    formats.set("count", str(len(formats)))
    return number


def _align(look: Element, style: Mapping[str, Any]) -> None:
    if not style.keys() & {"align", "valign", "wrap"}:
        return
    alignment = look.find(s("alignment"))
    if alignment is None:
        alignment = etree.Element(s("alignment"))
        look.insert(0, alignment)
    if style.get("align"):
        alignment.set("horizontal", style["align"])
    if style.get("valign"):
        alignment.set("vertical", style["valign"])
    if "wrap" in style:
        alignment.set("wrapText", "1" if style["wrap"] else "0")
    look.set("applyAlignment", "1")
