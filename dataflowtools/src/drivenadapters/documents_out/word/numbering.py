"""The lists of one Word document: every list counts for itself."""

from dataflowtools.src.drivenadapters.documents.safe_xml import Element
from dataflowtools.src.drivenadapters.documents_out.office_package import OutPackage
from dataflowtools.src.drivenadapters.documents_out.word.markup import W, make, w

_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml.numbering+xml"
_LEVELS = 9
_INDENT = 360  # twentieths of a point
_BULLETS = ("•", "◦", "▪")
_COUNTS = ("decimal", "lowerLetter", "lowerRoman")


class Numbering:
    """Adds lists; the part is made with the first of them."""

    def __init__(self, package: OutPackage, main_part: str) -> None:
        self._package = package
        self._main_part = main_part
        self._part = next(iter(package.targets(main_part, "numbering").values()), "")
        self._abstract: dict[bool, int] = {}
        self._last: int | None = None

    def add(self, *, ordered: bool, start: int, depth: int) -> int:
        """Add a list and return its id; depth is the level that its items will have."""
        root = self._root()
        if ordered not in self._abstract:
            self._abstract[ordered] = self._define(root, ordered=ordered)
        if self._last is None:
            self._last = max((int(one.get(w("numId"), 0)) for one in root.findall(w("num"))), default=0)
        self._last = number = self._last + 1
        begin = make("lvlOverride", make("startOverride", val=start), ilvl=depth) if ordered else None
        root.append(make("num", make("abstractNumId", val=self._abstract[ordered]), begin, numId=number))
        return number

    def _root(self) -> Element:
        if self._part not in self._package:
            self._part = self._package.fresh_name("word/numbering{}.xml", first="")
            self._package.put(self._part, f'<w:numbering xmlns:w="{W}"/>'.encode())
            self._package.set_type(self._part, _TYPE)
            self._package.relate(self._main_part, "numbering", self._part)
        return self._package.change(self._part)

    def _define(self, root: Element, *, ordered: bool) -> int:
        found = root.findall(w("abstractNum"))
        identity = 1 + max((int(one.get(w("abstractNumId"), 0)) for one in found), default=0)
        levels = [_level(depth, ordered=ordered) for depth in range(_LEVELS)]
        abstract = make(
            "abstractNum", make("multiLevelType", val="hybridMultilevel"), *levels, abstractNumId=identity
        )
        root.insert(len(found), abstract)  # before every w:num
        return identity


def text_indent(depth: int) -> int:
    """Say where the text of items of a level begins, in twentieths of a point."""
    return _INDENT * (depth + 1) * 2 - _INDENT


def _level(depth: int, *, ordered: bool) -> Element:
    kinds = _COUNTS if ordered else _BULLETS
    shown = kinds[depth % len(kinds)]
    return make(
        "lvl",
        make("start", val=1),
        make("numFmt", val=shown if ordered else "bullet"),
        make("lvlText", val=f"%{depth + 1}." if ordered else shown),
        make("lvlJc", val="left"),
        make("pPr", make("ind", left=text_indent(depth), hanging=_INDENT)),
        ilvl=depth,
    )
