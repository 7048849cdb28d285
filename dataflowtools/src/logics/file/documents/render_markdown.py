"""The document as GitHub's Markdown; what the text says literally is escaped so that it still says it."""

import re
from collections.abc import Iterator, Sequence

from dataflowtools.src.logics.file.documents import model
from dataflowtools.src.logics.file.documents.render_html import safe_link
from dataflowtools.src.logics.file.documents.render_text import block_text

_MARKS = "\\`*_[]<>&~|"
_ESCAPED = str.maketrans({mark: "\\" + mark for mark in _MARKS})
_IN_CELL = _ESCAPED | str.maketrans({"\n": "<br>", "\r": "", "\t": " "})
_LINE_START = re.compile(r"^([#+\-=]|\d+(?=[.)](\s|$)))")
_HIGHEST = 6


def render_markdown(document: model.Document) -> str:
    """Write all blocks, a blank line between them."""
    return "\n\n".join(text for block in document.blocks if (text := _block(block))) + "\n"


def escape(text: str) -> str:
    """Escape what Markdown would take for markup."""
    return text.translate(_ESCAPED)


def _escape_start(match: re.Match[str]) -> str:
    mark = match[1]
    return f"{mark}\\" if mark.isdigit() else f"\\{mark}"


def _blocks(blocks: Sequence[model.Block], *, tight: bool = False) -> str:
    return ("\n" if tight else "\n\n").join(text for block in blocks if (text := _block(block)))


def _block(block: model.Block) -> str:  # noqa: C901, PLR0911  # one line a kind of block
    match block:
        case model.Heading():
            text = " ".join(_runs(block.runs).split())
            return f"{'#' * min(max(block.level, 1), _HIGHEST)} {text}" if text else ""
        case model.Paragraph():
            return _lines(_runs(block.runs).strip())
        case model.BulletList():
            return "\n".join(_items(block))
        case model.Table():
            return _table(block)
        case model.Picture():
            return f"![{escape(block.alt)}]({_address(block.reference)})"
        case model.Code():
            return _fenced(block)
        case model.Formula():
            return "$$" + block.text.replace("$", r"\$").replace("\n", " ") + "$$" if block.text else ""
        case model.Quote() | model.Region(kind=model.RegionKind.TEXT_BOX):
            return _quoted(_blocks(block.blocks))
        case model.Region():
            return _blocks(block.blocks)
        case model.Note():
            return _note(block)
        case _:
            return "---"


def _lines(text: str) -> str:
    """Keep line ends within a paragraph by hard breaks; a blank line would end the paragraph."""
    lines = (line.strip() for line in text.split("\n"))
    return "  \n".join(_LINE_START.sub(_escape_start, line) for line in lines if line)


def _runs(runs: Sequence[model.Run]) -> str:
    return "".join(_run(run) for run in _joined(runs))


def _joined(runs: Sequence[model.Run]) -> Iterator[model.Run]:
    """Join neighbours of one look, so that no mark opens where another has just closed."""
    held: model.Run | None = None
    for run in runs:
        if held is not None and held[1:] == run[1:]:
            held = held._replace(text=held.text + run.text)
            continue
        if held is not None:
            yield held
        held = run
    if held is not None:
        yield held


def _run(run: model.Run) -> str:
    if run.note:
        return f"[^{_label(run.note)}]"
    core = run.text.strip()
    if not core:
        return run.text
    lead = run.text[: len(run.text) - len(run.text.lstrip())]
    trail = run.text[len(run.text.rstrip()) :]
    written = _code(core) if run.code else escape(core)
    for wanted, mark in ((run.struck, "~~"), (run.italic, "*"), (run.bold, "**")):
        if wanted:
            written = f"{mark}{written}{mark}"
    if run.script:
        tag = "sup" if run.script == "super" else "sub"
        written = f"<{tag}>{written}</{tag}>"
    address = safe_link(run.link)
    return f"{lead}[{written}]({_address(address)}){trail}" if address else lead + written + trail


def _code(text: str) -> str:
    fence = "`" * (max((len(ticks) for ticks in re.findall("`+", text)), default=0) + 1)
    text = text.replace("\n", " ")
    return f"{fence} {text} {fence}" if "`" in text else f"{fence}{text}{fence}"


def _address(address: str) -> str:
    bare = address.replace("\n", " ").replace("<", "%3C").replace(">", "%3E")
    return f"<{bare}>" if re.search(r"[\s()]", bare) else bare


def _items(block: model.BulletList) -> Iterator[str]:
    for number, item in enumerate(block.items, block.start):
        marker = f"{number}." if block.ordered else "-"
        body = _blocks(item.blocks, tight=True)
        indent = " " * (len(marker) + 1)
        yield f"{marker} {body.replace(chr(10), chr(10) + indent)}".rstrip()


def _fenced(block: model.Code) -> str:
    longest = max((len(ticks) for ticks in re.findall("`+", block.text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{re.sub(r'[^A-Za-z0-9+#.-]', '', block.language)}\n{block.text.rstrip(chr(10))}\n{fence}"


def _quoted(text: str) -> str:
    return "\n".join(f"> {line}".rstrip() for line in text.split("\n")) if text else ""


def _label(reference: str) -> str:
    return re.sub(r"[^A-Za-z0-9_-]", "", reference) or "note"


def _note(note: model.Note) -> str:
    body = _blocks(note.blocks, tight=True)
    if note.kind is model.NoteKind.COMMENT:
        author = f"**{escape(note.author)}:** " if note.author else ""
        return _quoted(author + body)
    return f"[^{_label(note.reference)}]: " + body.replace("\n", "\n    ")


def _table(table: model.Table) -> str:
    width = max((len(row) for row in table.rows), default=0)
    if not width:
        return ""
    rows = [[_cell(cell) for cell in row] + [""] * (width - len(row)) for row in table.rows]
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    lines.insert(1, "|" + " --- |" * width)
    caption = f"**{escape(table.caption)}**\n\n" if table.caption else ""
    return caption + "\n".join(lines)


def _cell(cell: model.Cell | None) -> str:
    if cell is None:
        return ""
    if cell.blocks:
        parts = (_cell_block(block) for block in cell.blocks)
        return "<br>".join(part for part in parts if part)
    written = cell.text.strip().translate(_IN_CELL)
    address = safe_link(cell.link)
    return f"[{written}]({_address(address).replace('|', '%7C')})" if address and written else written


def _cell_block(block: model.Block) -> str:
    if isinstance(block, model.Paragraph | model.Heading):
        return _flat(_runs(block.runs).strip())
    if isinstance(block, model.Picture):
        return _flat(_block(block))
    return _flat(escape(block_text(block).strip()))


def _flat(text: str) -> str:
    return text.replace("\r", "").replace("\n", "<br>").replace("\t", " ")
