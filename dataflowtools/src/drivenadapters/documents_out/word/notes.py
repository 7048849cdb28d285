"""Footnotes, endnotes and comments of one Word document, each in the part that Word keeps it in."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from dataflowtools.src.drivenadapters.documents.safe_xml import Element
from dataflowtools.src.drivenadapters.documents_out.office_package import OutPackage
from dataflowtools.src.drivenadapters.documents_out.word.markup import SPACE, W, legal, make, w
from dataflowtools.src.drivenadapters.documents_out.word.styles import Styles
from dataflowtools.src.logics.file.documents import model

_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml.{}+xml"
_SEPARATORS = ((-1, "separator"), (0, "continuationSeparator"))


class _Way(NamedTuple):
    """How Word calls what belongs to a kind of note."""

    part: str
    entry: str
    own_mark: str
    text_style: str
    mark_style: str


_WAYS = {
    model.NoteKind.FOOTNOTE: _Way(
        "footnotes", "footnote", "footnoteRef", "footnote text", "footnote reference"
    ),
    model.NoteKind.ENDNOTE: _Way("endnotes", "endnote", "endnoteRef", "endnote text", "endnote reference"),
    model.NoteKind.COMMENT: _Way(
        "comments", "comment", "annotationRef", "annotation text", "annotation reference"
    ),
}


class Notes:
    """Knows the notes that blocks bring along until a reference takes them, and writes those that are taken."""

    def __init__(self, package: OutPackage, main_part: str, styles: Styles) -> None:
        self._package, self._styles = package, styles
        self.main_part = main_part
        self._waiting: defaultdict[str, list[model.Note]] = defaultdict(list)
        self._parts: dict[model.NoteKind, str] = {}
        self._last: dict[str, int] = {}

    def learn(self, blocks: Sequence[model.Block]) -> None:
        """Keep notes for the references that name them."""
        for block in blocks:
            if isinstance(block, model.Note):
                self._waiting[block.reference].append(block)

    def take(self, reference: str) -> model.Note | None:
        """Give the note that a reference names, once."""
        waiting = self._waiting.get(reference)
        return waiting.pop(0) if waiting else None

    def claim(self, note: model.Note) -> bool:
        """Take a note that is still there, and tell whether it was."""
        waiting = self._waiting.get(note.reference, [])
        place = next((place for place, one in enumerate(waiting) if one is note), None)
        if place is not None:
            del waiting[place]
        return place is not None

    def part(self, kind: model.NoteKind) -> str:
        """Name the part for notes of a kind; it is made with the first of them."""
        if kind not in self._parts:
            way = _WAYS[kind]
            found = next(iter(self._package.targets(self.main_part, way.part).values()), "")
            self._parts[kind] = found if found in self._package else self._made(kind, way)
        return self._parts[kind]

    def _made(self, kind: model.NoteKind, way: _Way) -> str:
        made = self._package.fresh_name(f"word/{way.part}{{}}.xml", first="")
        self._package.put(made, f'<w:{way.part} xmlns:w="{W}"/>'.encode())
        self._package.set_type(made, _TYPE.format(way.part))
        self._package.relate(self.main_part, way.part, made)
        if kind is not model.NoteKind.COMMENT:
            self._package.change(made).extend(_separator(way, *one) for one in _SEPARATORS)
        return made

    def add(self, note: model.Note, content: list[Element]) -> Element:
        """Write a note and return the run that refers to it."""
        way, part = _WAYS[note.kind], self.part(note.kind)
        root = self._package.change(part)
        if part not in self._last:
            self._last[part] = max((int(one.get(w("id"), 0)) for one in root), default=0)
        self._last[part] = number = self._last[part] + 1
        entry = make(way.entry, *self._marked(way, content), id=number)
        if note.kind is model.NoteKind.COMMENT:
            _sign(entry, note)
        root.append(entry)
        return make(
            "r",
            make("rPr", make("rStyle", val=self._styles.find(way.mark_style, "character"))),
            make(f"{way.entry}Reference", id=number),
        )

    def _marked(self, way: _Way, content: list[Element]) -> list[Element]:
        """Put the note's own mark before its text."""
        if not content or content[0].tag != w("p"):
            content = [make("p"), *content]
        first = content[0]
        properties = first.find(w("pPr"))
        if properties is None:
            properties = make("pPr")
            first.insert(0, properties)
        if properties.find(w("pStyle")) is None:
            properties.insert(0, make("pStyle", val=self._styles.find(way.text_style)))
        look = make("rPr", make("rStyle", val=self._styles.find(way.mark_style, "character")))
        first.insert(1, make("r", look, make(way.own_mark)))
        if way.entry != "comment":
            first.insert(2, make("r", _space()))
        return content if content[-1].tag == w("p") else [*content, make("p")]


def _space() -> Element:
    space = make("t")
    space.text = " "
    space.set(SPACE, "preserve")
    return space


def _separator(way: _Way, number: int, kind: str) -> Element:
    return make(way.entry, make("p", make("r", make(kind))), type=kind, id=number)


def _sign(entry: Element, note: model.Note) -> None:
    """Tell who commented, and when."""
    author = legal(note.author) or "unknown"
    entry.set(w("author"), author)
    entry.set(w("initials"), "".join(part[0] for part in author.split()[:3]))
    try:
        moment = datetime.fromisoformat(note.date)
    except ValueError:
        return
    entry.set(w("date"), moment.replace(microsecond=0).isoformat().replace("+00:00", "Z"))


def anchor(paragraph: Element, reference: Element) -> None:
    """Add a note's reference to a paragraph; a comment is about what stands right before it."""
    comment = reference.find(w("commentReference"))
    if comment is not None:
        number = comment.get(w("id"))
        before = paragraph[-1] if len(paragraph) and paragraph[-1].tag != w("pPr") else None
        start = make("commentRangeStart", id=number)
        if before is None:
            paragraph.append(start)
        else:
            before.addprevious(start)
        paragraph.append(make("commentRangeEnd", id=number))
    paragraph.append(reference)
