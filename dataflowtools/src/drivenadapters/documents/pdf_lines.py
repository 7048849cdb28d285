"""Words of a page as lines and columns, in the order in which people read them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from dataflowtools.src.drivenadapters.documents.pdf_page import Word
from dataflowtools.src.logics.file.documents.model import Box

SOFT_HYPHEN = "\u0002"
_MAX_DEPTH = 12
_MIN_GUTTER = 9.0
_PROSE_WORDS = 2.5
_COLUMN_LINES = 3


@dataclass(slots=True)
class Line:
    """Words on one baseline, from left to right."""

    words: list[Word] = field(default_factory=list)

    @property
    def box(self) -> Box:
        """Where the line stands."""
        return box_of(self.words)

    @property
    def size(self) -> float:
        """The height of most of its words."""
        return sorted(word.size for word in self.words)[len(self.words) // 2]

    @property
    def points(self) -> float:
        """The size of the type that most of its words are set in."""
        return sorted(word.points or word.size for word in self.words)[len(self.words) // 2]

    @property
    def text(self) -> str:
        """The words with spaces where people put them."""
        return join([word.text for word in self.words])


def box_of(words: Sequence[Word]) -> Box:
    """Surround words."""
    return Box(
        min(word.left for word in words),
        min(word.top for word in words),
        max(word.right for word in words),
        max(word.bottom for word in words),
    )


def _is_wide(sign: str) -> bool:
    return "\u2e80" <= sign <= "\u9fff" or "\uac00" <= sign <= "\ud7a3" or "\uf900" <= sign <= "\uffef"


def join(parts: Sequence[str]) -> str:
    """Join words or lines: no space between Chinese characters, none after a soft hyphen."""
    text = ""
    for part in parts:
        if not part:
            continue
        if text.endswith(SOFT_HYPHEN):
            text = text[:-1]
        elif text and not (_is_wide(text[-1]) and _is_wide(part[0])):
            text += " "
        text += part
    return text.replace(SOFT_HYPHEN, "-")


def lines_of(words: Sequence[Word]) -> list[Line]:
    """Gather words that share a baseline."""
    lines: list[Line] = []
    middle = 0.0
    for word in sorted(words, key=lambda word: ((word.top + word.bottom) / 2, word.left)):
        own = (word.top + word.bottom) / 2
        if lines and abs(own - middle) < 0.35 * min(word.size, lines[-1].words[0].size):
            lines[-1].words.append(word)
        else:
            lines.append(Line([word]))
            middle = own
    for line in lines:
        line.words.sort(key=lambda word: word.left)
    return lines


def columns(words: Sequence[Word], depth: int = 0) -> Iterator[list[Word]]:
    """Cut a page into columns and yield their words in reading order."""
    words = list(words)
    if len(words) < 2 or depth > _MAX_DEPTH:  # noqa: PLR2004  # nothing to cut
        if words:
            yield words
        return
    cut = _gutter(words)
    if cut is not None:
        yield from columns([word for word in words if (word.left + word.right) / 2 < cut], depth + 1)
        yield from columns([word for word in words if (word.left + word.right) / 2 >= cut], depth + 1)
        return
    level = _level(words)
    if level is None:
        yield words
        return
    yield from columns([word for word in words if (word.top + word.bottom) / 2 < level], depth + 1)
    yield from columns([word for word in words if (word.top + word.bottom) / 2 >= level], depth + 1)


def _gaps(intervals: Sequence[tuple[float, float]], least: float) -> list[tuple[float, float]]:
    """Find the gaps that no interval covers."""
    gaps = []
    reach = None
    for low, high in sorted(intervals):
        if reach is not None and low - reach >= least:
            gaps.append((reach, low))
        reach = high if reach is None else max(reach, high)
    return gaps


def _gutter(words: list[Word]) -> float | None:
    """Find where a white stripe parts two columns of prose."""
    size = sorted(word.size for word in words)[len(words) // 2]
    found = _gaps([(word.left, word.right) for word in words], max(_MIN_GUTTER, 0.8 * size))
    for low, high in sorted(found, key=lambda gap: gap[0] - gap[1]):
        middle = (low + high) / 2
        left = [word for word in words if word.right <= middle]
        right = [word for word in words if word.left >= middle]
        if _is_prose(left) and _is_prose(right):
            return middle
    return None


def _is_prose(words: list[Word]) -> bool:
    lines = lines_of(words)
    letters = sum(len(word.text) for word in words)
    wide = sum(_is_wide(word.text[0]) for word in words)
    if len(lines) < _COLUMN_LINES:
        return False
    return len(words) / len(lines) >= _PROSE_WORDS or (wide > len(words) / 2 and letters / len(lines) > 8)  # noqa: PLR2004  # signs in a line of prose


def _level(words: list[Word]) -> float | None:
    """Find the height at which the page changes between one column and several."""
    lines = lines_of(words)
    if len(lines) < 2 * _COLUMN_LINES:
        return None
    best: tuple[int, float] | None = None
    edges = [(one.box.bottom, two.box.top) for one, two in pairwise(lines)]
    # Only gaps of more than the usual leading can part columns from what stands across them.
    usual = sorted(low - high for high, low in edges)[len(edges) // 2]
    for index, (high, low) in enumerate(edges):
        if low - high <= usual + 0.5:
            continue
        middle = (high + low) / 2
        parts = (
            [word for word in words if (word.top + word.bottom) / 2 < middle],
            [word for word in words if (word.top + word.bottom) / 2 >= middle],
        )
        reach = max((len(part) for part in parts if len(part) > 1 and _gutter(part) is not None), default=0)
        if reach and (best is None or reach > best[0]):
            best = (reach, middle)
        if index > 200:  # noqa: PLR2004  # a page of more lines is no page of columns
            break
    return None if best is None else best[1]
