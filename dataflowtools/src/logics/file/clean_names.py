"""Names of files as people may see them again: never a path, never a trick, but still their own."""

import unicodedata

MAX_NAME_BYTES = 255
UNNAMED = "unnamed"
# Joiners make emoji and several scripts what they are; every other invisible character only deceives.
_JOINERS = {"\u200c", "\u200d"}
_UNSEEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


def clean_name(name: str) -> str:
    """Keep the last part of a path, drop what cannot be seen, and shorten the stem to 255 bytes of UTF-8."""
    last = unicodedata.normalize("NFC", name).replace("\\", "/").rpartition("/")[2]
    seen = "".join(_shown(character) for character in last).strip().rstrip(". ")
    if not seen.strip("."):
        return UNNAMED
    return _shorten(seen)


def extension_of(name: str) -> str:
    """Give the extension in lower case without its dot, or nothing."""
    stem, dot, extension = name.rpartition(".")
    return extension.lower() if dot and stem else ""


def stem_of(name: str) -> str:
    """Give the cleaned name without its extension."""
    cleaned = clean_name(name)
    return cleaned.rpartition(".")[0] or cleaned


def _shown(character: str) -> str:
    if character in _JOINERS:
        return character
    if character.isspace():
        return " "
    return "" if unicodedata.category(character) in _UNSEEN else character


def _shorten(name: str) -> str:
    if len(name.encode()) <= MAX_NAME_BYTES:
        return name
    stem, dot, extension = name.rpartition(".")
    if not stem or len(extension) > 20:  # noqa: PLR2004 - no extension is that long
        stem, dot, extension = name, "", ""
    room = MAX_NAME_BYTES - len(f"{dot}{extension}".encode())
    return stem.encode()[:room].decode(errors="ignore").rstrip() + dot + extension
