"""The encoding of a code's bytes: what its reader took them for, or what they look like."""

from dataclasses import dataclass

_CANDIDATES = (
    "ascii", "utf-8", "gb18030", "shift_jis", "big5", "euc_kr", "iso8859-1", "cp1252", "utf-16-be",
    "iso8859-5", "cp1251", "cp437",
)  # fmt: skip
_COMMON_FIRST, _COMMON_LAST = 0xB0, 0xD7  # GB 2312 level one: the everyday characters
_COMMON_SHARE = 0.6


@dataclass(frozen=True, slots=True)
class DecodedCode:
    """The text, how its bytes are encoded, and whether they are text at all."""

    text: str
    encoding: str
    binary: bool


def decode_code(text: str, data: bytes, content: str) -> DecodedCode:
    """Trust a reader that knew; guess where it could not know, and never lose a byte over it."""
    if content != "Binary":
        return DecodedCode(text, _encoding_of(text, data), binary=False)
    for encoding in ("utf-8", "gb18030"):
        try:
            guess = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if guess.isprintable() and (encoding == "utf-8" or _looks_chinese(data)):
            return DecodedCode(guess, encoding, binary=False)
    return DecodedCode(text, "binary", binary=True)


def _encoding_of(text: str, data: bytes) -> str:
    for encoding in _CANDIDATES:
        try:
            if data.decode(encoding) == text:
                return encoding
        except UnicodeDecodeError:
            continue
    return "ascii" if text.isascii() else "mixed"


def _looks_chinese(data: bytes) -> bool:
    """Whether most pairs of high bytes are everyday Chinese characters."""
    pairs, common, position = 0, 0, 0
    while position < len(data):
        if data[position] < 0x80:  # noqa: PLR2004  # ASCII
            position += 1
            continue
        pairs += 1
        common += _COMMON_FIRST <= data[position] <= _COMMON_LAST
        position += 2
    return pairs > 0 and common / pairs >= _COMMON_SHARE
