"""The recognised lines as rules of documents look at them: by label, by row, by place."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from dataflowtools.src.logics.ocr.model import Field, Line, PageReading, Rect
from dataflowtools.src.logics.ocr.reading_order import Item, rows_of

_SPACES = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class SeenLine:
    """A line, its page and its text without spaces."""

    line: Line
    page: int
    text: str
    rect: Rect

    def field(self, value: str, confidence: float | None = None) -> Field:
        """Make a field of what was read here."""
        sure = self.line.confidence if confidence is None else confidence
        return Field(value=value, confidence=sure, page=self.page, quad=self.line.quad)


def seen_lines(pages: Sequence[PageReading]) -> list[SeenLine]:
    """List the lines of all pages from top to bottom and from left to right."""
    seen = []
    for page in pages:
        turned = [(line, _upright(line.rect, page)) for line in page.lines]
        for row in rows_of([Item(rect, line) for line, rect in turned]):
            seen += [SeenLine(item.value, page.number, squeezed(item.value.text), item.rect) for item in row]
    return seen


def _upright(rect: Rect, page: PageReading) -> Rect:
    """See the page as it is read."""
    left, top, right, bottom = rect
    if page.rotation == 90:  # noqa: PLR2004  # degrees
        return Rect(page.height - bottom, left, page.height - top, right)
    if page.rotation == 180:  # noqa: PLR2004  # degrees
        return Rect(page.width - right, page.height - bottom, page.width - left, page.height - top)
    if page.rotation == 270:  # noqa: PLR2004  # degrees
        return Rect(top, page.width - right, bottom, page.width - left)
    return rect


def squeezed(text: str) -> str:
    """Without spaces, with the colons, brackets and letters that people type."""
    table = str.maketrans("：（）￥，．", ":()¥,.")
    return _SPACES.sub("", text).translate(table)


def first_match(lines: Sequence[SeenLine], pattern: str) -> tuple[SeenLine, re.Match[str]] | None:
    """Find the first line that a pattern is in."""
    for line in lines:
        found = re.search(pattern, line.text)
        if found is not None:
            return line, found
    return None


def after_label(lines: Sequence[SeenLine], label: str, value: str) -> Field | None:
    """Find a value behind its label, in the same line or in the next one to the right."""
    for line in lines:
        match = re.search(f"(?:{label}):?", line.text)
        if match is None:
            continue
        rest = re.match(f"({value})", line.text[match.end() :].lstrip(":"))
        if rest is not None and rest[1]:
            return line.field(rest[1])
        beside = right_of(lines, line)
        found = None if beside is None else re.match(f"({value})", beside.text.lstrip(":"))
        if beside is not None and found is not None and found[1]:
            return beside.field(found[1])
    return None


def right_of(lines: Sequence[SeenLine], line: SeenLine) -> SeenLine | None:
    """The nearest line to the right in the same row."""
    height = line.rect.height
    beside = [
        other
        for other in lines
        if other.page == line.page
        and other is not line
        and other.rect.left >= line.rect.right - height
        and abs(other.rect.centre[1] - line.rect.centre[1]) < 0.7 * height  # the same row
    ]
    return min(beside, key=lambda other: other.rect.left, default=None)
