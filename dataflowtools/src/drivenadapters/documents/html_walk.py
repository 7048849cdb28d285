"""HTML as blocks: a walk that takes text and structure and leaves scripts, styles and frames behind."""

import re
from collections.abc import Iterator
from typing import Any

from lxml import etree, html

from dataflowtools.src.drivenadapters.documents.safe_xml import Element
from dataflowtools.src.errors import CorruptFile
from dataflowtools.src.logics.file.documents.model import (
    Block,
    BulletList,
    Caveat,
    Cell,
    Code,
    Heading,
    ListItem,
    PageBreak,
    Paragraph,
    Picture,
    Quote,
    Run,
    Table,
    text_of,
)
from dataflowtools.src.logics.file.documents.render_text import blocks_text

_LEFT_OUT = frozenset(
    [
        "script",
        "style",
        "noscript",
        "template",
        "head",
        "iframe",
        "frame",
        "object",
        "embed",
        "applet",
        "svg",
        "canvas",
        "audio",
        "video",
        "select",
        "option",
        "datalist",
        "meta",
        "link",
        "base",
        "param",
        "source",
        "track",
        "math",
    ]  # a list of words
)
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_BLOCKS = frozenset(
    [
        "p",
        "div",
        "section",
        "article",
        "main",
        "header",
        "footer",
        "nav",
        "aside",
        "address",
        "figure",
        "figcaption",
        "form",
        "fieldset",
        "details",
        "summary",
        "center",
        "ul",
        "ol",
        "dl",
        "dt",
        "dd",
        "li",
        "table",
        "pre",
        "blockquote",
        "hr",
        "body",
        "html",
        "dialog",
        "hgroup",
        "legend",
        "menu",
    ]  # a list of words
) | frozenset(_HEADINGS)
_LOOKS = {
    "b": "bold", "strong": "bold", "i": "italic", "em": "italic", "cite": "italic", "code": "code",
    "kbd": "code", "samp": "code", "tt": "code", "s": "struck", "del": "struck", "strike": "struck",
}  # fmt: skip
_SPACES = re.compile(r"[ \t\r\n\f]+")
_MAX_DEPTH = 150
_MAX_SPAN = 1000
_MAX_GRID = 2_000_000
_ACTIVE = frozenset({"script", "iframe", "object", "embed", "applet", "frame"})
_FETCHING = ("img", "link", "iframe", "script", "frame", "embed", "source", "video", "audio", "object")


NOTE = "data-footnote"


def parse_html(data: bytes, encoding: str) -> Element:
    """Parse a page or a piece of one, however broken."""
    parser = html.HTMLParser(
        encoding=encoding, no_network=True, remove_comments=True, remove_pis=True, huge_tree=False
    )
    try:
        root = html.document_fromstring(data, parser=parser, ensure_head_body=True)
    except (etree.ParserError, etree.XMLSyntaxError, ValueError, AssertionError) as exc:
        raise CorruptFile("The file holds no HTML.") from exc
    return root


def caveats(root: Element) -> list[Caveat]:
    """Tell what was left out, and what a browser would have fetched."""
    found = []
    names = {element.tag for element in root.iter() if isinstance(element.tag, str)}
    active = sorted(names & _ACTIVE)
    if active:
        found.append(Caveat(code="active_content", message=f"Left out and not run: {', '.join(active)}."))
    outside = sum(
        1
        for element in root.iter(*_FETCHING)
        if re.match(
            r"(?i)\s*([a-z][a-z0-9+.-]*:)?//|\s*file:", element.get("src") or element.get("href") or ""
        )
    )
    if outside:
        message = f"The page points to {outside} outside resources; none was fetched."
        found.append(Caveat(code="external_reference", message=message))
    return found


def blocks_of(root: Element) -> list[Block]:
    """Read the blocks of an element."""
    return list(_Walk().blocks(root, 0))


class _Walk:
    """One walk; `_runs` is the paragraph that is being collected."""

    def __init__(self) -> None:
        self._runs: list[Run] = []

    def blocks(self, element: Element, depth: int) -> Iterator[Block]:
        """Yield the blocks within an element."""
        self._say(element.text, {})
        for child in element:
            yield from self._child(child, {}, depth)
            self._say(child.tail, {})
        yield from self._flush()

    def _child(self, child: Element, look: dict[str, Any], depth: int) -> Iterator[Block]:
        tag = child.tag if isinstance(child.tag, str) else ""
        if not tag or tag in _LEFT_OUT or "hidden" in child.attrib:
            return
        if depth > _MAX_DEPTH:
            self._say(" ".join(child.itertext()), look)
        elif tag in _BLOCKS:
            yield from self._flush()
            yield from _Walk().block(child, tag, depth + 1)
        elif tag == "br":
            self._runs.append(Run("\n"))
        elif tag == "img":
            yield from self._flush()
            yield from _picture(child)
        elif tag == "input":
            return
        else:
            yield from self._inline(child, tag, look, depth)

    def _inline(self, element: Element, tag: str, look: dict[str, Any], depth: int) -> Iterator[Block]:
        own = dict(look)
        if tag in _LOOKS:
            own[_LOOKS[tag]] = True
        elif tag in ("sub", "sup"):
            own["script"] = "sub" if tag == "sub" else "super"
            if element.get(NOTE):
                own["note"] = element.get(NOTE)
        elif tag == "a" and element.get("href"):
            own["link"] = element.get("href").strip()[:4000]
        self._say(element.text, own)
        for child in element:
            yield from self._child(child, own, depth + 1)
            self._say(child.tail, own)

    def _say(self, text: str | None, look: dict[str, Any]) -> None:
        if text:
            self._runs.append(Run(_SPACES.sub(" ", text), **look))

    def _flush(self) -> Iterator[Block]:
        runs = _tidy(self._runs)
        self._runs = []
        if runs:
            yield Paragraph(runs=runs)

    def block(self, element: Element, tag: str, depth: int) -> Iterator[Block]:
        """Yield what one block element holds."""
        if tag in _HEADINGS:
            inner = list(self.blocks(element, depth))
            runs = [run for block in inner if isinstance(block, Paragraph) for run in block.runs]
            if runs:
                yield Heading(level=_HEADINGS[tag], runs=runs)
            yield from (block for block in inner if not isinstance(block, Paragraph))
        elif tag in ("ul", "ol", "menu"):
            yield from self._list(element, depth, ordered=tag == "ol")
        elif tag == "table":
            yield self._table(element, depth)
        elif tag == "pre":
            yield _code(element)
        elif tag == "blockquote":
            yield Quote(blocks=tuple(self.blocks(element, depth)))
        elif tag == "hr":
            yield PageBreak()
        else:
            yield from self.blocks(element, depth)

    def _list(self, element: Element, depth: int, *, ordered: bool) -> Iterator[Block]:
        items: list[ListItem] = []
        for child in element:
            if not isinstance(child.tag, str) or child.tag in _LEFT_OUT:
                continue
            inner = tuple(_Walk().blocks(child, depth) if child.tag == "li" else _Walk().only(child, depth))
            if child.tag == "li" or not items:
                items.append(ListItem(blocks=inner))
            else:  # a list straight inside a list belongs to the item before it
                items[-1] = ListItem(blocks=(*items[-1].blocks, *inner))
        start = element.get("start", "1")
        if items:
            number = int(start) if re.fullmatch(r"\d{1,6}", start) else 1
            yield BulletList(items=items, ordered=ordered, start=number)

    def only(self, child: Element, depth: int) -> Iterator[Block]:
        """Yield what one element holds, itself included."""
        yield from self._child(child, {}, depth)
        yield from self._flush()

    def _table(self, element: Element, depth: int) -> Table:
        grid: list[list[Cell | None]] = []
        taken: dict[tuple[int, int], bool] = {}
        caption = ""
        for row in _own_rows(element):
            if row.tag == "caption":
                caption = " ".join(row.text_content().split())
                continue
            index, line = len(grid), list[Cell | None]()
            for cell in row.iterchildren("td", "th"):
                while (index, len(line)) in taken:
                    line.append(None)
                self._place(cell, line, index, taken, depth)
            while (index, len(line)) in taken:
                line.append(None)
            grid.append(line)
        return Table(rows=_clipped(grid), caption=caption)

    def _place(
        self,
        cell: Element,
        line: list[Cell | None],
        index: int,
        taken: dict[tuple[int, int], bool],
        depth: int,
    ) -> None:
        across, down = _span(cell, "colspan"), _span(cell, "rowspan")
        if len(taken) + across * down > _MAX_GRID:
            across = down = 1
        blocks = list(_Walk().blocks(cell, depth + 1))
        rich = any(not _is_plain(block) for block in blocks)
        header = cell.tag == "th"
        text = blocks_text(blocks)
        for lower in range(1, down):
            taken.update({(index + lower, len(line) + right): True for right in range(across)})
        line.append(Cell(text, down, across, header=header, blocks=tuple(blocks) if rich else ()))
        line.extend([None] * (across - 1))


def _clipped(grid: list[list[Cell | None]]) -> list[list[Cell | None]]:
    """Let no cell span beyond the last row."""
    for index, line in enumerate(grid):
        for column, cell in enumerate(line):
            if cell is not None and cell.row_span > len(grid) - index:
                line[column] = cell._replace(row_span=len(grid) - index)
    return grid


def _own_rows(table: Element) -> Iterator[Element]:
    for child in table:
        if child.tag in ("tr", "caption"):
            yield child
        elif child.tag in ("thead", "tbody", "tfoot"):
            yield from child.iterchildren("tr")


def _span(cell: Element, name: str) -> int:
    text = cell.get(name, "1")
    if name == "rowspan" and text == "0":
        return _MAX_SPAN  # down to the table's end
    return min(max(int(text), 1), _MAX_SPAN) if re.fullmatch(r"\d{1,6}", text) else 1


def _is_plain(block: Block) -> bool:
    return isinstance(block, Paragraph) and not any(any(run[1:]) for run in block.runs)


def _tidy(runs: list[Run]) -> tuple[Run, ...]:
    """Collapse spaces across runs as a browser does."""
    tidy: list[Run] = []
    open_end = True
    for run in runs:
        text = run.text.lstrip(" ") if open_end else run.text
        if not text:
            continue
        open_end = text.endswith((" ", "\n"))
        if text.startswith("\n") and tidy:
            tidy[-1] = tidy[-1]._replace(text=tidy[-1].text.rstrip(" "))
        tidy.append(run._replace(text=text))
    while tidy and not tidy[-1].text.rstrip():
        tidy.pop()
    if tidy:
        tidy[-1] = tidy[-1]._replace(text=tidy[-1].text.rstrip())
    while tidy and not tidy[0].text.lstrip():
        tidy.pop(0)
    if tidy:
        tidy[0] = tidy[0]._replace(text=tidy[0].text.lstrip())
    return tuple(tidy) if text_of(tidy).strip() else ()


def _code(element: Element) -> Code:
    inner = element.find("code")
    names = (element.get("class") or "") + " " + ((inner.get("class") or "") if inner is not None else "")
    language = re.search(r"(?:language|lang)-([\w+#.-]+)", names)
    text = "".join(element.itertext()).strip("\n")
    return Code(text=text, language=language[1] if language else "")


def _picture(element: Element) -> Iterator[Block]:
    source = (element.get("src") or "").strip()
    if source.startswith("data:"):
        source = source.partition(",")[0][:100]
    alt = " ".join((element.get("alt") or "").split())
    if source or alt:
        yield Picture(reference=source[:4000], alt=alt, external=not source.startswith("data:"))
