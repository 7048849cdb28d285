"""What a tag may be called."""

import re
import unicodedata

from dataflowtools.src.common.tags import MAX_NAME_CHARS, MAX_PATH_CHARS, PATH_SEPARATOR
from dataflowtools.src.errors import InvalidTag

MAX_DESCRIPTION_CHARS = 500
_COLOUR = re.compile(r"#[0-9a-fA-F]{6}")


def check_name(name: str, *, field: str = "name") -> str:
    """Return the name without surrounding space; raises InvalidTag."""
    tidy = unicodedata.normalize("NFC", name).strip()
    if not 1 <= len(tidy) <= MAX_NAME_CHARS or PATH_SEPARATOR in tidy or not tidy.isprintable():
        raise InvalidTag(
            f"A tag's name has 1 to {MAX_NAME_CHARS} printable characters and no {PATH_SEPARATOR!r}.",
            field=field,
        )
    return tidy


def check_reference(reference: str, *, field: str = "name") -> str:
    """Return a tag's path, or its id, in its one form; raises InvalidTag."""
    names = reference.strip().strip(PATH_SEPARATOR).split(PATH_SEPARATOR)
    return check_path(PATH_SEPARATOR.join(check_name(name, field=field) for name in names), field=field)


def check_path(path: str, *, field: str = "name") -> str:
    """Return the path when it is not too long; raises InvalidTag."""
    if len(path) > MAX_PATH_CHARS:
        raise InvalidTag(f"A tag's path has at most {MAX_PATH_CHARS} characters.", field=field)
    return path


def check_colour(colour: str) -> str:
    """Return the colour in lower case; an empty one means none. Raises InvalidTag."""
    if colour and not _COLOUR.fullmatch(colour):
        raise InvalidTag("A colour is written #rrggbb.", field="colour")
    return colour.lower()


def check_description(description: str) -> str:
    """Return the description; raises InvalidTag."""
    if len(description) > MAX_DESCRIPTION_CHARS or "\x00" in description:
        raise InvalidTag(
            f"A description has at most {MAX_DESCRIPTION_CHARS} characters and no NUL.", field="description"
        )
    return description
