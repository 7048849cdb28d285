"""The document as HTML that holds nothing but our own tags: no script, style, event or unsafe address."""

import re
from collections.abc import Sequence
from html import escape
from urllib.parse import urlsplit

from dataflowtools.src.logics.file.documents import model

_SAFE_SCHEMES = frozenset({"http", "https", "mailto", "tel", "ftp"})
_HIGHEST = 6
_INLINE_PICTURE = re.compile(r"data:image/(?:png|jpeg|gif);base64,[A-Za-z0-9+/]+={0,2}")


def render_html(document: model.Document) -> str:
    """Write a whole page; everything from the document is escaped."""
    title = escape(str(document.metadata.get("title") or ""))
    body = "\n".join(_block(block) for block in document.blocks)
    head = f'<!DOCTYPE html>\n<html>\n<head><meta charset="utf-8"><title>{title}</title></head>'
    return f"{head}\n<body>\n{body}\n</body>\n</html>\n"


def safe_link(link: str) -> str:
    """Return an address that a browser may follow, or nothing."""
    cleaned = "".join(sign for sign in link if sign > " " and sign != "\x7f")
    try:
        scheme = urlsplit(cleaned).scheme.lower()
    except ValueError:
        return ""
    if scheme in _SAFE_SCHEMES or (not scheme and cleaned.startswith("#")):
        return cleaned
    return ""


def _blocks(blocks: Sequence[model.Block]) -> str:
    return "\n".join(_block(block) for block in blocks)


def _block(block: model.Block) -> str:  # noqa: C901, PLR0911  # one line a kind of block
    match block:
        case model.Heading():
            level = min(max(block.level, 1), _HIGHEST)
            return f"<h{level}>{_runs(block.runs)}</h{level}>"
        case model.Paragraph():
            return f"<p>{_runs(block.runs)}</p>"
        case model.BulletList():
            return _list(block)
        case model.Table():
            return _table(block)
        case model.Picture():
            return _picture(block)
        case model.Code():
            return f"<pre><code>{escape(block.text)}</code></pre>"
        case model.Formula():
            return f'<p class="formula"><code>{escape(block.text)}</code></p>'
        case model.Quote():
            return f"<blockquote>{_blocks(block.blocks)}</blockquote>"
        case model.Region():
            return f'<aside class="{block.kind}">{_blocks(block.blocks)}</aside>'
        case model.Note():
            mark = escape(f"[{block.reference}] {block.author}".strip())
            return f'<aside class="{block.kind}"><b>{mark}</b> {_blocks(block.blocks)}</aside>'
        case _:
            return "<hr>"


def _picture(block: model.Picture) -> str:
    if _INLINE_PICTURE.fullmatch(block.reference):  # nothing is fetched, and none of these can hold a script
        return f'<figure><img src="{block.reference}" alt="{escape(block.alt)}"></figure>'
    caption = escape(block.alt or block.reference)
    return f'<figure data-reference="{escape(block.reference)}"><figcaption>{caption}</figcaption></figure>'


def _runs(runs: Sequence[model.Run]) -> str:
    return "".join(_run(run) for run in runs)


def _run(run: model.Run) -> str:
    written = escape(run.text).replace("\n", "<br>")
    marks = (
        (run.code, "code"),
        (run.struck, "s"),
        (run.script == "super", "sup"),
        (run.script == "sub", "sub"),
        (run.italic, "em"),
        (run.bold, "strong"),
    )
    for wanted, tag in marks:
        if wanted:
            written = f"<{tag}>{written}</{tag}>"
    address = safe_link(run.link)
    return f'<a href="{escape(address)}" rel="noopener nofollow">{written}</a>' if address else written


def _list(block: model.BulletList) -> str:
    tag = "ol" if block.ordered else "ul"
    start = f' start="{block.start}"' if block.ordered and block.start != 1 else ""
    items = "\n".join(f"<li>{_blocks(item.blocks)}</li>" for item in block.items)
    return f"<{tag}{start}>\n{items}\n</{tag}>"


def _table(table: model.Table) -> str:
    rows = "\n".join(
        "<tr>" + "".join(_cell(cell) for cell in row if cell is not None) + "</tr>" for row in table.rows
    )
    caption = f"<caption>{escape(table.caption)}</caption>\n" if table.caption else ""
    return f"<table>\n{caption}{rows}\n</table>"


def _cell(cell: model.Cell) -> str:
    tag = "th" if cell.header else "td"
    spans = "".join(
        f' {name}="{count}"'
        for name, count in (("rowspan", cell.row_span), ("colspan", cell.col_span))
        if count > 1
    )
    body = _blocks(cell.blocks) if cell.blocks else _run(model.Run(cell.text, link=cell.link))
    return f"<{tag}{spans}>{body}</{tag}>"
