"""Markdown with tables and footnotes."""

import re
from typing import ClassVar

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock
from markdown_it.rules_inline import StateInline

from dataflowtools.src.drivenadapters.documents import html_walk
from dataflowtools.src.drivenadapters.documents.text_handlers import read_text
from dataflowtools.src.logics.file.documents.handler import DocumentHandler, Source
from dataflowtools.src.logics.file.documents.model import Block, Document, Note, NoteKind
from dataflowtools.src.logics.file.documents.options import ReadOptions

_FRONT_MATTER = re.compile(r"\A---\r?\n(.*?)\r?\n---\r?\n", re.DOTALL)
_DEFINITION = re.compile(r"\[\^([^\]\s]{1,100})\]:[ \t]*")
_REFERENCE = re.compile(r"\[\^([^\]\s]{1,100})\]")
_NOTES = "footnotes"


class MarkdownHandler(DocumentHandler):
    """Reads Markdown; HTML within it goes through the same sieve as HTML."""

    formats: ClassVar[frozenset[str]] = frozenset({"md"})
    engine: ClassVar[str] = "markdown-it-py"

    def read(self, source: Source, options: ReadOptions) -> Document:
        """Read blocks, and the footnotes after them."""
        text, metadata, caveats = read_text(source.file, options.encoding)
        front = _FRONT_MATTER.match(text)
        if front is not None:
            metadata["front_matter"] = front[1][:10_000]
            text = text[front.end() :]
        notes: dict[str, str] = {}
        root = html_walk.parse_html(_rendered(text, notes), "utf-8")
        blocks: list[Block] = html_walk.blocks_of(root.body)
        for reference, note in notes.items():
            inner = html_walk.blocks_of(html_walk.parse_html(_rendered(note, {}), "utf-8").body)
            blocks.append(Note(kind=NoteKind.FOOTNOTE, reference=reference, blocks=tuple(inner)))
        return Document(blocks=blocks, metadata=metadata, warnings=(*caveats, *html_walk.caveats(root)))


def _rendered(text: str, notes: dict[str, str]) -> bytes:
    parser = MarkdownIt("commonmark", {"maxNesting": 100}).enable(["table", "strikethrough"])
    parser.block.ruler.before("reference", "footnote", _define, {"alt": ["paragraph", "reference"]})
    parser.inline.ruler.before("link", "footnote", _refer)
    return str(parser.render(text, {_NOTES: notes})).encode() or b"<p></p>"


def _define(state: StateBlock, line: int, end: int, silent: bool) -> bool:
    """Take `[^1]: text` and the lines that go on with it out of the text."""
    if state.is_code_block(line):
        return False
    found = _DEFINITION.match(state.getLines(line, line + 1, state.blkIndent, keepLastLF=False))
    if found is None:
        return False
    if silent:
        return True
    last = line + 1
    while last < end and not _ends_note(state, last):
        last += 1
    text = state.getLines(line, last, state.blkIndent, keepLastLF=False)[found.end() :]
    state.env[_NOTES].setdefault(found[1], re.sub(r"\n[ \t]+", "\n", text))
    state.line = last
    return True


def _ends_note(state: StateBlock, line: int) -> bool:
    if state.isEmpty(line):
        return line + 1 >= state.lineMax or state.isEmpty(line + 1) or state.sCount[line + 1] < 4  # noqa: PLR2004 - indent
    return _DEFINITION.match(state.getLines(line, line + 1, state.blkIndent, keepLastLF=False)) is not None


def _refer(state: StateInline, silent: bool) -> bool:
    found = _REFERENCE.match(state.src, state.pos)
    if found is None or found[1] not in state.env.get(_NOTES, {}):
        return False
    if not silent:
        state.push("footnote_open", "sup", 1).attrs[html_walk.NOTE] = found[1]
        state.push("text", "", 0).content = f"[{found[1]}]"
        state.push("footnote_close", "sup", -1)
    state.pos = found.end()
    return True
