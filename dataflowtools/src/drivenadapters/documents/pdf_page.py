"""What stands on a page of a PDF: words with their places, ruled lines and pictures, all turned upright."""

import ctypes
import math
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import pypdfium2.raw as pdfium

from dataflowtools.src.drivenadapters.documents.pdf_links import LinkArea, link_areas

MAX_CHARACTERS = 400_000
MAX_OBJECTS = 200_000
_SOFT_HYPHEN = 2
_MAX_FORM_DEPTH = 8
_FEW_CHARACTERS = 20
_THIN = 3.0
_STRAIGHT = 1.0
_SEGMENT_LINE, _SEGMENT_MOVE = pdfium.FPDF_SEGMENT_LINETO, pdfium.FPDF_SEGMENT_MOVETO
_BROKEN = frozenset("\ufffd\ufffe\uffff")
_QUARTER = math.pi / 2


class Word(NamedTuple):
    """A word with its place from the top left corner; its size is its height, its points those of the font."""

    text: str
    left: float
    top: float
    right: float
    bottom: float
    size: float
    bold: bool = False
    link: str = ""
    points: float = 0.0


class Rule(NamedTuple):
    """A straight line, horizontal or vertical."""

    left: float
    top: float
    right: float
    bottom: float


@dataclass(slots=True)
class Page:
    """The parts of one page."""

    number: int
    width: float
    height: float
    rotation: int = 0
    words: list[Word] = field(default_factory=list)
    horizontal: list[Rule] = field(default_factory=list)
    vertical: list[Rule] = field(default_factory=list)
    pictures: list[Rule] = field(default_factory=list)
    aside: list[list[Word]] = field(default_factory=list)
    characters: int = 0
    unmapped: int = 0
    truncated: bool = False
    plain: str | None = None


class _Turn:
    """Turns the page's own coordinates into upright ones from the top left of what is shown."""

    def __init__(self, frame: tuple[float, float, float, float], rotation: int) -> None:
        left, bottom, right, top = frame
        self.rotation = rotation
        self._frame = frame
        turned = self.rotation in (90, 270)
        self.width, self.height = (top - bottom, right - left) if turned else (right - left, top - bottom)

    def box(self, x0: float, y0: float, x1: float, y1: float) -> tuple[float, float, float, float]:
        left, bottom, right, top = self._frame
        if self.rotation == 0:
            return x0 - left, top - y1, x1 - left, top - y0
        if self.rotation == 90:  # noqa: PLR2004  # degrees
            return y0 - bottom, x0 - left, y1 - bottom, x1 - left
        if self.rotation == 180:  # noqa: PLR2004  # degrees
            return right - x1, y0 - bottom, right - x0, y1 - bottom
        return top - y1, right - x1, top - y0, right - x0


def read_plain(page: Any, number: int) -> Page:
    """Read nothing but the text in the file's own order, which takes a tenth of the time."""
    frame, rotation = page.get_bbox(), page.get_rotation() % 360
    turn = _Turn(frame, rotation)
    found = Page(number, turn.width, turn.height, rotation)
    text = page.get_textpage()
    try:
        found.plain = text.get_text_range().replace("\r\n", "\n").replace("\ufffe", "-")
    finally:
        text.close()
    found.characters = sum(map(len, found.plain.split()))
    found.unmapped = sum(map(found.plain.count, _BROKEN))
    if found.characters < _FEW_CHARACTERS:
        _objects(page.raw, turn, found)
    return found


def read_page(page: Any, number: int, document: Any = None) -> Page:
    """Read a page that pypdfium2 has loaded; with its document, links are told too."""
    rotation = page.get_rotation() % 360
    found = Page(number, 0.0, 0.0, rotation)
    text = page.get_textpage()
    try:
        directions = _glyphs(text.raw, found)
    finally:
        text.close()
    most = max(directions, key=lambda one: len(directions[one]), default=rotation)
    frame = page.get_bbox()
    turn = _Turn(frame, most)
    found.width, found.height = turn.width, turn.height
    found.words = _words(directions.pop(most, []), turn)
    found.aside = [_words(glyphs, _Turn(frame, angle)) for angle, glyphs in sorted(directions.items())]
    _objects(page.raw, turn, found)
    areas = list(link_areas(page.raw, document))
    if areas:
        found.words = [_linked(word, areas, turn) for word in found.words]
    return found


def _linked(word: Word, areas: list[LinkArea], turn: _Turn) -> Word:
    x, y = (word.left + word.right) / 2, (word.top + word.bottom) / 2
    for area in areas:
        left, top, right, bottom = turn.box(area.left, area.bottom, area.right, area.top)
        if left <= x <= right and top <= y <= bottom:
            return word._replace(link=area.address)
    return word


class _Glyph(NamedTuple):
    code: int
    left: float
    top: float
    right: float
    bottom: float
    size: float
    weight: int
    points: float


_END = _Glyph(0, 0, 0, 0, 0, 0, 0, 0)


def _words(glyphs: list[_Glyph], turn: _Turn) -> list[Word]:
    """Gather glyphs into words; those that come turned are turned upright."""
    words: list[Word] = []
    current: list[_Glyph] = []
    for raw in glyphs:
        if raw is _END:
            _close(current, words)
            continue
        left, top, right, bottom = turn.box(raw.left, raw.bottom, raw.right, raw.top)
        glyph = _Glyph(raw.code, left, top, right, bottom, (bottom - top) or raw.size, raw.weight, raw.points)
        if current and not _follows(current[-1], glyph):
            _close(current, words)
        current.append(glyph)
    _close(current, words)
    return words


def _glyphs(text: Any, page: Page) -> dict[int, list[_Glyph]]:
    """List the glyphs by the quarter turn in which they are drawn, in the file's order, words parted by _END."""
    count = pdfium.FPDFText_CountChars(text)
    page.truncated = count > MAX_CHARACTERS
    rect = pdfium.FS_RECTF()
    place = ctypes.byref(rect)
    get_code, get_box = pdfium.FPDFText_GetUnicode, pdfium.FPDFText_GetLooseCharBox
    get_size, get_weight = pdfium.FPDFText_GetFontSize, pdfium.FPDFText_GetFontWeight
    has_error = pdfium.FPDFText_HasUnicodeMapError
    directions: dict[int, list[_Glyph]] = {}
    last: list[_Glyph] = []
    high, weight, size, points, word_starts, unmapped = 0, 0, 0.0, 0.0, True, False
    for index in range(min(max(count, 0), MAX_CHARACTERS)):
        code = get_code(text, index)
        if (code <= 32 and code != _SOFT_HYPHEN) or code == 0xA0:  # noqa: PLR2004  # spaces and control signs
            last.append(_END)
            word_starts = True
            continue
        if 0xD800 <= code < 0xDC00:  # noqa: PLR2004  # the first half of a pair
            high = code
            continue
        if high and 0xDC00 <= code < 0xE000:  # noqa: PLR2004  # the second half of a pair
            code = 0x10000 + ((high - 0xD800) << 10) + (code - 0xDC00)
        high = 0
        page.characters += 1
        if not get_box(text, index, place):
            continue
        if (
            word_starts
        ):  # a word has one look and one direction; asking for each glyph would cost as much again
            last = directions.setdefault(_direction(text, index), [])
            weight, unmapped = get_weight(text, index), has_error(text, index) == 1
            size = get_size(text, index)
            points = size * _scale(text, index)
            word_starts = False
        page.unmapped += unmapped or chr(code) in _BROKEN
        box = (rect.left, rect.top, rect.right, rect.bottom)
        last.append(_Glyph(code, *box, size, weight, points))
    return directions


def _scale(text: Any, index: int) -> float:
    """Return by how much the page stretches a glyph's height: programs set type of one point and stretch it."""
    matrix = pdfium.FS_MATRIX()
    if not pdfium.FPDFText_GetMatrix(text, index, ctypes.byref(matrix)):
        return 0.0
    return math.hypot(matrix.c, matrix.d)


def _direction(text: Any, index: int) -> int:
    """Return the quarter turn, in degrees, by which a glyph is turned on the page."""
    angle = pdfium.FPDFText_GetCharAngle(text, index)
    return 0 if angle <= 0 else -round(angle / _QUARTER) % 4 * 90  # pdfium counts clockwise


def _follows(one: _Glyph, two: _Glyph) -> bool:
    """Say whether a glyph goes on the word of the one before."""
    height = max(min(one.size, two.size), 1.0)
    overlap = min(one.bottom, two.bottom) - max(one.top, two.top)
    gap = two.left - one.right
    # The letters of a ligature share its box.
    return overlap > 0.5 * height and (-0.6 * height < gap < 0.2 * height or one[1:5] == two[1:5])


def _close(glyphs: list[_Glyph], words: list[Word]) -> None:
    if not glyphs:
        return
    text = "".join(chr(glyph.code) for glyph in glyphs)
    words.append(
        Word(
            text,
            min(glyph.left for glyph in glyphs),
            min(glyph.top for glyph in glyphs),
            max(glyph.right for glyph in glyphs),
            max(glyph.bottom for glyph in glyphs),
            max(glyph.size for glyph in glyphs),
            glyphs[0].weight >= 600,  # noqa: PLR2004  # semibold and up
            points=max(glyph.points for glyph in glyphs),
        )
    )
    glyphs.clear()


def _objects(page: Any, turn: _Turn, found: Page) -> None:
    identity = (1.0, 0.0, 0.0, 1.0, 0.0, 0.0)
    walk = _Walk(turn, found)
    for index in range(min(pdfium.FPDFPage_CountObjects(page), MAX_OBJECTS)):
        _object(pdfium.FPDFPage_GetObject(page, index), identity, walk, 0)


Matrix = tuple[float, float, float, float, float, float]


@dataclass(slots=True)
class _Walk:
    """Where what is drawn goes, and how much of it may still come."""

    turn: _Turn
    found: Page
    left: int = MAX_OBJECTS


def _object(item: Any, outer: Matrix, walk: _Walk, depth: int) -> None:
    walk.left -= 1
    if walk.left <= 0:
        walk.found.truncated = True
        return
    kind = pdfium.FPDFPageObj_GetType(item)
    if kind == pdfium.FPDF_PAGEOBJ_PATH:
        _path(item, outer, walk)
    elif kind == pdfium.FPDF_PAGEOBJ_IMAGE:
        corners = [ctypes.c_float() for _ in range(4)]
        if pdfium.FPDFPageObj_GetBounds(item, *corners):
            points = [corner.value for corner in corners]
            walk.found.pictures.append(Rule(*_turned(points, outer, walk.turn)))
    elif kind == pdfium.FPDF_PAGEOBJ_FORM and depth < _MAX_FORM_DEPTH:
        matrix = _times(_matrix(item), outer)
        for index in range(pdfium.FPDFFormObj_CountObjects(item)):
            _object(pdfium.FPDFFormObj_GetObject(item, index), matrix, walk, depth + 1)


def _matrix(item: Any) -> Matrix:
    raw = pdfium.FS_MATRIX()
    if not pdfium.FPDFPageObj_GetMatrix(item, raw):
        return (1.0, 0.0, 0.0, 1.0, 0.0, 0.0)
    return (raw.a, raw.b, raw.c, raw.d, raw.e, raw.f)


def _times(one: Matrix, two: Matrix) -> Matrix:
    a, b, c, d, e, f = one
    g, h, i, j, k, m = two
    return (
        a * g + b * i, a * h + b * j, c * g + d * i, c * h + d * j, e * g + f * i + k, e * h + f * j + m
    )  # fmt: skip


def _apply(matrix: Matrix, x: float, y: float) -> tuple[float, float]:
    a, b, c, d, e, f = matrix
    return a * x + c * y + e, b * x + d * y + f


def _turned(points: list[float], matrix: Matrix, turn: _Turn) -> tuple[float, float, float, float]:
    one, two = _apply(matrix, points[0], points[1]), _apply(matrix, points[2], points[3])
    return turn.box(min(one[0], two[0]), min(one[1], two[1]), max(one[0], two[0]), max(one[1], two[1]))


def _is_drawn(item: Any) -> bool:
    fill, stroke = ctypes.c_int(), ctypes.c_int()
    if not pdfium.FPDFPath_GetDrawMode(item, fill, stroke):
        return False
    return bool(fill.value or stroke.value)


def _path(item: Any, outer: Matrix, walk: _Walk) -> None:
    if not _is_drawn(item):
        return
    matrix = _times(_matrix(item), outer)
    start: tuple[float, float] | None = None
    last: tuple[float, float] | None = None
    x, y = ctypes.c_float(), ctypes.c_float()
    count = pdfium.FPDFPath_CountSegments(item)
    walk.left -= count
    for index in range(min(count, MAX_OBJECTS)):
        segment = pdfium.FPDFPath_GetPathSegment(item, index)
        pdfium.FPDFPathSegment_GetPoint(segment, x, y)
        point = _apply(matrix, x.value, y.value)
        kind = pdfium.FPDFPathSegment_GetType(segment)
        if kind == _SEGMENT_MOVE:
            start = point
        elif kind == _SEGMENT_LINE and last is not None:
            _rule(last, point, walk)
        last = point
        if pdfium.FPDFPathSegment_GetClose(segment) and start is not None:
            _rule(last, start, walk)
            last = start


def _rule(one: tuple[float, float], two: tuple[float, float], walk: _Walk) -> None:
    left, top, right, bottom = walk.turn.box(
        min(one[0], two[0]), min(one[1], two[1]), max(one[0], two[0]), max(one[1], two[1])
    )
    wide, high = right - left, bottom - top
    if wide >= _THIN and high <= _STRAIGHT:
        walk.found.horizontal.append(Rule(left, top, right, bottom))
    elif high >= _THIN and wide <= _STRAIGHT:
        walk.found.vertical.append(Rule(left, top, right, bottom))
