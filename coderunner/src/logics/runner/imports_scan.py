"""Which parent a program needs, by a bounded look at its text; nothing is parsed."""

import re
from collections.abc import Iterable, Iterator
from enum import StrEnum

MAX_SCANNED_CHARACTERS = 1_000_000
_IMPORT = re.compile(
    r"(?:^|[;:\n])[ \t]*(?:import|from)[ \t]+([^\n;#]+)|__import__|import_module|\bpip\b", re.ASCII
)
_NAME = re.compile(r"[A-Za-z_]\w*", re.ASCII)
_TABLES = frozenset({"numpy", "pandas", "dateutil", "pytz", "tzdata"})
# what tables import by themselves from the other libraries: drawing, styling, statistics
_BEYOND_TABLES = re.compile(
    r"plot|\bhist\b|\bstyle\b|spearman|kendall|interpolate|\bmode\s*=\s*['\"]scipy|\bto_xarray\b", re.ASCII
)
_UNKNOWN = "?"


class Preload(StrEnum):
    """What a parent has loaded before its children are born; each has what the one before it has."""

    SLIM = "slim"
    TABLES = "tables"
    DATA_SCIENCE = "data_science"


def preload_for(
    sources: Iterable[str], standard: frozenset[str], own: frozenset[str] = frozenset()
) -> Preload:
    """The smallest parent that has what is imported; wrong guesses cost time, never correctness."""
    looked = [source[:MAX_SCANNED_CHARACTERS] for source in sources]
    foreign = {name for source in looked for name in _imported(source) if name not in standard | own}
    if not foreign:
        return Preload.SLIM
    if foreign <= _TABLES and not any(_BEYOND_TABLES.search(source) for source in looked):
        return Preload.TABLES
    return Preload.DATA_SCIENCE


def needs_libraries(
    sources: Iterable[str], standard: frozenset[str], own: frozenset[str] = frozenset()
) -> bool:
    """Whether a third-party library may be imported."""
    return preload_for(sources, standard, own) is not Preload.SLIM


def _imported(source: str) -> Iterator[str]:
    if "import" not in source:
        return
    for match in _IMPORT.finditer(source):
        clause = match.group(1)
        if clause is None:
            yield _UNKNOWN
        else:
            yield from _top_level_names(match.group(0), clause)


def _top_level_names(statement: str, clause: str) -> list[str]:
    if statement.lstrip(";:\n \t").startswith("from"):
        return [] if clause.startswith(".") else [_first(clause)]
    return [_first(part) for part in clause.split(",")]


def _first(text: str) -> str:
    match = _NAME.search(text)
    return match.group(0) if match else _UNKNOWN
