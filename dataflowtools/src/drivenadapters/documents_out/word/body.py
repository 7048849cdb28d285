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
from dataflowtools.src.drivenadapters.documents_out.word.notes import Notes, anchor
from dataflowtools.src.drivenadapters.documents_out.word.numbering import Numbering, text_indent
from dataflowtools.src.drivenadapters.documents_out.word.styles import Styles, run_look
from dataflowtools.src.drivenadapters.documents_out.word.tables import table_element
from dataflowtools.src.logics.file.documents import model
from dataflowtools.src.logics.file.documents.render_html import safe_link
from dataflowtools.src.logics.file.documents.render_text import blocks_text

_DEEPEST = 8
_LEAST_WIDTH = 12.0
USUAL_WIDTH = 451.0  # points between the margins
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
    notes: Notes
    width: float = USUAL_WIDTH
    drawings: list[str] = field(default_factory=list)

    def at(self, part: str) -> "WordTarget":
        """Write to another part of the same document."""
        return replace(self, part=part)

    def within(self, width: float) -> "WordTarget":
        """Write to a narrower place."""
        return replace(self, width=max(width, _LEAST_WIDTH))

    @property
    def takes_notes(self) -> bool:
        """Whether what is written may bear notes: headers, footers and notes themselves may not."""
        return self.part == self.notes.main_part

    def embed(self, drawn: Drawn) -> str:
        """Put a picture into the package and return the relationship's id."""
        name = f"word/media/{drawn.digest}.{drawn.ending}"
        if name not in self.package:
            self.package.put(name, drawn.data)
            self.package.set_default_type(drawn.ending, drawn.media_type)
        return self.package.relate(self.part, "image", name)


def word_target(
    package: OutPackage, main: str, pictures: Pictures, caveats: Caveats, width: float = USUAL_WIDTH
) -> WordTarget:
    """Get ready to write to a document's main part."""
    styles = Styles(package, main)
    return WordTarget(
        package=package, part=main, styles=styles, numbering=Numbering(package, main), pictures=pictures,
        caveats=caveats, notes=Notes(package, main, styles), width=width,
    )  # fmt: skip


def body_elements(blocks: Sequence[model.Block], target: WordTarget) -> list[Element]:
    """Write blocks as paragraphs and tables."""
    if target.takes_notes:
        target.notes.learn(blocks)
    elements: list[Element] = []
    for block in blocks:
        if not (isinstance(block, model.Note) and _placed(block, elements, target)):
            elements.extend(_elements(block, target, 0))
    return elements


def _placed(note: model.Note, elements: Sequence[Element], target: WordTarget) -> bool:
    """Attach a note that no reference names to the paragraph before it, if there is one."""
    if not target.takes_notes:
        return False
    paragraph = next((one for one in reversed(elements) if one.tag == w("p")), None)
    if paragraph is not None and target.notes.claim(note):
        anchor(paragraph, _reference(note, target))
        return True
    return paragraph is not None


def _reference(note: model.Note, target: WordTarget) -> Element:
    """Write a note into its part and return the run that refers to it."""
    content = body_elements(note.blocks, target.at(target.notes.part(note.kind)))
    return target.notes.add(note, content)


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
        note = target.notes.take(run.note) if run.note and target.takes_notes else None
        if note is None:
            paragraph.append(run_element(run, target))
        else:
            anchor(paragraph, _reference(note, target))
    return paragraph


def _properties(target: WordTarget, style: str, align: str) -> Element | None:
    if not style and not align:
        return None
    named = make("pStyle", val=target.styles.find(style)) if style else None
    placed = make("jc", val="both" if align == "justify" else align) if align else None
    return make("pPr", named, placed)


def run_element(run: model.Run, target: WordTarget) -> Element:
    """Write a run, within its link where it has one; the reference of a note that is not there is its text."""
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
                if nested or marked:
                    yield element if nested else _continued(element, depth)
                else:
                    yield _marked(element, target, number, depth)
                marked = marked or not nested


def _marked(element: Element, target: WordTarget, number: int, depth: int) -> Element:
    if element.tag != w("p"):
        return element
    properties = _styled(element, target, "List Paragraph").find(w("pPr"))
    properties.append(make("numPr", make("ilvl", val=depth), make("numId", val=number)))
    put_in_order(properties)
    return element


def _continued(element: Element, depth: int) -> Element:
    """Move what follows in an item to where the item's text begins."""
    if element.tag != w("p"):
        return element
    properties = element.find(w("pPr"))
    if properties is None:
        properties = make("pPr")
        element.insert(0, properties)
    if properties.find(w("numPr")) is None and properties.find(w("ind")) is None:
        properties.append(make("ind", left=text_indent(depth)))
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

        def inside(cell: model.Cell, width: float) -> list[Element]:
            return _cell(cell, target.within(width))

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
