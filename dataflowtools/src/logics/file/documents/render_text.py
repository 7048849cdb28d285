"""The document as plain text: tables by tabs, lists by their markers."""

from collections.abc import Iterator, Sequence

from dataflowtools.src.logics.file.documents import model


def render_text(document: model.Document) -> str:
    """Write the text of all blocks, a blank line between them."""
    return "\n\n".join(text for block in document.blocks if (text := block_text(block).strip("\n"))) + "\n"


def blocks_text(blocks: Sequence[model.Block]) -> str:
    """Write blocks that stand within another one, a line each."""
    return "\n".join(text for block in blocks if (text := block_text(block)))


def block_text(block: model.Block) -> str:  # noqa: PLR0911  # one line a kind of block
    """Write the text of one block."""
    match block:
        case model.Heading() | model.Paragraph():
            return model.text_of(block.runs)
        case model.BulletList():
            return "\n".join(_items(block, 0))
        case model.Table():
            return _table(block)
        case model.Picture():
            return block.alt
        case model.Code() | model.Formula():
            return block.text
        case model.Quote() | model.Region():
            return blocks_text(block.blocks)
        case model.Note():
            return f"[{block.reference}] {blocks_text(block.blocks)}"
        case _:
            return ""


def _items(block: model.BulletList, depth: int) -> Iterator[str]:
    for number, item in enumerate(block.items, block.start):
        marker = item.marker or (f"{number}." if block.ordered else "-")
        lead = "  " * depth + marker + " "
        for child in item.blocks:
            if isinstance(child, model.BulletList):
                yield from _items(child, depth + 1)
            else:
                yield lead + block_text(child).replace("\n", "\n" + " " * len(lead))
                lead = " " * len(lead)
        if not item.blocks:
            yield lead.rstrip()


def _table(table: model.Table) -> str:
    lines = [_line(row) for row in table.rows]
    return "\n".join([table.caption, *lines] if table.caption else lines)


def _line(row: Sequence[model.Cell | None]) -> str:
    return "\t".join("" if cell is None else " ".join(cell.text.split()) for cell in row)
