"""Styles of Word documents: which of them are headings, and which number their paragraphs."""

import re
from dataclasses import dataclass

from dataflowtools.src.drivenadapters.documents.docx_numbering import W
from dataflowtools.src.drivenadapters.documents.safe_xml import Element, whole

_HEADING = re.compile(
    r"heading\s*([1-9])$|标题\s*([1-9])$|überschrift\s*([1-9])$|titre\s*([1-9])$", re.IGNORECASE
)
_TITLES = {"title": 1, "标题": 1, "subtitle": 2, "副标题": 2}
_NESTED = re.compile(r"list (?:bullet|number|continue)? ?([2-5])$", re.IGNORECASE)
_MAX_PARENTS = 20
_CODE = re.compile(r"^(html preformatted|source code|code|preformatted text|plain text)$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Style:
    """What a paragraph style says about structure."""

    level: int | None = None
    list_number: str | None = None
    list_depth: int = 0
    nesting: int = 0
    quote: bool = False
    code: bool = False


class Styles:
    """The styles of a document by id."""

    def __init__(self, root: Element | None) -> None:
        entries = () if root is None else root.iterfind(W + "style")
        self._entries = {entry.get(W + "styleId", ""): entry for entry in entries}
        self._known: dict[str, Style] = {}

    def style(self, name: str) -> Style:
        """Look a style up, with what it inherits."""
        if name not in self._known:
            self._known[name] = self._resolve(name, 0)
        return self._known[name]

    def _resolve(self, name: str, parents: int) -> Style:
        entry = self._entries.get(name)
        if entry is None or parents > _MAX_PARENTS:
            return Style()
        based = entry.find(W + "basedOn")
        base = Style() if based is None else self._resolve(based.get(W + "val", ""), parents + 1)
        shown = entry.find(W + "name")
        label = "" if shown is None else shown.get(W + "val", "")
        number = entry.find(f"{W}pPr/{W}numPr/{W}numId")
        depth = entry.find(f"{W}pPr/{W}numPr/{W}ilvl")
        return Style(
            level=_level(label, entry.find(f"{W}pPr/{W}outlineLvl"), base.level),
            list_number=base.list_number if number is None else number.get(W + "val"),
            list_depth=base.list_depth if depth is None else whole(depth.get(W + "val"), 0),
            nesting=_nesting(label, base.nesting),
            quote=base.quote or "quote" in label.lower(),
            code=base.code or _CODE.match(label) is not None,
        )


def _nesting(label: str, inherited: int) -> int:
    """Tell how deep a built-in style stands: `List Bullet 2` is a list of its own, shown within the one before."""
    named = _NESTED.match(label)
    return int(named[1]) - 1 if named is not None else inherited


def _level(label: str, outline: Element | None, inherited: int | None) -> int | None:
    named = _HEADING.match(label)
    if named is not None:
        return int(next(group for group in named.groups() if group))
    if label.lower() in _TITLES:
        return _TITLES[label.lower()]
    if outline is None:
        return inherited
    level = outline.get(W + "val", "9")
    return int(level) + 1 if level in "012345678" else None
