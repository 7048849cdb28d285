"""Text that was recognised on a page, on its way into the document model."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from dataflowtools.src.logics.file.documents.model import Block, Box, Cell, Paragraph, Table, plain


class RecognisedBlock(NamedTuple):
    """A paragraph, or a table's rows; the place is in shares of the page's width and height."""

    text: str
    place: tuple[float, float, float, float]
    rows: Sequence[Sequence[str]] = ()


Recognised = Mapping[int, Sequence[RecognisedBlock]]


def as_message(pages: Recognised) -> dict[str, Any]:
    """Write recognised pages for a worker."""
    return {str(number): [list(block) for block in blocks] for number, blocks in pages.items()}


def from_message(message: Mapping[str, Any]) -> Recognised:
    """Read what `as_message` wrote."""
    return {
        int(number): [RecognisedBlock(text, tuple(place), rows) for text, place, rows in blocks]
        for number, blocks in message.items()
    }


def blocks_of(found: Sequence[RecognisedBlock], number: int, width: float, height: float) -> Iterator[Block]:
    """Make blocks of the model, placed on a page of that size."""
    for one in found:
        left, top, right, bottom = one.place
        box = Box(left * width, top * height, right * width, bottom * height)
        if one.rows:
            yield Table(rows=[[Cell(text) for text in row] for row in one.rows], page=number, box=box)
        else:
            yield Paragraph(runs=plain(one.text), page=number, box=box)
