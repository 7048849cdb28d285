"""Builds nested lists out of the flat paragraphs that most formats store."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from dataflowtools.src.logics.file.documents.model import Block, BulletList, ListItem

_MAX_DEPTH = 20


@dataclass(frozen=True, slots=True)
class FlatItem:
    """One list paragraph: how deep it stands and how it is numbered."""

    depth: int
    ordered: bool
    number: int
    marker: str
    blocks: Sequence[Block]


def gather(entries: Iterable[Block | FlatItem]) -> list[Block]:
    """Replace each stretch of flat items by nested lists."""
    blocks: list[Block] = []
    pending: list[FlatItem] = []
    for entry in entries:
        if isinstance(entry, FlatItem):
            pending.append(entry)
            continue
        blocks.extend(_nested(pending, 0))
        pending.clear()
        blocks.append(entry)
    blocks.extend(_nested(pending, 0))
    return blocks


def _nested(items: Sequence[FlatItem], level: int) -> list[BulletList]:
    """Split a stretch into lists of one kind; deeper items belong to the item before them."""
    lists: list[BulletList] = []
    if not items:
        return lists
    depth = min(item.depth for item in items)
    at = 0
    while at < len(items):
        kind, start, own = items[at].ordered, items[at].number, []
        while at < len(items) and (items[at].ordered == kind or items[at].depth > depth):
            end = at + 1
            while end < len(items) and items[end].depth > depth and level < _MAX_DEPTH:
                end += 1
            inner = _nested(items[at + 1 : end], level + 1)
            own.append(ListItem(blocks=(*items[at].blocks, *inner), marker=items[at].marker))
            at = end
        lists.append(BulletList(items=tuple(own), ordered=kind, start=start if kind else 1))
    return lists
