"""What is seen of a form's fields, drawn with fonts that have the characters."""

import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pypdf import PdfReader, PdfWriter
from pypdf.generic import ArrayObject, DictionaryObject, FloatObject, NameObject, StreamObject
from reportlab.pdfgen.canvas import Canvas

from dataflowtools.src.drivenadapters.documents_out.pdf import fonts
from dataflowtools.src.drivenadapters.documents_out.pdf.fields import Field, inherited

_MULTILINE, _PASSWORD, _COMB = 1 << 12, 1 << 13, 1 << 24
_LEAST, _MOST = 4.0, 12.0
_PADDING = 2.0
_LINE = 1.2
_SIZE = re.compile(r"([\d.]+)\s+Tf")
_COLOUR = re.compile(r"((?:[\d.]+\s+){1,4})(?:g|rg|k)\b")
_PICKED = (0.6, 0.76, 0.85)
_PIECES = re.compile(
    r"\s+|[\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef\U00020000-\U0003ffff]|[^\s\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef\U00020000-\U0003ffff]+"
)


@dataclass(frozen=True, slots=True)
class Shown:
    """A place of a field and the text to be seen there."""

    field: Field
    widget: Any
    text: str


def draw(writer: PdfWriter, wanted: Sequence[Shown]) -> None:
    """Give every place its appearance; all of them share their fonts."""
    if not wanted:
        return
    held = io.BytesIO()
    canvas = Canvas(held, invariant=1)
    for one in wanted:
        canvas.setPageSize(_size(one.widget))
        _Drawing(canvas, one).all()
        canvas.showPage()
    canvas.save()
    for one, page in zip(wanted, PdfReader(held).pages, strict=True):
        _attach(writer, one.widget, page)


def _size(widget: Any) -> tuple[float, float]:
    left, bottom, right, top = (float(one) for one in widget["/Rect"])
    return max(abs(right - left), 1.0), max(abs(top - bottom), 1.0)


def _attach(writer: PdfWriter, widget: Any, page: Any) -> None:
    contents = page.get_contents()
    made = StreamObject()
    made.set_data(contents.get_data() if contents is not None else b"")
    box = ArrayObject([FloatObject(one) for one in (0, 0, *_size(widget))])
    made.update(
        {
            NameObject("/Type"): NameObject("/XObject"),
            NameObject("/Subtype"): NameObject("/Form"),
            NameObject("/BBox"): box,
            NameObject("/Resources"): page["/Resources"].clone(writer),
        }
    )
    reference = writer._add_object(made)  # noqa: SLF001  # the library has no public way
    widget[NameObject("/AP")] = DictionaryObject({NameObject("/N"): reference})


class _Drawing:
    """One appearance under way."""

    def __init__(self, canvas: Canvas, shown: Shown) -> None:
        self._canvas, self._shown = canvas, shown
        self._width, self._height = _size(shown.widget)
        said = str(inherited(shown.widget, "/DA") or "")
        found, colour = _SIZE.search(said), _COLOUR.search(said)
        self._wanted = float(found[1]) if found else 0.0
        self._colour = [float(one) for one in colour[1].split()] if colour else [0.0]
        self._align = int(inherited(shown.widget, "/Q") or 0)

    def all(self) -> None:
        self._ground()
        flags, text = self._shown.field.flags, self._shown.text
        if self._shown.field.is_list:
            self._list()
            return
        _ink(self._canvas, self._colour)
        cells = inherited(self._shown.widget, "/MaxLen")
        if flags & _MULTILINE:
            self._several(text)
        elif flags & _COMB and cells:
            self._comb(text, int(cells))
        else:
            self._one("*" * len(text) if flags & _PASSWORD else " ".join(text.split("\n")))

    def _ground(self) -> None:
        """Draw the field's own background and border."""
        look = _entry(self._shown.widget, "/MK")
        ground, border = (list(map(float, look.get(name) or ())) for name in ("/BG", "/BC"))
        style = _entry(self._shown.widget, "/BS")
        wide = float(style.get("/W", 1))
        if ground:
            _ink(self._canvas, ground)
            self._canvas.rect(0, 0, self._width, self._height, stroke=0, fill=1)
        if border and wide:
            _ink(self._canvas, border, stroke=True)
            self._canvas.setLineWidth(wide)
            self._canvas.rect(wide / 2, wide / 2, self._width - wide, self._height - wide, stroke=1, fill=0)

    def _one(self, text: str) -> None:
        size = min(self._wanted or _MOST, max(_LEAST, (self._height - _PADDING) / _LINE))
        widest, room = _width(self._canvas, text, size), self._width - 2 * _PADDING
        if widest > room:
            size = max(_LEAST, size * room / widest)
        self._line(text, (self._height - size) / 2 + size * 0.15, size)

    def _several(self, text: str) -> None:
        """Break lines at the edge; where they are too many, they are smaller."""
        size, room = self._wanted or _MOST, self._width - 2 * _PADDING
        lines = _wrapped(self._canvas, text, size, room)
        while len(lines) * size * _LINE > self._height - 2 * _PADDING and size > _LEAST:
            size = max(_LEAST, size * 0.9)
            lines = _wrapped(self._canvas, text, size, room)
        for number, line in enumerate(lines):
            self._line(line, self._height - _PADDING - size - number * size * _LINE, size)

    def _comb(self, text: str, cells: int) -> None:
        step = self._width / cells
        size = min(self._wanted or _MOST, self._height - _PADDING)
        for number, sign in enumerate(text):
            left = number * step + (step - _width(self._canvas, sign, size)) / 2
            self._put(sign, left, (self._height - size) / 2 + size * 0.15, size)

    def _list(self) -> None:
        """Show the options from the one that is picked on, or all of them where there is room."""
        names = [name for _, name in self._shown.field.options]
        size = self._wanted or _MOST
        room = max(int((self._height - _PADDING) / (size * _LINE)), 1)
        picked = names.index(self._shown.text) if self._shown.text in names else 0
        first = 0 if picked < room else picked - room + 1
        for number, name in enumerate(names[first : first + room]):
            bottom = self._height - 1 - (number + 1) * size * _LINE
            if name == self._shown.text:
                _ink(self._canvas, _PICKED)
                self._canvas.rect(1, bottom, self._width - 2, size * _LINE, stroke=0, fill=1)
            _ink(self._canvas, self._colour)
            self._put(name, _PADDING, bottom + size * 0.25, size)

    def _line(self, text: str, bottom: float, size: float) -> None:
        spare = self._width - _width(self._canvas, text, size)
        left = {1: spare / 2, 2: spare - _PADDING}.get(self._align, _PADDING)
        self._put(text, left, bottom, size)

    def _put(self, text: str, left: float, bottom: float, size: float) -> None:
        for font, part in fonts.spans(text):
            self._canvas.setFont(font, size)
            self._canvas.drawString(left, bottom, part)
            left += self._canvas.stringWidth(part, font, size)


def _entry(widget: Any, name: str) -> Any:
    return widget[name].get_object() if name in widget else DictionaryObject()


def _ink(canvas: Canvas, colour: Sequence[float], *, stroke: bool = False) -> None:
    """Take a colour of one part for grey, of three for red, green and blue, of four for print."""
    if len(colour) == 1:
        (canvas.setStrokeGray if stroke else canvas.setFillGray)(colour[0])
    elif len(colour) == 3:  # noqa: PLR2004  # see above
        (canvas.setStrokeColorRGB if stroke else canvas.setFillColorRGB)(*colour)
    elif len(colour) == 4:  # noqa: PLR2004  # see above
        (canvas.setStrokeColorCMYK if stroke else canvas.setFillColorCMYK)(*colour)


def _width(canvas: Canvas, line: str, size: float) -> float:
    return sum(float(canvas.stringWidth(part, font, size)) for font, part in fonts.spans(line))


def _wrapped(canvas: Canvas, text: str, size: float, room: float) -> list[str]:
    """Break at spaces, between Chinese characters, and within words that are wider than a line."""
    lines = []
    for paragraph in text.replace("\r\n", "\n").replace("\r", "\n").split("\n"):
        line, used = "", 0.0
        for piece in _pieces(canvas, paragraph, size, room):
            width = _width(canvas, piece, size)
            if line and used + width > room:
                lines.append(line.rstrip())
                line, used = "", 0.0
                if piece.isspace():
                    continue
            line, used = line + piece, used + width
        lines.append(line.rstrip())
    return lines


def _pieces(canvas: Canvas, text: str, size: float, room: float) -> list[str]:
    found = []
    for piece in _PIECES.findall(text):
        fits = _width(canvas, piece, size) <= room
        found += [piece] if fits else list(piece)
    return found
