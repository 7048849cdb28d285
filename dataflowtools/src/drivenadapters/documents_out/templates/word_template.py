"""Word templates in the language of docxtpl: {{ field }}, {%p if %}, {%tr for %}, {{p blocks }} and the like."""

import re
from collections.abc import Mapping, Sequence
from html import unescape
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
from dataflowtools.src.drivenadapters.documents_out.templates.missing import (
    Fields,
    Items,
    as_text,
    pointer_to,
    tracked,
)
from dataflowtools.src.drivenadapters.documents_out.templates.sandbox import (
    Jail,
    Place,
    compiled,
)
from dataflowtools.src.drivenadapters.documents_out.templates.slots import SlotFinder
from dataflowtools.src.drivenadapters.documents_out.templates.word_settle import (
    LINE_END,
    SHOWN_AT,
    TAB,
    number_drawings,
    settle,
)
from dataflowtools.src.drivenadapters.documents_out.word.body import WordTarget, body_elements, word_target
from dataflowtools.src.drivenadapters.documents_out.word.markup import legal, w
from dataflowtools.src.errors import CorruptFile, ForbiddenXml, InvalidTemplate, InvalidTemplateData
from dataflowtools.src.logics.file.documents.model import Picture

_CUT = (
    "The tags cut through the document's structure: rows are repeated by {%tr for … %}, paragraphs by {%p for … %}, "
    "and blocks are shown by {{p … }} in a paragraph of their own."
)
_KINDS = ("header", "footer", "footnotes", "endnotes")
_TAG = re.compile(r"\{[{%#]")
_WHOLE_TAG = re.compile(r"\{\{.*?\}\}|\{%.*?%\}", re.DOTALL)
_PARAGRAPH = re.compile(r"(?=<w:p[ >])")
_MARKUP = re.compile(r"<[^>]*>")
_NO_MARKS = {ord(LINE_END): None, ord(TAB): None}
_UNDRAWN = (TypeError, ValueError, AttributeError, LookupError)
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
        self._programs = {
            part: compiled(self._jail, source, part, _paragraph_of(source))
            for part, source in self._find_sources(self._package)
        }
        self._filling, self._part, self._shows_blocks = self._package, self._main, False
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
                found.append((part, _by_paragraphs(DocxTemplate(self._file).patch_xml(xml))))
        return found

    def find_slots(self, finder: SlotFinder) -> None:
        for part, program in self._programs.items():
            finder.read(program.tree, part.rpartition("/")[2].removesuffix(".xml"))

    def fill(self, data: Mapping[str, Any], file: BinaryIO) -> list[str]:
        package, missing = self._filled(data)
        package.save(file)
        return missing

    def _filled(self, data: Mapping[str, Any]) -> tuple[OutPackage, list[str]]:
        package = self._begin()
        self._jail.missing.clear()
        values = tracked(data)
        for part in self._programs:
            package.keep(part, self._tree(part, values))
        return package, list(self._jail.missing)

    def _begin(self) -> OutPackage:
        self._filling, self._known_target = self._package.afresh(), None
        return self._filling

    @property
    def _target(self) -> WordTarget:
        """Where pictures and blocks go; styles and lists are read when the first of them comes."""
        if self._known_target is None:
            self._known_target = word_target(self._filling, self._main, self._pictures, self._caveats)
        return self._known_target.at(self._part)

    def fill_together(self, records: Sequence[Mapping[str, Any]], file: BinaryIO) -> list[list[str]]:
        """Write all records into one document, each on a page of its own; the fields each of them lacked."""
        others = [part for part in self._programs if part != self._main]
        if self._main not in self._programs:
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
        self._part, self._shows_blocks = part, False
        text = self._programs[part].render(values)
        try:
            root = safe_xml.parse(text.encode("utf-8", "replace"), "The filled part", keep_all=True)
        except (CorruptFile, ForbiddenXml) as exc:
            raise InvalidTemplate(_CUT, part=part) from exc
        settle(root, blocks=self._shows_blocks, marks=LINE_END in text or TAB in text)
        return root

    def _shown(self, value: Any) -> Any:
        """Write a value into a run; pictures and blocks are drawn."""
        if isinstance(value, str) and not isinstance(value, Markup):
            text = legal(value).translate(_NO_MARKS).replace("\r\n", "\n")
            return escape(text.replace("\n", LINE_END).replace("\t", TAB))
        if isinstance(value, Fields) and _is_block(value):
            return self._drawn([value], value.place)
        if isinstance(value, Items) and value and all(_is_block(one) for one in value):
            return self._drawn(value, value.place)
        return as_text(value)

    def _drawn(self, blocks: Sequence[Mapping[str, Any]], place: str) -> Markup:
        """Draw blocks; where they end up is seen when the whole part is there."""
        try:
            read = blocks_of(blocks)
            if any(isinstance(one, Picture) and not one.reference for one in read):
                raise ValueError("a picture is given by file_id, or by data in base64")  # told below
            elements = body_elements(read, self._target)
        except _UNDRAWN as exc:
            message = f"This is no block that can be drawn: {str(exc)[:200]}"
            fault = {"pointer": pointer_to(place), "message": message}
            raise InvalidTemplateData(f"The block {place} cannot be drawn.", [fault]) from exc
        self._shows_blocks = True
        for element in elements:
            element.set(SHOWN_AT, place)
        return Markup("".join(etree.tostring(one, encoding="unicode") for one in elements))  # noqa: S704  # made here


def _by_paragraphs(source: str) -> str:
    """Begin each paragraph on a line of its own, so that a line tells it; and let an ampersand in a tag be one."""
    lines = _PARAGRAPH.sub("\n", source)
    return _WHOLE_TAG.sub(lambda tag: tag[0].replace("&amp;", "&"), lines)


def _paragraph_of(source: str) -> Place:
    lines = source.split("\n")

    def place(number: int) -> tuple[int | None, str]:
        return None, unescape(_MARKUP.sub("", lines[number - 1])).strip() if number <= len(lines) else ""

    return place


def _is_block(value: Any) -> bool:
    return isinstance(value, Mapping) and value.get("type") in _BLOCKS and len(value) > 1


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
    number_drawings(root)
    return root
