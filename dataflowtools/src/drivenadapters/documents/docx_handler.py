"""Word documents (docx, docm, dotx): our own walk over the parts, in the order in which they are read."""

from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

from dataflowtools.src.drivenadapters.documents.charts import charts_of
from dataflowtools.src.drivenadapters.documents.docx_numbering import Numbering, W
from dataflowtools.src.drivenadapters.documents.docx_runs import Inline, read_inline
from dataflowtools.src.drivenadapters.documents.docx_styles import Styles
from dataflowtools.src.drivenadapters.documents.docx_tables import read_table
from dataflowtools.src.drivenadapters.documents.lists import FlatItem, gather
from dataflowtools.src.drivenadapters.documents.opc import OfficePackage, Relation
from dataflowtools.src.drivenadapters.documents.safe_xml import Element, local, whole
from dataflowtools.src.errors import CorruptFile
from dataflowtools.src.logics.file.documents.handler import DocumentHandler, Source
from dataflowtools.src.logics.file.documents.model import (
    Block,
    Caveat,
    Code,
    Document,
    Formula,
    Heading,
    Note,
    NoteKind,
    PageBreak,
    Paragraph,
    Quote,
    Region,
    RegionKind,
    Run,
    text_of,
)
from dataflowtools.src.logics.file.documents.options import ReadOptions

_BODY_TEXT = 9  # the level that Word writes for what is no heading
_R_ID = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_TRANSPARENT = frozenset(
    {"sdt", "sdtContent", "customXml", "smartTag", "ins", "moveTo", "AlternateContent", "Choice"}
)


class DocxHandler(DocumentHandler):
    """Reads Office Open XML text documents."""

    formats: ClassVar[frozenset[str]] = frozenset({"docx", "docm", "dotx", "dotm"})

    def read(self, source: Source, options: ReadOptions) -> Document:
        """Read body, headers, footers, notes and comments."""
        del options
        return _Walk(OfficePackage(source.file)).document()


class _Walk:
    """One reading of one document."""

    def __init__(self, package: OfficePackage) -> None:
        self._package = package
        self._main = package.main_part()
        self._styles = Styles(self._related("styles"))
        self._numbering = Numbering(self._related("numbering"))
        self._caveats: list[Caveat] = []
        self._deleted = False

    def _related(self, kind: str) -> Element | None:
        part = self._package.related(self._main, kind)
        return None if part is None else self._package.xml(part)

    def document(self) -> Document:
        """Read the whole document."""
        root = self._package.xml(self._main)
        body = root.find(W + "body")
        if body is None:
            raise CorruptFile("The document has no body.")
        relations = self._package.relations(self._main)
        headers, footers = self._margins(body, relations)
        charts = charts_of(self._package, self._main)
        blocks = [*headers, *self.blocks(body, relations), *charts, *footers, *self._notes()]
        if self._deleted:
            self._caveats.append(Caveat(code="tracked_changes", message="Deleted text is not shown."))
        parts = [self._main, *(relation.target for relation in relations.values() if not relation.external)]
        caveats = (*self._package.caveats(parts), *self._caveats)
        return Document(blocks=blocks, metadata=self._package.metadata(), warnings=caveats)

    def _margins(self, body: Element, relations: dict[str, Relation]) -> tuple[list[Block], list[Block]]:
        seen: set[str] = set()
        found: dict[str, list[Block]] = {"headerReference": [], "footerReference": []}
        for reference in body.iter(W + "headerReference", W + "footerReference"):
            relation = relations.get(reference.get(_R_ID, ""))
            if relation is None or relation.external or relation.target in seen:
                continue
            seen.add(relation.target)
            kind = local(reference)
            root = self._package.xml(relation.target)
            blocks = self.blocks(root, self._package.relations(relation.target))
            if any(not _is_empty(block) for block in blocks):
                region = RegionKind.HEADER if kind == "headerReference" else RegionKind.FOOTER
                found[kind].append(Region(kind=region, blocks=blocks))
        return found["headerReference"], found["footerReference"]

    def _notes(self) -> Iterator[Block]:
        kinds = (("footnotes", NoteKind.FOOTNOTE, "fn"), ("endnotes", NoteKind.ENDNOTE, "en"))
        for kind, note, prefix in (*kinds, ("comments", NoteKind.COMMENT, "c")):
            part = self._package.related(self._main, kind)
            if part is None:
                continue
            for entry in self._package.xml(part):
                if entry.get(W + "type") in ("separator", "continuationSeparator", "continuationNotice"):
                    continue
                yield Note(
                    kind=note,
                    reference=prefix + entry.get(W + "id", ""),
                    blocks=self.blocks(entry, self._package.relations(part)),
                    author=entry.get(W + "author", ""),
                    date=entry.get(W + "date", ""),
                )

    def blocks(self, parent: Element, relations: dict[str, Relation]) -> list[Block]:
        """Read the paragraphs and tables of a container."""
        return gather(self._entries(parent, relations))

    def _entries(self, parent: Element, relations: dict[str, Relation]) -> Iterator[Block | FlatItem]:
        for child in parent:
            name = local(child)
            if name == "p":
                yield from self._paragraph(child, relations)
            elif name == "tbl":
                yield read_table(child, lambda cell: self.blocks(cell, relations))
            elif name in _TRANSPARENT:
                yield from self._entries(child, relations)

    def _paragraph(self, paragraph: Element, relations: dict[str, Relation]) -> Iterator[Block | FlatItem]:
        inline = read_inline(paragraph, relations)
        self._deleted = self._deleted or inline.deleted
        yield from self._text(paragraph, inline)
        yield from inline.pictures
        for box in inline.text_boxes:
            blocks = self.blocks(box, relations)
            if any(not _is_empty(block) for block in blocks):
                yield Region(kind=RegionKind.TEXT_BOX, blocks=blocks)
        if inline.page_break:
            yield PageBreak()

    def _text(self, paragraph: Element, inline: Inline) -> Iterator[Block | FlatItem]:
        properties = paragraph.find(W + "pPr")
        style = self._styles.style(_setting(properties, "pStyle"))
        number = self._number(properties, style.list_number, style.list_depth)
        if not text_of(inline.runs).strip():
            return
        runs = _trimmed(inline.runs)
        level = _outline(properties, style.level)
        if level is not None:
            lead = (Run(f"{number.marker} "),) if number is not None and number.marker else ()
            yield Heading(level=level, runs=(*lead, *runs))
        elif number is not None:
            item = (Paragraph(runs=runs),)
            depth = max(number.depth, style.nesting)
            yield FlatItem(depth, number.ordered, number.number, number.marker, item)
        elif inline.formulas and text_of(runs) == f"${inline.formulas[0]}$":
            yield Formula(text=inline.formulas[0])
        elif style.code:
            yield Code(text=text_of(runs))
        elif style.quote:
            yield Quote(blocks=(Paragraph(runs=runs),))
        else:
            yield Paragraph(runs=runs)

    def _number(self, properties: Element | None, inherited: str | None, depth: int) -> Any:
        own = None if properties is None else properties.find(W + "numPr")
        number = _setting(own, "numId") or inherited
        level = _setting(own, "ilvl")
        if not number:
            return None
        return self._numbering.next(number, whole(level, depth))


def _setting(parent: Element | None, name: str) -> str:
    entry = None if parent is None else parent.find(W + name)
    return "" if entry is None else entry.get(W + "val", "")


def _outline(properties: Element | None, level: int | None) -> int | None:
    own = _setting(properties, "outlineLvl")
    depth = whole(own, -1)
    if depth < 0:
        return level
    return depth + 1 if depth < _BODY_TEXT else None


def _trimmed(runs: Sequence[Run]) -> tuple[Run, ...]:
    return tuple(run for run in runs if run.text)


def _is_empty(block: Block) -> bool:
    return isinstance(block, Paragraph) and not text_of(block.runs).strip()
