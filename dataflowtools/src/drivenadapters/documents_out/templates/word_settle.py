"""What a filled Word part shows, brought to places where Word takes it: texts into runs, blocks between paragraphs."""

from collections.abc import Iterator
from copy import deepcopy

from dataflowtools.src.drivenadapters.documents.safe_xml import Element
from dataflowtools.src.drivenadapters.documents_out.templates.missing import pointer_to
from dataflowtools.src.drivenadapters.documents_out.word.markup import (
    make,
    plain_paragraph,
    text_elements,
    w,
)
from dataflowtools.src.errors import InvalidTemplateData

SHOWN_AT = "shown-at"  # marks what a block became with the place of the block in the data
LINE_END, TAB = "\ufdd0", "\ufdd1"  # stand for them until it is known where they stand; no text holds these
_MARKS = {ord(LINE_END): "\n", ord(TAB): "\t"}
_HOLDERS = tuple(w(name) for name in ("body", "tc", "hdr", "ftr", "txbxContent"))
_WP_PROPERTIES = "{http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing}docPr"


def settle(root: Element, *, blocks: bool, marks: bool) -> None:
    """Tidy a part; raises InvalidTemplateData for blocks within a line that are more than words."""
    if blocks:
        for element in root.xpath(f"//*[@{SHOWN_AT}]"):
            _settle_block(element)
    _wrap_bare_text(root)
    if marks:
        _write_marks(root)
    number_drawings(root)


def number_drawings(root: Element) -> None:
    """Give drawings that a loop has repeated numbers of their own."""
    seen: set[str] = set()
    for entry in root.iter(_WP_PROPERTIES):
        number = str(entry.get("id"))
        while number in seen:
            number = str(len(seen) + 100_000 + int(number) if number.isdigit() else len(seen) + 100_000)
        entry.set("id", number)
        seen.add(number)


def _settle_block(element: Element) -> None:
    """Leave a block where blocks stand; within a line, put a paragraph's runs in its place."""
    place = element.attrib.pop(SHOWN_AT)
    parent = element.getparent()
    if parent.tag not in {w("t"), w("p")}:
        return
    if not _is_words(element):
        message = f"Blocks are shown in a paragraph of their own that says {{{{p {place} }}}}."
        fault = {"pointer": pointer_to(place), "message": message}
        raise InvalidTemplateData(f"The field {place} shows blocks within a line.", [fault])
    runs = [one for one in element if one.tag != w("pPr")]
    if parent.tag == w("p"):
        _replace(element, runs)
    else:
        _split_run(element, parent, runs)


def _is_words(element: Element) -> bool:
    properties = element.find(w("pPr"))
    styled = properties is not None and any(
        properties.find(w(one)) is not None for one in ("pStyle", "numPr")
    )
    return bool(element.tag == w("p")) and not styled


def _replace(element: Element, runs: list[Element]) -> None:
    parent = element.getparent()
    place, tail = parent.index(element), element.tail
    parent.remove(element)
    if tail and tail.strip():
        runs = [*runs, make("r", *text_elements(tail))]
    parent[place:place] = runs


def _split_run(element: Element, text: Element, runs: list[Element]) -> None:
    """End the run before the element, and begin another like it after it."""
    run = text.getparent()
    rest = make("r", deepcopy(run.find(w("rPr"))))
    later = make("t")
    later.text, later.attrib["{http://www.w3.org/XML/1998/namespace}space"] = element.tail, "preserve"
    later.extend(element.itersiblings())
    rest.append(later)
    rest.extend(text.itersiblings())
    text.remove(element)
    line = run.getparent()
    after = line.index(run) + 1
    line[after:after] = [*runs, rest]


def _wrap_bare_text(root: Element) -> None:
    """Put a text that {{p … }} has left between paragraphs into one of its own, one of {{r … }} into a run."""
    for holder in list(root.iter(*_HOLDERS, w("p"))):
        for place, text in reversed(list(_bare(holder))):
            written = text.strip("\r\n").translate(_MARKS)
            whole = holder.tag == w("p")
            holder.insert(
                place, make("r", *text_elements(written)) if whole else plain_paragraph(written.strip())
            )
        holder.text = None
        for child in holder:
            child.tail = None


def _bare(holder: Element) -> Iterator[tuple[int, str]]:
    if holder.text and holder.text.strip():
        yield 0, holder.text
    for place, child in enumerate(holder, start=1):
        if child.tail and child.tail.strip():
            yield place, child.tail


def _write_marks(root: Element) -> None:
    """Write line ends and tabs of values as Word does; where Word has none, as what they are."""
    for element in list(root.iter()):
        text = element.text
        if isinstance(text, str) and (LINE_END in text or TAB in text):
            if element.tag == w("t"):
                _replace(element, text_elements(text.translate(_MARKS)))
            else:
                element.text = text.translate(_MARKS)
        for name, value in element.attrib.items():
            if LINE_END in value or TAB in value:
                element.set(name, value.translate(_MARKS))
