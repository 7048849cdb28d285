"""Fields as DoCoMo and Wi-Fi codes write them: NAME:value; with backslashes before what is meant literally."""

from collections.abc import Iterator

MAX_FIELDS = 200


def escaped_fields(text: str) -> Iterator[tuple[str, str]]:
    """Yield names and values; a name is given in capitals."""
    for _, part in zip(range(MAX_FIELDS), split_escaped(text, ";"), strict=False):
        name, colon, value = part.partition(":")
        if colon and name.strip():
            yield name.strip().upper(), unescaped(value)


def split_escaped(text: str, separator: str) -> list[str]:
    """Split at separators that no backslash stands before."""
    parts, current, escaping = [], "", False
    for letter in text:
        if escaping:
            current += "\\" + letter
            escaping = False
        elif letter == "\\":
            escaping = True
        elif letter == separator:
            parts.append(current)
            current = ""
        else:
            current += letter
    parts.append(current + ("\\" if escaping else ""))
    return parts


def unescaped(text: str) -> str:
    """Take away the backslashes."""
    out, escaping = "", False
    for letter in text:
        if letter == "\\" and not escaping:
            escaping = True
            continue
        out += letter
        escaping = False
    return out
