"""The inside of a Word paragraph: runs, links, fields, notes, pictures, formulas and text boxes."""

from dataclasses import dataclass, field

from dataflowtools.src.drivenadapters.documents import omml
from dataflowtools.src.drivenadapters.documents.docx_numbering import W
from dataflowtools.src.drivenadapters.documents.opc import Relation
from dataflowtools.src.drivenadapters.documents.safe_xml import Element, local
from dataflowtools.src.logics.file.documents.model import Picture, Run

_R = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
_A = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
_MC = "{http://schemas.openxmlformats.org/markup-compatibility/2006}"
_SKIPPED = frozenset({"pPr", "del", "moveFrom", "rPr", "instrText", "delText", "bookmarkStart", "proofErr"})
_DRAWINGS = frozenset({"drawing", "pict", "object", "AlternateContent"})
_NOTES = {"footnoteReference": "fn", "endnoteReference": "en"}


@dataclass(slots=True)
class Inline:
    """What a paragraph holds, in order: runs, and what stands beside them."""

    runs: list[Run] = field(default_factory=list)
    pictures: list[Picture] = field(default_factory=list)
    text_boxes: list[Element] = field(default_factory=list)
    formulas: list[str] = field(default_factory=list)
    comments: list[str] = field(default_factory=list)
    page_break: bool = False
    deleted: bool = False
    # complex fields: the instruction that is being collected, and the links in force
    instruction: str = ""
    in_instruction: bool = False
    links: list[str] = field(default_factory=list)


def read_inline(paragraph: Element, relations: dict[str, Relation]) -> Inline:
    """Read a paragraph."""
    inline = Inline()
    _walk(paragraph, inline, relations, "")
    return inline


def _walk(parent: Element, inline: Inline, relations: dict[str, Relation], link: str) -> None:
    for child in parent:
        name = local(child)
        if name in ("del", "moveFrom"):
            inline.deleted = True
        if name in _SKIPPED:
            continue
        if name == "r":
            _run(child, inline, relations, link)
        elif name == "hyperlink":
            _walk(child, inline, relations, _target(child, relations) or link)
        elif name == "fldSimple":
            _walk(child, inline, relations, _field_link(child.get(W + "instr", "")) or link)
        elif name in ("oMath", "oMathPara"):
            _formula(child, inline)
        else:
            _walk(child, inline, relations, link)


def _formula(element: Element, inline: Inline) -> None:
    text = omml.linear(element)
    if text:
        inline.formulas.append(text)
        inline.runs.append(Run(f"${text}$", code=False))


def _target(hyperlink: Element, relations: dict[str, Relation]) -> str:
    relation = relations.get(hyperlink.get(_R + "id", ""))
    anchor = hyperlink.get(W + "anchor", "")
    return (relation.target if relation else "") + (f"#{anchor}" if anchor else "")


def _field_link(instruction: str) -> str:
    words = instruction.split()
    if len(words) > 1 and words[0].upper() == "HYPERLINK":
        local_mark = "#" if words[1] == "\\l" and len(words) > 2 else ""  # noqa: PLR2004  # the mark and its name
        return local_mark + words[2 if local_mark else 1].strip('"')
    return ""


def _look(run: Element) -> dict[str, object]:
    properties = run.find(W + "rPr")
    if properties is None:
        return {}
    look: dict[str, object] = {}
    for tag, name in (("b", "bold"), ("i", "italic"), ("strike", "struck")):
        mark = properties.find(W + tag)
        if mark is not None and mark.get(W + "val", "1") not in ("0", "false", "off"):
            look[name] = True
    script = properties.find(W + "vertAlign")
    if script is not None and script.get(W + "val") in ("superscript", "subscript"):
        look["script"] = script.get(W + "val")[:-6]
    return look


def _run(run: Element, inline: Inline, relations: dict[str, Relation], link: str) -> None:
    text = ""
    look = _look(run)

    def flush() -> None:
        nonlocal text
        if text:
            address = link or next((one for one in reversed(inline.links) if one), "")
            inline.runs.append(Run(text, link=address, **look))  # type: ignore[arg-type]  # only names of Run
            text = ""

    for child in run:
        name = local(child)
        if name == "fldChar":
            flush()
            _field(child.get(W + "fldCharType", ""), inline)
        elif name == "instrText":
            inline.instruction += child.text or ""
        elif inline.in_instruction:
            continue
        elif name in _NOTES:
            flush()
            reference = _NOTES[name] + child.get(W + "id", "")
            inline.runs.append(Run(f"[{reference}]", script="super", note=reference))
        else:
            text += _piece(child, name, inline, relations)
    flush()


def _field(kind: str, inline: Inline) -> None:
    if kind == "begin":
        inline.instruction, inline.in_instruction = "", True
        inline.links.append("")
    elif kind == "separate":
        inline.in_instruction = False
        if inline.links:
            inline.links[-1] = _field_link(inline.instruction)
    elif kind == "end":
        inline.in_instruction = False
        if inline.links:
            inline.links.pop()


_FIXED = {"tab": "\t", "ptab": "\t", "noBreakHyphen": "-", "cr": "\n"}


def _piece(child: Element, name: str, inline: Inline, relations: dict[str, Relation]) -> str:
    if name == "t":
        return child.text or ""
    if name == "br":
        inline.page_break = inline.page_break or child.get(W + "type") == "page"
        return "" if child.get(W + "type") in ("page", "column") else "\n"
    if name == "sym":
        return _symbol(child.get(W + "char", ""))
    if name == "commentReference":
        inline.comments.append(child.get(W + "id", ""))
    elif name in _DRAWINGS:
        _drawing(child, inline, relations)
    return _FIXED.get(name, "")


def _symbol(code: str) -> str:
    try:
        number = int(code, 16)
    except ValueError:
        return ""
    # Symbol fonts live in a private area; their plain ASCII twin is what people see most often.
    return chr(number - 0xF000) if 0xF020 <= number <= 0xF07E else "•" if number >= 0xF000 else chr(number)  # noqa: PLR2004  # the private area's bounds


def _drawing(element: Element, inline: Inline, relations: dict[str, Relation]) -> None:
    if element.tag == _MC + "AlternateContent":
        chosen = element.find(_MC + "Choice")
        element = chosen if chosen is not None else element
    for node in element.iter():
        name = local(node)
        if any(ancestor.tag in (W + "txbxContent", _MC + "Fallback") for ancestor in _between(node, element)):
            continue
        if name == "txbxContent":
            inline.text_boxes.append(node)
        elif name in ("blip", "imagedata"):
            reference = node.get(_R + "embed") or node.get(_R + "link") or node.get(_R + "id") or ""
            relation = relations.get(reference)
            if relation is not None:
                alt = _alternative(element)
                inline.pictures.append(
                    Picture(reference=relation.target, alt=alt, external=relation.external)
                )


def _between(node: Element, top: Element) -> list[Element]:
    found = []
    parent = node.getparent()
    while parent is not None and parent is not top:
        found.append(parent)
        parent = parent.getparent()
    return found


def _alternative(element: Element) -> str:
    for node in element.iter():
        if local(node) == "docPr":
            return str(node.get("descr") or node.get("title") or "")
        if local(node) == "shape" and node.get("alt"):
            return str(node.get("alt"))
    return ""
