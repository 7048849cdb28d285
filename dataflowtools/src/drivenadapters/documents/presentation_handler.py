"""Presentations (pptx, pptm): slide by slide titles, texts, tables, pictures and the speaker's notes."""

from collections.abc import Iterator
from dataclasses import replace
from typing import ClassVar

from dataflowtools.src.drivenadapters.documents.charts import charts_of
from dataflowtools.src.drivenadapters.documents.lists import FlatItem, gather
from dataflowtools.src.drivenadapters.documents.opc import OfficePackage, Relation
from dataflowtools.src.drivenadapters.documents.safe_xml import Element, local, whole
from dataflowtools.src.drivenadapters.documents.slide_comments import comment_authors, slide_comments
from dataflowtools.src.logics.file.documents.handler import DocumentHandler, Source
from dataflowtools.src.logics.file.documents.model import (
    Block,
    Cell,
    Document,
    Heading,
    PageBreak,
    Paragraph,
    Picture,
    Region,
    RegionKind,
    Run,
    Table,
    text_of,
)
from dataflowtools.src.logics.file.documents.options import ReadOptions, chosen_pages

_A = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
_P = "{http://schemas.openxmlformats.org/presentationml/2006/main}"
_R = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
_TITLES = ("title", "ctrTitle")
_MAX_LEVEL, _MAX_SPAN = 8, 1000
_SMALL = ("dt", "ftr", "sldNum", "sldImg")


class PresentationHandler(DocumentHandler):
    """Reads Office Open XML presentations."""

    formats: ClassVar[frozenset[str]] = frozenset({"pptx", "pptm", "ppsx"})

    def read(self, source: Source, options: ReadOptions) -> Document:
        """Read the chosen slides."""
        package = OfficePackage(source.file)
        main = package.main_part()
        relations = package.relations(main)
        listed = [relations.get(entry.get(_R + "id", "")) for entry in package.xml(main).iter(_P + "sldId")]
        slides = [relation.target for relation in listed if relation is not None and not relation.external]
        authors = comment_authors(package, main)
        blocks: list[Block] = []
        for number in chosen_pages(options.pages, len(slides)) if slides else []:
            blocks.extend(_slide(package, slides[number - 1], number))
            blocks.extend(slide_comments(package, slides[number - 1], authors, number))
            blocks.append(PageBreak(page=number))
        metadata = package.metadata() | {"pages": len(slides)}
        return Document(blocks=blocks[:-1], metadata=metadata, warnings=package.caveats([main, *slides]))


def _slide(package: OfficePackage, part: str, number: int) -> Iterator[Block]:
    relations = package.relations(part)
    yield from gather(_shapes(package.xml(part), relations, number))
    yield from (replace(chart, page=number) for chart in charts_of(package, part))
    notes = package.related(part, "notesSlide")
    if notes is not None:
        inner = gather(_shapes(package.xml(notes), package.relations(notes), number))
        if inner:
            yield Region(kind=RegionKind.NOTES, blocks=inner, page=number)


def _shapes(root: Element, relations: dict[str, Relation], number: int) -> Iterator[Block | FlatItem]:
    tree = root.find(f"{_P}cSld/{_P}spTree")
    if tree is not None:
        yield from _children(tree, relations, number)


def _children(parent: Element, relations: dict[str, Relation], number: int) -> Iterator[Block | FlatItem]:
    for shape in parent:
        name = local(shape)
        if name == "sp":
            yield from _text_shape(shape, relations, number)
        elif name == "pic":
            yield from _picture(shape, relations, number)
        elif name == "graphicFrame":
            for table in shape.iter(_A + "tbl"):
                yield _table(table, relations, number)
        elif name in ("grpSp", "AlternateContent", "Choice"):
            yield from _children(shape, relations, number)


def _text_shape(shape: Element, relations: dict[str, Relation], number: int) -> Iterator[Block | FlatItem]:
    place = shape.find(f"{_P}nvSpPr/{_P}nvPr/{_P}ph")
    kind = "" if place is None else place.get("type", "body")
    body = shape.find(_P + "txBody")
    if body is None or kind in _SMALL:
        return
    for paragraph in body.iterfind(_A + "p"):
        runs = _runs(paragraph, relations)
        if not text_of(runs).strip():
            continue
        properties = paragraph.find(_A + "pPr")
        level = 0 if properties is None else min(whole(properties.get("lvl"), 0), _MAX_LEVEL)
        if kind in _TITLES:
            yield Heading(level=1, runs=runs, page=number)
        elif kind == "subTitle":
            yield Heading(level=2, runs=runs, page=number)
        elif level or _has_bullet(properties, kind):
            ordered = properties is not None and properties.find(_A + "buAutoNum") is not None
            yield FlatItem(level, ordered, 1, "", (Paragraph(runs=runs, page=number),))
        else:
            yield Paragraph(runs=runs, page=number)


def _has_bullet(properties: Element | None, kind: str) -> bool:
    if properties is not None:
        if properties.find(_A + "buNone") is not None:
            return False
        if properties.find(_A + "buChar") is not None or properties.find(_A + "buAutoNum") is not None:
            return True
    return kind in ("body", "obj")


def _runs(paragraph: Element, relations: dict[str, Relation]) -> tuple[Run, ...]:
    runs = []
    for child in paragraph:
        if local(child) == "br":
            runs.append(Run("\n"))
        if local(child) not in ("r", "fld"):
            continue
        look = child.find(_A + "rPr")
        bold = look is not None and look.get("b") in ("1", "true")
        italic = look is not None and look.get("i") in ("1", "true")
        link = None if look is None else look.find(_A + "hlinkClick")
        relation = None if link is None else relations.get(link.get(_R + "id", ""))
        address = relation.target if relation is not None and relation.external else ""
        runs.append(Run(child.findtext(_A + "t") or "", bold=bold, italic=italic, link=address))
    return tuple(run for run in runs if run.text)


def _picture(shape: Element, relations: dict[str, Relation], number: int) -> Iterator[Block]:
    blip = next(shape.iter(_A + "blip"), None)
    relation = None if blip is None else relations.get(blip.get(_R + "embed") or blip.get(_R + "link") or "")
    naming = next(shape.iter(_P + "cNvPr"), None)
    if relation is not None:
        alt = "" if naming is None else naming.get("descr", "")
        yield Picture(reference=relation.target, alt=alt, external=relation.external, page=number)


def _table(table: Element, relations: dict[str, Relation], number: int) -> Table:
    rows: list[list[Cell | None]] = []
    first_is_header = next((entry.get("firstRow") == "1" for entry in table.iterfind(_A + "tblPr")), False)
    for row in table.iterfind(_A + "tr"):
        line: list[Cell | None] = []
        for cell in row.iterfind(_A + "tc"):
            if cell.get("hMerge") in ("1", "true") or cell.get("vMerge") in ("1", "true"):
                line.append(None)
                continue
            texts = [text_of(_runs(paragraph, relations)) for paragraph in cell.iter(_A + "p")]
            down, across = (min(whole(cell.get(name), 1), _MAX_SPAN) for name in ("rowSpan", "gridSpan"))
            line.append(
                Cell("\n".join(filter(None, texts)), down, across, header=first_is_header and not rows)
            )
        rows.append(line)
    return Table(rows=rows, page=number)
