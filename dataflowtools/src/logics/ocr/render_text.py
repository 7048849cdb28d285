"""A reading as plain text, Markdown or hOCR."""

from collections.abc import Iterator, Sequence
from html import escape

from dataflowtools.src.logics.ocr.join_text import is_wide, needs_space, page_text, paragraph_text
from dataflowtools.src.logics.ocr.model import Block, Line, PageReading, Quad, TableCell, around

_SPECIAL = str.maketrans({letter: f"\\{letter}" for letter in "\\`*_[]<>|#~$"})


def render_text(pages: Sequence[PageReading]) -> str:
    """Write the pages, a form feed between them."""
    return "\n\f".join(page_text(page) for page in pages)


def render_markdown(pages: Sequence[PageReading]) -> str:
    """Write paragraphs as running text and tables as tables."""
    parts = [_markdown_block(block) for page in pages for block in page.blocks]
    return "\n\n".join(part for part in parts if part) + "\n"


def _markdown_block(block: Block) -> str:
    if block.is_table:
        return _markdown_table(block.cells)
    groups = block.paragraphs or [list(range(len(block.lines)))]
    texts = (paragraph_text([block.lines[index] for index in group]) for group in groups)
    return "\n\n".join(_escaped(text) for text in texts)


def _escaped(text: str) -> str:
    text = text.translate(_SPECIAL)
    if text[:1] in {"-", "+"} or text.split(".")[0].isdecimal():
        return text.replace(".", "\\.", 1) if text[:1].isdecimal() else "\\" + text
    return text


def _markdown_table(cells: Sequence[TableCell]) -> str:
    rows = max(cell.row + cell.row_span for cell in cells)
    columns = max(cell.column + cell.column_span for cell in cells)
    grid = [[""] * columns for _ in range(rows)]
    for cell in cells:
        grid[cell.row][cell.column] = cell.text.translate(_SPECIAL).replace("\n", " ")
    lines = ["| " + " | ".join(row) + " |" for row in grid]
    return "\n".join([lines[0], "|" + " --- |" * columns, *lines[1:]])


def render_hocr(pages: Sequence[PageReading]) -> str:
    """Write hOCR 1.2."""
    body = "\n".join(line for page in pages for line in _hocr_page(page))
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE html>\n'
        '<html xmlns="http://www.w3.org/1999/xhtml"><head><title></title><meta charset="utf-8"/>'
        '<meta name="ocr-system" content="dataflowtools"/>'
        '<meta name="ocr-capabilities" content="ocr_page ocr_carea ocr_par ocr_line ocrx_word"/>'
        f"</head><body>\n{body}\n</body></html>\n"
    )


def _hocr_page(page: PageReading) -> Iterator[str]:
    name = f"page_{page.number}"
    yield (
        f'<div class="ocr_page" id="{name}" '
        f'title="bbox 0 0 {page.width} {page.height}; ppageno {page.number - 1}">'
    )
    for index, block in enumerate(page.blocks, start=1):
        place = f"{name}_{index}"
        yield f'<div class="ocr_carea" id="block_{place}" title="{_bbox(block.quad)}">'
        groups = block.paragraphs or [list(range(len(block.lines)))]
        for order, group in enumerate(groups, start=1):
            lines = [block.lines[position] for position in group]
            box = _bbox(around([line.quad for line in lines]).quad) if lines else _bbox(block.quad)
            yield f'<p class="ocr_par" id="par_{place}_{order}" title="{box}">'
            for count, line in enumerate(lines, start=1):
                yield _hocr_line(line, f"{place}_{order}_{count}", page.rotation)
            yield "</p>"
        yield "</div>"
    yield "</div>"


def _hocr_line(line: Line, place: str, rotation: int) -> str:
    words = [_hocr_word(line, index, place) for index in range(len(line.words))]
    if not words:
        title = f"{_bbox(line.quad)}; x_wconf {round(100 * line.confidence)}"
        words = [f'<span class="ocrx_word" id="word_{place}_1" title="{title}">{escape(line.text)}</span>']
    turn = f"; textangle {-rotation % 360}" if rotation else ""
    return (
        f'<span class="ocr_line" id="line_{place}" title="{_bbox(line.quad)}{turn}">'
        + "".join(words)
        + "</span>"
    )


def _hocr_word(line: Line, index: int, place: str) -> str:
    word = line.words[index]
    after = line.words[index + 1].text if index + 1 < len(line.words) else ""
    space = " " if after and needs_space(word.text, after) and not is_wide(after[0]) else ""
    return (
        f'<span class="ocrx_word" id="word_{place}_{index + 1}" title="{_bbox(word.quad)}; '
        f'x_wconf {round(100 * word.confidence)}">{escape(word.text)}</span>{space}'
    )


def _bbox(quad: Quad) -> str:
    rect = around([quad])
    return f"bbox {round(rect.left)} {round(rect.top)} {round(rect.right)} {round(rect.bottom)}"
