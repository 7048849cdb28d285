"""Which encoding a text is in: marks first, then UTF-8, then what reads most like a language."""

import codecs
from collections.abc import Callable
from typing import BinaryIO, NamedTuple

from dataflowtools.src.errors import InvalidSelection

_SAMPLE_BYTES = 1 << 20
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_ALLOWED_PREFIXES = (
    "utf",
    "gb",
    "big5",
    "euc",
    "shift",
    "cp",
    "iso",
    "windows",
    "koi8",
    "latin",
    "ascii",
    "mac",
    "johab",
    "us-",
)
_ENOUGH = 0.6
_LEAST_ZEROS = 4
_LEAST_KOREAN = 6


class Encoding(NamedTuple):
    """An encoding and whether it is a guess."""

    name: str
    certain: bool


def detect(file: BinaryIO, wanted: str = "", *, whole_bytes: int = _SAMPLE_BYTES) -> Encoding:
    """Find the encoding of the file from its start; the file is left at its start."""
    file.seek(0)
    sample = file.read(whole_bytes)
    file.seek(0)
    if wanted:
        return Encoding(_checked(wanted), certain=True)
    return detect_bytes(sample, complete=len(sample) < whole_bytes)


def _checked(name: str) -> str:
    try:
        found = codecs.lookup(name).name
    except (LookupError, ValueError) as exc:
        raise InvalidSelection(f"There is no encoding {name[:40]!r}.", field="encoding") from exc
    if not found.startswith(_ALLOWED_PREFIXES) or found in ("utf-7", "utf_7"):
        raise InvalidSelection(f"{name[:40]!r} is no encoding of text files.", field="encoding")
    return found


def detect_bytes(sample: bytes, *, complete: bool = True) -> Encoding:
    """Find the encoding of some bytes."""
    for mark, name in _MARKS:
        if sample.startswith(mark):
            return Encoding(name, certain=True)
    wide = wide_encoding(sample)
    if wide:
        return Encoding(wide, certain=False)
    if _decodes(sample, "utf-8", complete=complete):
        return Encoding("utf-8", certain=True)
    if _is_korean(sample, complete=complete):
        return Encoding("cp949", certain=False)
    scores = {name: _score(sample, name, good, complete=complete) for name, good in _CANDIDATES}
    best = max(scores, key=lambda name: scores[name])
    if scores[best] >= _ENOUGH:
        return Encoding(best, certain=False)
    return Encoding("cp1252", certain=False)


def wide_encoding(sample: bytes) -> str:
    """Tell UTF-16 without a mark by the zero bytes of its ASCII part, all in even or all in odd places."""
    head = sample[: 1 << 16]
    high, low = head[0::2].count(0), head[1::2].count(0)
    if high + low < _LEAST_ZEROS or high + low < len(head) // 40:
        return ""
    if low > 20 * high:
        return "utf-16-le"
    return "utf-16-be" if high > 20 * low else ""


def _decodes(sample: bytes, name: str, *, complete: bool) -> bool:
    try:
        codecs.getincrementaldecoder(name)().decode(sample, final=complete)
    except UnicodeDecodeError:
        return False
    return True


def _score(sample: bytes, name: str, good: Callable[[str], bool], *, complete: bool) -> float:
    """Share of characters beyond ASCII that are usual in what this encoding is used for."""
    try:
        text = codecs.getincrementaldecoder(name)().decode(sample, final=complete)
    except UnicodeDecodeError:
        return 0.0
    beyond = [sign for sign in text[:100_000] if sign > "\x7f"]
    return sum(map(good, beyond)) / len(beyond) if beyond else 0.0


def _frequent(codec: str, first: int, last: int) -> Callable[[str], bool]:
    """Say whether a character lies in the frequent half of a double-byte set, or is its punctuation."""

    def good(sign: str) -> bool:
        if sign in "，。、；：？！“”‘’（）《》【】…—·「」　％￥〇々ー":
            return True
        try:
            code = sign.encode(codec)
        except UnicodeEncodeError:
            return False
        return len(code) == 2 and first <= code[0] * 256 + code[1] <= last  # noqa: PLR2004  # double byte

    return good


def _japanese(sign: str) -> bool:
    return "\u3041" <= sign <= "\u30ff" or _japanese_kanji(sign)


def _korean(sign: str) -> bool:
    """Hold for the syllables of KS X 1001; the thousands beyond them are what Japanese looks like in cp949."""
    if not "\uac00" <= sign <= "\ud7a3":
        return False
    try:
        return len(sign.encode("euc_kr")) == 2  # noqa: PLR2004  # others are spelt with their letters
    except UnicodeEncodeError:
        return False


def _is_korean(sample: bytes, *, complete: bool) -> bool:
    """Hangul lies where GB 2312 has a part of its ideographs; text that is Hangul throughout is Korean."""
    try:
        text = codecs.getincrementaldecoder("cp949")().decode(sample, final=complete)
    except UnicodeDecodeError:
        return False
    beyond = [sign for sign in text[:100_000] if sign > "\x7f"]
    return len(beyond) >= _LEAST_KOREAN and sum(map(_korean, beyond)) > 0.97 * len(beyond)


def _western(sign: str) -> bool:
    return sign in "ÄÖÜäöüßàâçéèêëîïôùûñóíáúÉÀÇ€°–—’‘“”«»åøæÅØÆ·"


def _cyrillic(sign: str) -> bool:
    return "а" <= sign <= "я" or "А" <= sign <= "Я"


_japanese_kanji = _frequent("cp932", 0x889F, 0x9872)
_CANDIDATES: tuple[tuple[str, Callable[[str], bool]], ...] = (
    ("gb18030", _frequent("gb2312", 0xB0A1, 0xD7F9)),
    ("cp932", _japanese),
    ("big5", _frequent("big5", 0xA440, 0xC67E)),
    ("euc_jp", _japanese),
    ("cp949", _korean),
    ("cp1252", _western),
    ("cp1251", _cyrillic),
)
