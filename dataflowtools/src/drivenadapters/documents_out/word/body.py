"""Blocks as the body of a Word document, or of a header, a footer or a cell."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from dataflowtools.src.drivenadapters.documents.safe_xml import Element
from dataflowtools.src.drivenadapters.documents_out.caveats import Caveats
from dataflowtools.src.drivenadapters.documents_out.office_package import OutPackage
from dataflowtools.src.drivenadapters.documents_out.pictures import Drawn, Pictures, fitted
from dataflowtools.src.drivenadapters.documents_out.word.drawing import inline
from dataflowtools.src.drivenadapters.documents_out.word.markup import (
    R,
    make,
    plain_paragraph,
    put_in_order,
    text_elements,
    w,
)
from dataflowtools.src.drivenadapters.documents_out.word.numbering import Numbering
from dataflowtools.src.drivenadapters.documents_out.word.styles import Styles, run_look
from dataflowtools.src.drivenadapters.documents_out.word.tables import table_element
from dataflowtools.src.logics.file.documents import model
from dataflowtools.src.logics.file.documents.render_html import safe_link
from dataflowtools.src.logics.file.documents.render_text import blocks_text

_DEEPEST = 8
_FIRST_DRAWING = 10_000  # above the numbers that other programs give


@dataclass(slots=True)
class WordTarget:
    """Where blocks are written to: a part of a package, with what belongs to the whole document."""

    package: OutPackage
    part: str
    styles: Styles
    numbering: Numbering
    pictures: Pictures
    caveats: Caveats
    width: float = 451.0  # points between the margins
    drawings: list[str] = field(default_factory=list)

    def at(self, part: str) -> "WordTarget":
        """Write to another part of the same document."""
        return replace(self, part=part)

    def embed(self, drawn: Drawn) -> str:
        """Put a picture into the package and return the relationship's id."""
        name = f"word/media/{drawn.digest}.{drawn.ending}"
        if name not in self.package:
            self.package.put(name, drawn.data)
            self.package.set_default_type(drawn.ending, drawn.media_type)
        return self.package.relate(self.part, "image", name)


def body_elements(blocks: Sequence[model.Block], target: WordTarget) -> list[Element]:
    """Write blocks as paragraphs and tables."""
    return [element for block in blocks for element in _elements(block, target, 0)]


def _elements(block: model.Block, target: WordTarget, depth: int) -> Iterator[Element]:  # noqa: C901  # one case a kind of block
    match block:
        case model.Heading():
            yield _paragraph(
                block.runs, target, block.style or f"heading {min(max(block.level, 1), 9)}", block.align
            )
        case model.Paragraph():
            yield _paragraph(block.runs, target, block.style, block.align)
        case model.BulletList():
            yield from _list(block, target, depth)
        case model.Table():
            yield from _table(block, target)
        case model.Picture():
            yield _picture(block, target)
        case model.Code():
            yield _paragraph((model.Run(block.text.rstrip("\n")),), target, "Source Code")
        case model.Formula():
            yield _paragraph((model.Run(block.text, italic=True, font="Cambria Math"),), target)
        case model.Quote() | model.Region(kind=model.RegionKind.TEXT_BOX):
            for element in body_elements(block.blocks, target):
                yield _styled(element, target, "Quote")
        case model.Region():
            yield from body_elements(block.blocks, target)
        case model.Note():
            yield from _note(block, target)
        case _:
            yield make("p", make("r", make("br", type="page")))


def _paragraph(runs: Sequence[model.Run], target: WordTarget, style: str = "", align: str = "") -> Element:
    paragraph = make("p", _properties(target, style, align))
    for run in runs:
        paragraph.append(run_element(run, target))
    return paragraph


def _properties(target: WordTarget, style: str, align: str) -> Element | None:
    if not style and not align:
        return None
    named = make("pStyle", val=target.styles.find(style)) if style else None
    placed = make("jc", val="both" if align == "justify" else align) if align else None
    return make("pPr", named, placed)


def run_element(run: model.Run, target: WordTarget) -> Element:
    """Write a run, within its link where it has one."""
    if run.note:
        return make("r", make("rPr", make("vertAlign", val="superscript")), *text_elements(run.note))
    look = {name: value for name, value in run._asdict().items() if value}
    if run.code:
        look.setdefault("font", "Consolas")
    properties = make("rPr", *run_look(look))
    address = safe_link(run.link)
    if address:
        properties.insert(0, make("rStyle", val=target.styles.find("Hyperlink", "character")))
    element = make("r", properties if len(properties) else None, *text_elements(run.text))
    if not address:
        return element
    link = make("hyperlink", element)
    if address.startswith("#"):
        link.set(w("anchor"), address[1:])
    else:
        link.set(f"{{{R}}}id", target.package.relate(target.part, "hyperlink", address, external=True))
    return link


def _list(block: model.BulletList, target: WordTarget, depth: int) -> Iterator[Element]:
    depth = min(depth, _DEEPEST)
    number = target.numbering.add(ordered=block.ordered, start=block.start, depth=depth)
    for item in block.items:
        marked = False
        for inner in item.blocks or (model.Paragraph(runs=()),):
            for element in _elements(inner, target, depth + 1):
                nested = isinstance(inner, model.BulletList)
                yield element if nested or marked else _marked(element, target, number, depth)
                marked = marked or not nested


def _marked(element: Element, target: WordTarget, number: int, depth: int) -> Element:
    if element.tag != w("p"):
        return element
    properties = _styled(element, target, "List Paragraph").find(w("pPr"))
    properties.append(make("numPr", make("ilvl", val=depth), make("numId", val=number)))
    put_in_order(properties)
    return element


def _styled(element: Element, target: WordTarget, style: str) -> Element:
    """Give a paragraph a style unless it has one."""
    if element.tag != w("p"):
        return element
    properties = element.find(w("pPr"))
    if properties is None:
        properties = make("pPr")
        element.insert(0, properties)
    if properties.find(w("pStyle")) is None:
        properties.insert(0, make("pStyle", val=target.styles.find(style)))
    return element


def _table(block: model.Table, target: WordTarget) -> Iterator[Element]:
    if block.caption:
        yield plain_paragraph(block.caption, target.styles.find("caption"))
    if block.rows and block.rows[0]:
        style = target.styles.find(block.style or "Table Grid", "table")

        def inside(cell: model.Cell) -> list[Element]:
            return _cell(cell, target)

        yield table_element(block, style, target.width, inside)
        yield make(
            "p", make("pPr", make("spacing", before=0, after=0))
        )  # two tables in a row would become one


def _cell(cell: model.Cell, target: WordTarget) -> list[Element]:
    if cell.blocks:
        found = body_elements(cell.blocks, target)
        # a cell must end with a paragraph
        return found if found and found[-1].tag == w("p") else [*found, make("p")]
    return [_paragraph((model.Run(cell.text, bold=cell.header),) if cell.text else (), target)]


def _picture(block: model.Picture, target: WordTarget) -> Element:
    element = picture_run(block, target)
    return make("p", _properties(target, "", block.align), element)


def picture_run(block: model.Picture, target: WordTarget) -> Element:
    """Write a picture as a run; one that did not come with the request leaves its description."""
    drawn = target.pictures.find(block)
    if drawn is None:
        message = "A picture that is only referred to was left out; its description stands in its place."
        target.caveats.add("picture_left_out", message)
        return make("r", make("rPr", make("i")), *text_elements(f"[{block.alt or 'picture'}]"))
    drawn = fitted(drawn, target.width, target.width * 1.6)
    relation = target.embed(drawn)
    target.drawings.append(relation)
    return make("r", inline(drawn, relation, _FIRST_DRAWING + len(target.drawings), block.alt))


def _note(block: model.Note, target: WordTarget) -> Iterator[Element]:
    target.caveats.add("notes_in_text", "Footnotes, endnotes and comments stand as paragraphs in the text.")
    mark = model.Run(f"{block.reference} ", script="super") if block.reference else None
    author = model.Run(f"{block.author}: ", bold=True) if block.author else None
    text = model.Run(blocks_text(block.blocks).strip(), size=9)
    yield _paragraph([run for run in (mark, author, text) if run is not None], target)
