"""Word templates in the language of docxtpl: {{ field }}, {%p if %}, {%tr for %}, {{p blocks }} and the like."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, BinaryIO

from docxtpl import DocxTemplate
from lxml import etree
from markupsafe import Markup, escape

from dataflowtools.src.drivenadapters.documents import safe_xml
from dataflowtools.src.drivenadapters.documents.safe_xml import Element
from dataflowtools.src.drivenadapters.documents_out.caveats import Caveats
from dataflowtools.src.drivenadapters.documents_out.from_json import blocks_of
from dataflowtools.src.drivenadapters.documents_out.office_package import OutPackage
from dataflowtools.src.drivenadapters.documents_out.pictures import Pictures
from dataflowtools.src.drivenadapters.documents_out.templates.filled import TemplateFile
from dataflowtools.src.drivenadapters.documents_out.templates.missing import Fields, tracked
from dataflowtools.src.drivenadapters.documents_out.templates.sandbox import (
    Jail,
    compiled,
    rendered,
    told,
)
from dataflowtools.src.drivenadapters.documents_out.templates.slots import SlotFinder
from dataflowtools.src.drivenadapters.documents_out.word.body import WordTarget, body_elements, picture_run
from dataflowtools.src.drivenadapters.documents_out.word.markup import legal, plain_paragraph, w
from dataflowtools.src.drivenadapters.documents_out.word.numbering import Numbering
from dataflowtools.src.drivenadapters.documents_out.word.styles import Styles
from dataflowtools.src.errors import CorruptFile, ForbiddenXml, InvalidTemplate, InvalidTemplateData

_CUT = (
    "The tags cut through the document's structure: rows are repeated by {%tr for … %}, paragraphs by {%p for … %}, "
    "and blocks are shown by {{p … }} in a paragraph of their own."
)
_KINDS = ("header", "footer", "footnotes", "endnotes")
_HOLDERS = tuple(w(name) for name in ("body", "tc", "hdr", "ftr", "txbxContent"))
_TAG = re.compile(r"\{[{%#]")
_BREAK = Markup('</w:t><w:br/><w:t xml:space="preserve">')
_TAB = Markup('</w:t><w:tab/><w:t xml:space="preserve">')
_WP_PROPERTIES = "{http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing}docPr"
_BLOCKS = frozenset(
    {"heading", "paragraph", "list", "table", "picture", "code", "formula", "quote", "page_break"}
)


class WordTemplate(TemplateFile):
    """A Word document whose parts are templates."""

    ending = "docx"

    def __init__(self, file: BinaryIO, pictures: Pictures, caveats: Caveats) -> None:
        self._file, self._pictures, self._caveats = file, pictures, caveats
        self._jail = Jail(autoescape=True, finalize=self._shown)
        self._package = OutPackage(file)
        self._main = self._package.main_part()
        self._sources = dict(self._find_sources(self._package))
        self._templates = {part: compiled(self._jail, text, part) for part, text in self._sources.items()}
        self._filling, self._part = self._package, self._main
        self._known_target: WordTarget | None = None

    def _find_sources(self, package: OutPackage) -> list[tuple[str, str]]:
        related = [part for kind in _KINDS for part in package.targets(self._main, kind).values()]
        found = []
        for part in dict.fromkeys([self._main, *related]):
            if part not in package:
                continue
            xml = etree.tostring(package.look(part), encoding="unicode")
            if _TAG.search("".join(etree.fromstring(xml).itertext())):
                # the library's own way from Word's scattered runs to a text that Jinja reads
                found.append((part, DocxTemplate(self._file).patch_xml(xml)))
        return found

    def find_slots(self, finder: SlotFinder) -> None:
        for part, source in self._sources.items():
            with told(part):
                finder.read(self._jail.parse(source), part.rpartition("/")[2].removesuffix(".xml"))

    def fill(self, data: Mapping[str, Any], file: BinaryIO) -> list[str]:
        package, missing = self._filled(data)
        package.save(file)
        return missing

    def _filled(self, data: Mapping[str, Any]) -> tuple[OutPackage, list[str]]:
        package = self._begin()
        self._jail.missing.clear()
        values = tracked(data)
        for part in self._templates:
            package.keep(part, self._tree(part, values))
        return package, list(self._jail.missing)

    def _begin(self) -> OutPackage:
        self._filling, self._known_target = self._package.afresh(), None
        return self._filling

    @property
    def _target(self) -> WordTarget:
        """Where pictures and blocks go; styles and lists are read when the first of them comes."""
        if self._known_target is None:
            self._known_target = _target(self._filling, self._main, self._pictures, self._caveats)
        return self._known_target.at(self._part)

    def fill_together(self, records: Sequence[Mapping[str, Any]], file: BinaryIO) -> list[list[str]]:
        """Write all records into one document, each on a page of its own; the fields each of them lacked."""
        others = [part for part in self._templates if part != self._main]
        if self._main not in self._templates:
            raise InvalidTemplate("The text of the document holds no tag to fill.", part=self._main)
        if others:
            raise InvalidTemplate(
                "Headers, footers and notes with tags cannot be merged into one document; ask for a zip.",
                part=others[0],
            )
        package = self._begin()
        missing, bodies = [], []
        for record in records:
            self._jail.missing.clear()
            bodies.append(self._tree(self._main, tracked(record)))
            missing.append(list(self._jail.missing))
        package.keep(self._main, _joined(bodies))
        package.save(file)
        return missing

    def _tree(self, part: str, values: Mapping[str, Any]) -> Element:
        self._part = part
        text = rendered(self._templates[part], values, part)
        try:
            root = safe_xml.parse(text.encode("utf-8", "replace"), "The filled part", keep_all=True)
        except (CorruptFile, ForbiddenXml) as exc:
            raise InvalidTemplate(_CUT, part=part) from exc
        _wrap_bare_text(root)
        _number_drawings(root)
        return root

    def _shown(self, value: Any) -> Any:
        """Write a value into a run; pictures and blocks are drawn."""
        if value is None:
            return ""
        if isinstance(value, Fields):
            return self._drawn(value)
        if isinstance(value, list) and value and all(_is_block(one) for one in value):
            return self._elements(value)
        if isinstance(value, str) and not isinstance(value, Markup):
            return escape(legal(value)).replace("\r\n", "\n").replace("\n", _BREAK).replace("\t", _TAB)
        return value

    def _drawn(self, value: Fields) -> Any:
        if value.get("type") == "picture" and ("file_id" in value or "data" in value):
            block = blocks_of([value])[0]
            run = picture_run(block, self._target)  # type: ignore[arg-type]  # a picture by its type
            xml = etree.tostring(run, encoding="unicode")
            return Markup('</w:t></w:r>{}<w:r><w:t xml:space="preserve">').format(Markup(xml))  # noqa: S704  # made here
        if _is_block(value):
            return self._elements([value])
        raise InvalidTemplateData(
            "An object cannot be shown as text.",
            [
                {
                    "pointer": f"/data/{value.place}",
                    "message": "This is an object; the template shows it as text.",
                }
            ],
        )

    def _elements(self, blocks: Sequence[Mapping[str, Any]]) -> Markup:
        """Write blocks in the place of the paragraph that {{p … }} took away."""
        elements = body_elements(blocks_of(blocks), self._target)
        return Markup("".join(etree.tostring(one, encoding="unicode") for one in elements))  # noqa: S704  # made here


def _is_block(value: Any) -> bool:
    return isinstance(value, Mapping) and value.get("type") in _BLOCKS and len(value) > 1


def _target(package: OutPackage, main: str, pictures: Pictures, caveats: Caveats) -> WordTarget:
    return WordTarget(
        package=package, part=main, styles=Styles(package, main), numbering=Numbering(package, main),
        pictures=pictures, caveats=caveats,
    )  # fmt: skip


def _wrap_bare_text(root: Element) -> None:
    """Put a text that {{p … }} has left between paragraphs into a paragraph of its own."""
    for holder in list(root.iter(*_HOLDERS)):
        texts = [(0, holder.text), *((place, child.tail) for place, child in enumerate(holder, start=1))]
        for place, text in reversed(texts):
            if text and text.strip():
                holder.insert(place, plain_paragraph(text.strip()))
        holder.text = None
        for child in holder:
            child.tail = None


def _number_drawings(root: Element) -> None:
    """Give drawings that a loop has repeated numbers of their own."""
    seen: set[str] = set()
    for entry in root.iter(_WP_PROPERTIES):
        number = str(entry.get("id"))
        while number in seen:
            number = str(len(seen) + 100_000 + int(number) if number.isdigit() else len(seen) + 100_000)
        entry.set("id", number)
        seen.add(number)


def _joined(bodies: Sequence[Element]) -> Element:
    """Put the bodies one after another; the first one's section holds for all."""
    root = bodies[0]
    body = root.find(w("body"))
    section = body.find(w("sectPr"))
    for other in bodies[1:]:
        following = other.find(w("body"))
        content = [one for one in following if one.tag != w("sectPr")]
        page = etree.fromstring(f'<w:p xmlns:w="{w("")[1:-1]}"><w:r><w:br w:type="page"/></w:r></w:p>')
        place = len(body) if section is None else body.index(section)
        body[place:place] = [page, *content]
    _number_drawings(root)
    return root
