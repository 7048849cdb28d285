"""What people may say about a file."""

import math
import re
from collections.abc import Iterable, Mapping

from dataflowtools.src.common.stored_file import Metadata, MetadataValue
from dataflowtools.src.errors import InvalidFileRequest

MAX_ENTRIES = 64
MAX_NAME_CHARS = 64
MAX_VALUE_CHARS = 1000
MAX_TAGS = 64
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


def check_metadata(given: Mapping[str, object]) -> Metadata:
    """Return the metadata when names and values are within bounds; raises InvalidFileRequest."""
    if len(given) > MAX_ENTRIES:
        raise _refused(f"At most {MAX_ENTRIES} entries are kept.")
    return {_checked_name(name): _checked_value(name, value) for name, value in given.items()}


def check_tag_count(paths: Iterable[str]) -> tuple[str, ...]:
    """Return the paths without repetitions; raises InvalidFileRequest when they are too many."""
    unique = tuple(dict.fromkeys(paths))
    if len(unique) > MAX_TAGS:
        raise InvalidFileRequest(f"A file bears at most {MAX_TAGS} tags.", field="tags")
    return unique


def _checked_name(name: str) -> str:
    if not 1 <= len(name) <= MAX_NAME_CHARS or not name.isprintable() or ":" in name:
        raise _refused(f"A name has 1 to {MAX_NAME_CHARS} printable characters and no colon.")
    return name


def _checked_value(name: str, value: object) -> MetadataValue:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and len(value) <= MAX_VALUE_CHARS and not _LONE_SURROGATE.search(value):
        return value
    if isinstance(value, int) and value.bit_length() <= 64:  # noqa: PLR2004 - what other programs can read
        return value
    if isinstance(value, float) and math.isfinite(value):
        return value
    raise _refused(
        f"The value of {name!r} must be text of at most {MAX_VALUE_CHARS} characters, a number or a boolean."
    )


def _refused(message: str) -> InvalidFileRequest:
    return InvalidFileRequest(message, field="metadata")
