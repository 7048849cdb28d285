"""How words become lines and lines become text, in scripts with and without spaces."""

from collections.abc import Sequence

from dataflowtools.src.logics.ocr.model import Block, Line, PageReading, Word


def is_wide(letter: str) -> bool:
    """Whether a letter belongs to a script that sets no spaces."""
    return "\u2e80" <= letter <= "\u9fff" or "\uf900" <= letter <= "\ufaff" or "\uff00" <= letter <= "\uffef"


def join_words(words: Sequence[Word]) -> str:
    """Join words that stand beside each other."""
    text = ""
    for word in words:
        text += word.text if not text or not needs_space(text, word.text) else " " + word.text
    return text


def needs_space(before: str, after: str) -> bool:
    """Whether a space belongs between two stretches of text."""
    return bool(before and after) and not (is_wide(before[-1]) or is_wide(after[0]))


def block_text(block: Block) -> str:
    """Write a block, its lines below each other; rows of a table with tabs between the cells."""
    if not block.is_table:
        return "\n".join(line.text for line in block.lines)
    rows: dict[int, list[str]] = {}
    for cell in sorted(block.cells, key=lambda cell: (cell.row, cell.column)):
        rows.setdefault(cell.row, []).append(cell.text.replace("\n", " "))
    return "\n".join("\t".join(row).rstrip("\t") for row in rows.values())


def paragraph_text(lines: Sequence[Line]) -> str:
    """Join the lines of a paragraph to running text; a hyphen at a line's end joins what it divided."""
    text = ""
    for line in lines:
        if text.endswith("-") and text[-2:-1].isalpha() and line.text[:1].islower():
            text = text[:-1] + line.text
        elif needs_space(text, line.text):
            text += " " + line.text
        else:
            text += line.text
    return text


def page_text(page: PageReading) -> str:
    """Write a page, an empty line between blocks."""
    return "\n\n".join(text for block in page.blocks if (text := block_text(block)))
