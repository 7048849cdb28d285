"""OpenDocument texts (odt, ott): headings, lists, tables, notes, pictures, headers and footers."""

import re
from collections.abc import Iterator
from typing import Any, ClassVar

from dataflowtools.src.drivenadapters.documents import safe_xml
from dataflowtools.src.drivenadapters.documents.odf import FO, OFFICE, STYLE, TABLE, TEXT, XLINK, odf_metadata
from dataflowtools.src.drivenadapters.documents.safe_xml import Element, local, whole
from dataflowtools.src.drivenadapters.documents.zip_package import ZipPackage
from dataflowtools.src.errors import CorruptFile
from dataflowtools.src.logics.file.documents.handler import DocumentHandler, Source
from dataflowtools.src.logics.file.documents.model import (
    Block,
    BulletList,
    Caveat,
    Cell,
    Document,
    Heading,
    ListItem,
    Note,
    NoteKind,
    Paragraph,
    Picture,
    Region,
    RegionKind,
    Run,
    Table,
    text_of,
)
from dataflowtools.src.logics.file.documents.options import ReadOptions
from dataflowtools.src.logics.file.documents.render_text import blocks_text

_MAX_REPEAT = 200
_CONTAINERS = frozenset(
    ("section", "text-box", "index-body", "table-of-content", "illustration-index", "index-title")
)


class OdtHandler(DocumentHandler):
    """Reads OpenDocument texts."""

    formats: ClassVar[frozenset[str]] = frozenset({"odt", "ott"})

    def read(self, source: Source, options: ReadOptions) -> Document:
        """Read body, notes, headers and footers."""
        del options
        package = ZipPackage(source.file)
        if "content.xml" not in package:
            raise CorruptFile("The package lacks its content.xml.")
        content = safe_xml.parse(package.read("content.xml"), "The part content.xml")
        body = content.find(f"{OFFICE}body/{OFFICE}text")
        if body is None:
            raise CorruptFile("The document has no text.")
        styles = None
        if "styles.xml" in package:
            styles = safe_xml.parse(package.read("styles.xml"), "The part styles.xml")
        walk = _Walk(content, styles)
        blocks = [*walk.blocks(body), *walk.notes]
        if styles is not None:
            blocks = [*walk.margins(styles, "header"), *blocks, *walk.margins(styles, "footer")]
        return Document(blocks=blocks, metadata=odf_metadata(package), warnings=walk.caveats)


class _Walk:
    """One reading of one document."""

    def __init__(self, content: Element, styles: Element | None) -> None:
        self.notes: list[Note] = []
        self.caveats: list[Caveat] = []
        self._looks: dict[str, dict[str, Any]] = {}
        self._ordered: set[str] = set()
        for style in content.iter(STYLE + "style"):
            look = style.find(STYLE + "text-properties")
            if look is not None:
                self._looks[style.get(STYLE + "name", "")] = _look(look)
        for root in (content, styles):
            for style in () if root is None else root.iter(TEXT + "list-style"):
                if len(style) and local(style[0]) == "list-level-style-number":
                    self._ordered.add(style.get(STYLE + "name", ""))

    def margins(self, styles: Element, kind: str) -> Iterator[Block]:
        """Read the headers or footers of the page layouts."""
        for entry in styles.iter(STYLE + kind):
            blocks = list(self.blocks(entry))
            if blocks:
                yield Region(kind=RegionKind(kind), blocks=blocks)

    def blocks(self, parent: Element) -> Iterator[Block]:
        """Read the blocks of a container."""
        for child in parent:
            name = local(child)
            if name in ("p", "h"):
                yield from self._paragraph(child)
            elif name == "list":
                yield self._list(child)
            elif name == "table":
                yield self._table(child)
            elif name in _CONTAINERS:
                yield from self.blocks(child)
            elif name == "tracked-changes":
                self.caveats.append(Caveat(code="tracked_changes", message="Deleted text is not shown."))

    def _paragraph(self, element: Element) -> Iterator[Block]:
        runs: list[Run] = []
        beside: list[Block] = []
        self._inline(element, {}, runs, beside)
        if text_of(runs).strip():
            if local(element) == "h":
                yield Heading(level=whole(element.get(TEXT + "outline-level"), 1), runs=tuple(runs))
            else:
                yield Paragraph(runs=tuple(runs))
        yield from beside

    def _inline(self, element: Element, look: dict[str, Any], runs: list[Run], beside: list[Block]) -> None:
        _say(element.text, look, runs)
        for child in element:
            self._one(child, local(child), look, runs, beside)
            _say(child.tail, look, runs)

    def _one(
        self, child: Element, name: str, look: dict[str, Any], runs: list[Run], beside: list[Block]
    ) -> None:
        if name == "s":
            runs.append(Run(" " * min(whole(child.get(TEXT + "c"), 1), 1000), **look))
        elif name in ("tab", "line-break"):
            runs.append(Run("\t" if name == "tab" else "\n", **look))
        elif name == "span":
            own = look | self._looks.get(child.get(TEXT + "style-name", ""), {})
            self._inline(child, own, runs, beside)
        elif name == "a":
            self._inline(child, look | {"link": child.get(XLINK + "href", "")}, runs, beside)
        elif name in ("note", "annotation"):
            self._note(child, name, runs)
        elif name == "frame":
            self._frame(child, beside)
        elif name not in ("annotation-end", "change", "change-start", "change-end"):
            self._inline(child, look, runs, beside)

    def _note(self, element: Element, name: str, runs: list[Run]) -> None:
        if name == "annotation":
            author, date = (
                element.findtext(f"{{http://purl.org/dc/elements/1.1/}}{key}") or ""
                for key in ("creator", "date")
            )
            reference = f"c{len(self.notes) + 1}"
            blocks = tuple(self.blocks(element))
            note = Note(kind=NoteKind.COMMENT, reference=reference, blocks=blocks, author=author, date=date)
        else:
            reference = element.findtext(TEXT + "note-citation") or str(len(self.notes) + 1)
            kind = NoteKind.ENDNOTE if element.get(TEXT + "note-class") == "endnote" else NoteKind.FOOTNOTE
            body = element.find(TEXT + "note-body")
            note = Note(
                kind=kind, reference=reference, blocks=() if body is None else tuple(self.blocks(body))
            )
            runs.append(Run(f"[{reference}]", script="super", note=reference))
        self.notes.append(note)

    def _frame(self, frame: Element, beside: list[Block]) -> None:
        for child in frame:
            if local(child) == "text-box":
                beside.append(Region(kind=RegionKind.TEXT_BOX, blocks=tuple(self.blocks(child))))
            elif local(child) == "image" and child.get(XLINK + "href"):
                reference = child.get(XLINK + "href")
                alt = next((entry.text or "" for entry in frame if local(entry) in ("desc", "title")), "")
                external = "://" in reference or reference.startswith("/")
                if external:
                    message = "The document points to an outside picture; it was not fetched."
                    self.caveats.append(Caveat(code="external_reference", message=message))
                beside.append(Picture(reference=reference, alt=alt, external=external))

    def _list(self, element: Element) -> BulletList:
        items = [
            ListItem(blocks=tuple(self.blocks(item)))
            for item in element
            if local(item) in ("list-item", "list-header")
        ]
        ordered = element.get(TEXT + "style-name", "") in self._ordered
        return BulletList(items=tuple(items), ordered=ordered)

    def _table(self, element: Element) -> Table:
        rows: list[list[Cell | None]] = []
        for row in element.iter(TABLE + "table-row"):
            if next(row.iterancestors(TABLE + "table")) is not element:
                continue
            header = local(row.getparent()) == "table-header-rows"
            rows.extend([self._row(row, header=header)] * _repeated(row, "number-rows-repeated"))
        return Table(rows=rows, name=element.get(TABLE + "name", ""))

    def _row(self, row: Element, *, header: bool) -> list[Cell | None]:
        line: list[Cell | None] = []
        for cell in row:
            name = local(cell)
            repeat = _repeated(cell, "number-columns-repeated")
            if name == "covered-table-cell":
                line.extend([None] * repeat)
            elif name == "table-cell":
                blocks = tuple(self.blocks(cell))
                rich = any(
                    not isinstance(block, Paragraph) or any(any(run[1:]) for run in block.runs)
                    for block in blocks
                )
                down, across = _span(cell, "number-rows-spanned"), _span(cell, "number-columns-spanned")
                line.extend(
                    [Cell(blocks_text(blocks), down, across, header, blocks=blocks if rich else ())] * repeat
                )
        return line


def _say(text: str | None, look: dict[str, Any], runs: list[Run]) -> None:
    if text:
        runs.append(Run(re.sub(r"[ \t\r\n]+", " ", text), **look))


def _look(properties: Element) -> dict[str, Any]:
    look: dict[str, Any] = {}
    if properties.get(FO + "font-weight") == "bold":
        look["bold"] = True
    if properties.get(FO + "font-style") == "italic":
        look["italic"] = True
    if properties.get(STYLE + "text-line-through-style", "none") != "none":
        look["struck"] = True
    position = properties.get(STYLE + "text-position", "")
    if position.startswith(("super", "sub")):
        look["script"] = "super" if position.startswith("super") else "sub"
    return look


def _repeated(element: Element, name: str) -> int:
    text = element.get(TABLE + name, "1")
    return max(1, min(int(text), _MAX_REPEAT)) if re.fullmatch(r"\d{1,9}", text) else 1


def _span(element: Element, name: str) -> int:
    return _repeated(element, name)
