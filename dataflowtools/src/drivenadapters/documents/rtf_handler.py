"""Rich text (rtf): our own reading of groups, code pages, tables, looks and what stands outside the text."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

from dataflowtools.src.drivenadapters.documents import rtf_facts
from dataflowtools.src.drivenadapters.documents.lists import FlatItem, gather
from dataflowtools.src.drivenadapters.documents.rtf_tables import RtfTable
from dataflowtools.src.drivenadapters.documents.text_handlers import read_bytes
from dataflowtools.src.errors import CorruptFile
from dataflowtools.src.logics.file.documents.handler import DocumentHandler, Source
from dataflowtools.src.logics.file.documents.model import (
    Block,
    Document,
    Heading,
    Note,
    NoteKind,
    Paragraph,
    Region,
    RegionKind,
    Run,
    text_of,
)
from dataflowtools.src.logics.file.documents.options import ReadOptions

_TOKEN = re.compile(
    rb"\\([a-zA-Z]{1,32})(-?\d{1,10})? ?|\\'([0-9a-fA-F]{2})|\\([^a-zA-Z])|([{}])|[\r\n]+|([^\\{}\r\n]+)"
)
_SKIPPED = frozenset(
    (b"fonttbl", b"colortbl", b"stylesheet", b"info", b"pict", b"object", b"themedata", b"datastore",
    b"latentstyles", b"listtable", b"listoverridetable", b"rsidtbl", b"generator", b"xmlnstbl", b"mmathPr",
    b"revtbl", b"nonshppict", b"wgrffmtfilter", b"pgdsctbl", b"filetbl")
)  # fmt: skip
_SIGNS = {
    b"tab": "\t", b"line": "\n", b"emdash": "—", b"endash": "–", b"lquote": "‘", b"rquote": "’",
    b"ldblquote": "“", b"rdblquote": "”", b"bullet": "•", b"emspace": " ", b"enspace": " ",
    b"qmspace": " ",
}  # fmt: skip
_MAX_GROUPS = 1000
_LINK = re.compile(r'HYPERLINK\s+(?:\\l\s+)?"([^"]{1,4000})"|HYPERLINK\s+([^\s"\\]{1,4000})')
_ORDERED = re.compile(r"\W{0,2}(?:(\d{1,6})|[A-Za-z]{1,5})[.):]?\W{0,2}\Z")
_REGIONS = {
    **dict.fromkeys((b"header", b"headerl", b"headerr", b"headerf"), RegionKind.HEADER),
    **dict.fromkeys((b"footer", b"footerl", b"footerr", b"footerf"), RegionKind.FOOTER),
}
_CELLS = frozenset((b"trleft", b"clmrg", b"clvmrg", b"cellx"))
_MAX_LEVEL = 6
_MAX_DEPTH = 20
_DESTINATIONS = {b"listtext": "marker", b"pntext": "marker", b"fldinst": "instruction"}


class RtfHandler(DocumentHandler):
    """Reads rich text."""

    formats: ClassVar[frozenset[str]] = frozenset({"rtf"})

    def read(self, source: Source, options: ReadOptions) -> Document:
        """Read paragraphs and tables."""
        del options
        data = read_bytes(source.file)
        if not data.rstrip(b"\0\r\n \t").endswith(b"}"):
            raise CorruptFile("The rich text ends in the middle.")
        return Document(blocks=gather(_Reading(data).blocks()), metadata=rtf_facts.properties(data, _text))


def _text(data: bytes) -> str:
    blocks = _Reading(data).blocks()
    return " ".join(text_of(block.runs) for block in blocks if isinstance(block, Paragraph)).strip()


@dataclass(frozen=True, slots=True)
class _State:
    skipped: bool = False
    bold: bool = False
    italic: bool = False
    struck: bool = False
    encoding: str = ""
    fallback: int = 1
    aside: bytes = b""
    into: str = ""
    link: str = ""


@dataclass(slots=True)
class _Reading:
    """One pass over the tokens."""

    data: bytes
    state: _State = field(default_factory=_State)
    groups: list[_State] = field(default_factory=list)
    fonts: dict[int, str] = field(default_factory=dict)
    encoding: str = "cp1252"
    pending: bytearray = field(default_factory=bytearray)
    runs: list[Run] = field(default_factory=list)
    table: RtfTable = field(default_factory=RtfTable)
    in_table: bool = False
    headings: dict[int, int] = field(default_factory=dict)
    level: int = 0
    depth: int = -1
    marker: str = ""
    instruction: str = ""
    starred: bool = False
    swallow: int = 0
    high: int = 0
    outer: list[Run] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    regions: list[Region] = field(default_factory=list)

    def blocks(self) -> Iterator[Block | FlatItem]:
        """Yield the blocks."""
        self.encoding = rtf_facts.code_page(self.data)
        self.fonts = rtf_facts.fonts(self.data)
        self.headings = rtf_facts.heading_styles(self.data)
        for token in _TOKEN.finditer(self.data):
            word, number, byte, sign, brace, text = token.groups()
            if word is not None:
                yield from self._word(word, int(number) if number else None)
            elif brace is not None:
                self._brace(brace)
            elif self.state.skipped:
                continue
            elif byte is not None:
                self._bytes(bytes([int(byte, 16)]))
            elif sign is not None:
                self._sign(sign)
            elif text is not None:
                self._bytes(text)
        yield from self._paragraph()
        yield from self.table.taken()
        yield from self.notes
        yield from self.regions

    def _brace(self, brace: bytes) -> None:
        self._decode()
        if brace == b"{":
            if len(self.groups) >= _MAX_GROUPS:
                raise CorruptFile("The rich text is nested deeper than is read.")
            self.groups.append(self.state)
        elif self.groups:
            before, self.state = self.state, self.groups.pop()
            if before.aside and not self.state.aside:
                self._end_aside(before.aside)
        self.starred = False

    def _begin_aside(self, word: bytes) -> None:
        """Collect a note, a header or a footer apart from the text around it."""
        self._decode()
        self.state = replace(self.state, skipped=False, aside=word)
        self.outer, self.runs = self.runs, []

    def _end_aside(self, word: bytes) -> None:
        runs, self.runs = _trimmed(self.runs), self.outer
        if word != b"footnote":
            region = Region(kind=_REGIONS[word], blocks=(Paragraph(runs=runs),))
            if text_of(runs).strip() and region not in self.regions:
                self.regions.append(region)
            return
        reference = str(len(self.notes) + 1)
        self.notes.append(Note(kind=NoteKind.FOOTNOTE, reference=reference, blocks=(Paragraph(runs=runs),)))
        self.runs.append(Run(f"[{reference}]", script="super", note=reference))

    def _sign(self, sign: bytes) -> None:
        if sign == b"*":
            self.state = replace(self.state, skipped=True)
        elif sign in b"\\{}":
            self._bytes(sign)
        elif sign in b"~_":
            self._say("\u00a0" if sign == b"~" else "-")
        elif sign in b"\r\n":
            self._say("\n")

    def _bytes(self, data: bytes) -> None:
        if self.swallow:
            taken = min(self.swallow, len(data))
            self.swallow -= taken
            data = data[taken:]
        self.pending += data

    def _decode(self) -> None:
        if self.pending:
            data = bytes(self.pending)
            self.pending.clear()
            self._add(data.decode(self.state.encoding or self.encoding, errors="replace"))

    def _say(self, text: str) -> None:
        self._decode()
        self._add(text)

    def _add(self, text: str) -> None:
        state = self.state
        if state.skipped or not text:
            return
        if state.into == "marker":
            self.marker += text
        elif state.into == "instruction":
            self.instruction += text
        else:
            look = Run(text, state.bold, state.italic, struck=state.struck, link=state.link)
            self.runs.append(look)

    def _word(self, word: bytes, number: int | None) -> Iterator[Block | FlatItem]:
        if (word == b"footnote" or word in _REGIONS) and not self.state.aside:
            self._begin_aside(word)
            return
        if word in _DESTINATIONS:
            self._decode()
            self.state = replace(self.state, skipped=False, into=_DESTINATIONS[word])
        elif word in _SKIPPED:
            self._decode()
            self.state = replace(self.state, skipped=True)
        if not self.state.skipped:
            yield from self._spoken(word, number)

    def _spoken(self, word: bytes, number: int | None) -> Iterator[Block | FlatItem]:
        if word in _SIGNS:
            self._say(_SIGNS[word])
        elif word == b"u" and number is not None:
            self._unicode(number)
        elif word in (b"par", b"sect", b"page", b"cell", b"row", b"trowd"):
            self._decode()
            yield from self._structure(word)
        else:
            self._look(word, number)

    def _unicode(self, number: int) -> None:
        code = number + 65536 if number < 0 else number
        if 0xD800 <= code < 0xDC00:  # noqa: PLR2004  # the first half of a pair
            self.high = code
        elif self.high and 0xDC00 <= code < 0xE000:  # noqa: PLR2004  # the second half of a pair
            self._say(chr(0x10000 + ((self.high - 0xD800) << 10) + code - 0xDC00))
            self.high = 0
        elif code <= 0x10FFFF:  # noqa: PLR2004  # Unicode's last code
            self._say(chr(code) if not 0xD800 <= code < 0xE000 else "\ufffd")  # noqa: PLR2004  # half a pair
        self.swallow = self.state.fallback

    def _look(self, word: bytes, number: int | None) -> None:
        self._decode()
        changes: dict[str, Any] = {}
        if word in (b"b", b"i", b"strike"):
            name = {b"b": "bold", b"i": "italic", b"strike": "struck"}[word]
            changes = {name: number != 0}
        elif word == b"plain":
            changes = {"bold": False, "italic": False, "struck": False}
        elif word == b"f" and number is not None:
            changes = {"encoding": self.fonts.get(number, "")}
        elif word == b"uc" and number is not None:
            changes = {"fallback": max(0, min(number, 10))}
        else:
            self._place(word, number)
        if changes:
            self.state = replace(self.state, **changes)

    def _place(self, word: bytes, number: int | None) -> None:
        if word == b"fldrslt":
            self.state = replace(self.state, link=_address(self.instruction))
        elif word in _CELLS:
            self.table.define(word, number)
        elif not self.state.into and not self.state.aside:
            self._place_paragraph(word, number)

    def _place_paragraph(self, word: bytes, number: int | None) -> None:
        """Take what a paragraph says of its place: in a table, a list or among headings."""
        if word == b"intbl":
            self.in_table = True
        elif word == b"pard":
            self.in_table, self.level, self.depth, self.marker = False, 0, -1, ""
        elif word == b"s" and number is not None:
            self.level = self.headings.get(number, 0)
        elif word == b"outlinelevel" and number is not None:
            self.level = number + 1 if 0 <= number < _MAX_LEVEL else 0
        elif word == b"ls":
            self.depth = max(self.depth, 0)
        elif word == b"ilvl":
            self.depth = min(max(number or 0, 0), _MAX_DEPTH)
        elif word == b"field":
            self.instruction = ""

    def _structure(self, word: bytes) -> Iterator[Block | FlatItem]:
        if word == b"cell":
            self.table.texts.append(f"{self._marked()}{text_of(self.runs)}".strip())
            self.runs = []
        elif word == b"row":
            self.table.end_row()
        elif word == b"trowd":
            self.in_table = True
            self.table.define(word, None)
        elif self.in_table or self.table.texts or self.state.aside:
            self.runs.append(Run("\n"))
        else:
            yield from self._paragraph()

    def _marked(self) -> str:
        marker, self.marker = self.marker.strip(), ""
        return f"{marker} " if marker else ""

    def _paragraph(self) -> Iterator[Block | FlatItem]:
        self._decode()
        runs, self.runs = tuple(self.runs), []
        if not text_of(runs).strip():
            return
        yield from self.table.taken()
        if self.level:
            self.marker = ""
            bold = all(
                run.bold for run in runs if run.text.strip() and not run.note
            )  # the style's own look says nothing
            yield Heading(level=self.level, runs=[run._replace(bold=run.bold and not bold) for run in runs])
        elif self.marker.strip():
            yield self._item(Paragraph(runs=runs))
        else:
            yield Paragraph(runs=runs)

    def _item(self, paragraph: Paragraph) -> FlatItem:
        marker, self.marker = self.marker.strip(), ""
        ordered = _ORDERED.match(marker)
        number = int(ordered[1]) if ordered is not None and ordered[1] else 1
        return FlatItem(
            max(self.depth, 0), ordered=ordered is not None, number=number, marker=marker, blocks=(paragraph,)
        )


def _address(instruction: str) -> str:
    """Tell where a field leads, if it is a link."""
    found = _LINK.search(instruction)
    return (found[1] or found[2] or "") if found is not None else ""


def _trimmed(runs: list[Run]) -> tuple[Run, ...]:
    while runs and not runs[-1].text.strip():
        runs.pop()
    return tuple(runs)
