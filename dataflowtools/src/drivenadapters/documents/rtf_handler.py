"""Rich text (rtf): our own reading of groups, code pages, tables, looks and what stands outside the text."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

from dataflowtools.src.drivenadapters.documents.text_handlers import read_bytes
from dataflowtools.src.errors import CorruptFile
from dataflowtools.src.logics.file.documents.handler import DocumentHandler, Source
from dataflowtools.src.logics.file.documents.model import (
    Block,
    Cell,
    Document,
    Note,
    NoteKind,
    Paragraph,
    Run,
    Table,
    text_of,
)
from dataflowtools.src.logics.file.documents.options import ReadOptions

_TOKEN = re.compile(
    rb"\\([a-zA-Z]{1,32})(-?\d{1,10})? ?|\\'([0-9a-fA-F]{2})|\\([^a-zA-Z])|([{}])|[\r\n]+|([^\\{}\r\n]+)"
)
_SKIPPED = frozenset(
    (b"fonttbl", b"colortbl", b"stylesheet", b"info", b"pict", b"object", b"themedata", b"datastore",
    b"latentstyles", b"listtable", b"listoverridetable", b"rsidtbl", b"generator", b"xmlnstbl", b"mmathPr",
    b"fldinst", b"header", b"footer", b"headerl", b"headerr", b"footerl", b"footerr", b"headerf",
    b"footerf", b"pntext", b"revtbl", b"nonshppict", b"wgrffmtfilter", b"pgdsctbl", b"filetbl")
)  # fmt: skip
_SIGNS = {
    b"tab": "\t", b"line": "\n", b"emdash": "—", b"endash": "–", b"lquote": "‘", b"rquote": "’",
    b"ldblquote": "“", b"rdblquote": "”", b"bullet": "•", b"emspace": " ", b"enspace": " ",
    b"qmspace": " ",
}  # fmt: skip
_CHARSETS = {
    0: "cp1252", 128: "cp932", 129: "cp949", 134: "gb18030", 136: "big5", 161: "cp1253",
    162: "cp1254", 163: "cp1258", 177: "cp1255", 178: "cp1256",
    186: "cp1257", 204: "cp1251", 222: "cp874", 238: "cp1250",
}  # fmt: skip
_MAX_GROUPS = 1000
_INFO_BYTES = 1 << 16
_PROPERTIES = {
    b"title": "title", b"author": "author", b"subject": "subject", b"keywords": "keywords",
    b"operator": "last_modified_by", b"company": "company", b"doccomm": "description",
}  # fmt: skip
_INFO = re.compile(
    rb"\{(?:\\\*)?\\(title|author|subject|keywords|operator|company|doccomm) ?((?:[^{}\\]|\\.|\{\\\*?[^{}]*\})*)\}"
)
_MOMENT = re.compile(
    rb"\\(creatim|revtim)\\yr(\d{4})\\mo(\d{1,2})\\dy(\d{1,2})(?:\\hr(\d{1,2}))?(?:\\min(\d{1,2}))?"
)


class RtfHandler(DocumentHandler):
    """Reads rich text."""

    formats: ClassVar[frozenset[str]] = frozenset({"rtf"})

    def read(self, source: Source, options: ReadOptions) -> Document:
        """Read paragraphs and tables."""
        del options
        data = read_bytes(source.file)
        if not data.rstrip(b"\0\r\n \t").endswith(b"}"):
            raise CorruptFile("The rich text ends in the middle.")
        return Document(blocks=list(_Reading(data).blocks()), metadata=_info(data))


def _info(data: bytes) -> dict[str, Any]:
    """Read what the group of properties tells; each of its texts is read as a document of its own."""
    start = data.find(b"{\\info", 0, 1 << 20)
    if start < 0:
        return {}
    head = data[: data.find(b"{", 1)]
    found: dict[str, Any] = {}
    for key, text in _INFO.findall(data[start : start + _INFO_BYTES]):
        runs = _Reading(head + b" " + text + b"}").blocks()
        told = " ".join(text_of(block.runs) for block in runs if isinstance(block, Paragraph)).strip()
        if told:
            found.setdefault(_PROPERTIES[key], told[:2000])
    for key, *numbers in _MOMENT.findall(data[start : start + _INFO_BYTES]):
        year, month, day, hour, minute = (int(number or 0) for number in numbers)
        name = "created" if key == b"creatim" else "modified"
        found[name] = f"{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:00"
    return found


@dataclass(frozen=True, slots=True)
class _State:
    skipped: bool = False
    bold: bool = False
    italic: bool = False
    struck: bool = False
    encoding: str = ""
    fallback: int = 1
    in_note: bool = False


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
    row: list[Cell | None] = field(default_factory=list)
    rows: list[list[Cell | None]] = field(default_factory=list)
    in_table: bool = False
    starred: bool = False
    swallow: int = 0
    high: int = 0
    outer: list[Run] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)

    def blocks(self) -> Iterator[Block]:
        """Yield the blocks."""
        self._read_fonts()
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
        yield from self._table()
        yield from self.notes

    def _read_fonts(self) -> None:
        page = re.search(rb"\\ansicpg(\d+)", self.data[:4096])
        if page is not None:
            self.encoding = _codec(f"cp{int(page[1])}", self.encoding)
        for number, charset in re.findall(
            rb"\\f(\d{1,5})[^;{}]{0,200}?\\fcharset(\d{1,3})", self.data[: 1 << 20]
        ):
            self.fonts[int(number)] = _CHARSETS.get(int(charset), "")

    def _brace(self, brace: bytes) -> None:
        self._decode()
        if brace == b"{":
            if len(self.groups) >= _MAX_GROUPS:
                raise CorruptFile("The rich text is nested deeper than is read.")
            self.groups.append(self.state)
        elif self.groups:
            was_note, self.state = self.state.in_note, self.groups.pop()
            if was_note and not self.state.in_note:
                self._end_note()
        self.starred = False

    def _begin_note(self) -> None:
        self._decode()
        self.state = replace(self.state, skipped=False, in_note=True)
        self.outer, self.runs = self.runs, []

    def _end_note(self) -> None:
        runs, self.runs = tuple(self.runs), self.outer
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
        if not self.state.skipped and text:
            self.runs.append(Run(text, self.state.bold, self.state.italic, struck=self.state.struck))

    def _word(self, word: bytes, number: int | None) -> Iterator[Block]:
        if word == b"footnote" and not self.state.in_note:
            self._begin_note()
            return
        if word in _SKIPPED:
            self._decode()
            self.state = replace(self.state, skipped=True)
        if self.state.skipped:
            if word == b"bin" and number:
                self.swallow = 0
            return
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
        elif word == b"intbl":
            self.in_table = True
        elif word == b"pard":
            self.in_table = False
        if changes:
            self.state = replace(self.state, **changes)

    def _structure(self, word: bytes) -> Iterator[Block]:
        if word == b"cell":
            self.row.append(Cell(text_of(self.runs).strip()))
            self.runs = []
        elif word == b"row":
            if self.row:
                self.rows.append(self.row)
            self.row = []
        elif word == b"trowd":
            self.in_table = True
        elif self.in_table or self.row or self.state.in_note:
            self.runs.append(Run("\n"))
        else:
            yield from self._paragraph()

    def _paragraph(self) -> Iterator[Block]:
        self._decode()
        runs, self.runs = self.runs, []
        if text_of(runs).strip():
            yield from self._table()
            yield Paragraph(runs=tuple(runs))

    def _table(self) -> Iterator[Block]:
        rows, self.rows = self.rows, []
        if rows:
            yield Table(rows=rows)


def _codec(name: str, default: str) -> str:
    try:
        b"".decode(name)
    except LookupError:
        return default
    return name
