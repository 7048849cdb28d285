"""The fonts of PDF output: for each character the first of a look's fonts that has it, embedded in part."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfbase.ttfonts import TTFError, TTFont

_SHARE = Path("/usr/share/fonts")
_LATIN = "truetype/liberation/LiberationSans-{}.ttf", "truetype/dejavu/DejaVuSans{}.ttf"
_CHINESE = (
    "truetype/wqy/wqy-microhei.ttc",
    "truetype/wqy/wqy-zenhei.ttc",
    "truetype/droid/DroidSansFallbackFull.ttf",
    "truetype/arphic/uming.ttc",
)
_FALLBACKS = ("truetype/dejavu/DejaVuSans.ttf",)
_MONO = ("truetype/liberation/LiberationMono-{}.ttf", "truetype/dejavu/DejaVuSansMono{}.ttf")
_LIBERATION = {
    (False, False): "Regular",
    (True, False): "Bold",
    (False, True): "Italic",
    (True, True): "BoldItalic",
}
_DEJAVU = {
    (False, False): "",
    (True, False): "-Bold",
    (False, True): "-Oblique",
    (True, True): "-BoldOblique",
}
_BUILT_IN = {
    (False, False): "Helvetica", (True, False): "Helvetica-Bold", (False, True): "Helvetica-Oblique",
    (True, True): "Helvetica-BoldOblique",
}  # fmt: skip
_BUILT_IN_CHINESE = "STSong-Light"
_FIRST_CHINESE = 0x2E80
_THICKENED = "+bold"


@cache
def _registered(place: str, thickened: str = "") -> str:
    """Register a font file under its name; nothing when it is not there or of a kind that is not read."""
    path = _SHARE / place
    if not path.is_file():
        return ""
    name = path.stem + thickened
    try:
        pdfmetrics.registerFont(TTFont(name, str(path), subfontIndex=0))
    except TTFError:
        return ""
    pdfmetrics.registerFontFamily(name, normal=name, bold=name, italic=name, boldItalic=name)
    return name


@cache
def _chain(*, bold: bool, italic: bool, mono: bool) -> tuple[str, ...]:
    liberation, dejavu = _MONO if mono else _LATIN
    look = (bold, italic)
    first = _registered(liberation.format(_LIBERATION[look])), _registered(dejavu.format(_DEJAVU[look]))
    chinese = (_registered(place, _THICKENED if bold else "") for place in _CHINESE)
    rest = (*chinese, *map(_registered, _FALLBACKS))
    return tuple(dict.fromkeys(name for name in (*first[:1], *rest, *first[1:]) if name))


@cache
def _glyphs(name: str) -> Any:
    return pdfmetrics.getFont(name).face.charToGlyph


@cache
def _for(character: str, *, bold: bool, italic: bool, mono: bool) -> str:
    chain = _chain(bold=bold, italic=italic, mono=mono)
    for name in chain:
        if ord(character) in _glyphs(name):
            return name
    if ord(character) >= _FIRST_CHINESE and not any(map(_registered, _CHINESE)):
        return _reader_font()
    return chain[0] if chain else _BUILT_IN[bold, italic]


def is_thickened(name: str) -> bool:
    """Whether a font stands for the bold letters that it has not, so that its outlines are drawn along."""
    return name.endswith(_THICKENED)


@cache
def _reader_font() -> str:
    """Name a Chinese font that PDF readers bring along."""
    pdfmetrics.registerFont(UnicodeCIDFont(_BUILT_IN_CHINESE))
    return _BUILT_IN_CHINESE


def spans(
    text: str, *, bold: bool = False, italic: bool = False, mono: bool = False
) -> Iterator[tuple[str, str]]:
    """Split a text into stretches of one font: (font, text)."""
    held, font = "", ""
    for character in text:
        wanted = (
            font if character.isspace() and font else _for(character, bold=bold, italic=italic, mono=mono)
        )
        if wanted != font and held:
            yield font, held
            held = ""
        font, held = wanted, held + character
    if held:
        yield font, held


def lacks(text: str) -> bool:
    """Whether a character of the text is in none of the fonts that are embedded."""
    chain = _chain(bold=False, italic=False, mono=False)
    return any(
        not any(ord(character) in _glyphs(name) for name in chain)
        for character in set(text)
        if character > " "
    )


def warm_up() -> None:
    """Read the fonts once."""
    for text in ("Aa", "中"):
        for look in _LIBERATION:
            list(spans(text, bold=look[0], italic=look[1]))
    list(spans("x", mono=True))
