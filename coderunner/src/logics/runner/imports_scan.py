"""Which parent a program needs, by a bounded look at its text; nothing is parsed."""

import re
from collections.abc import Iterable

MAX_SCANNED_CHARACTERS = 1_000_000
_IMPORT = re.compile(
    r"(?:^|[;:\n])[ \t]*(?:import|from)[ \t]+([^\n;#]+)|__import__|import_module|\bpip\b", re.ASCII
)
_NAME = re.compile(r"[A-Za-z_]\w*", re.ASCII)


def needs_libraries(
    sources: Iterable[str], standard: frozenset[str], own: frozenset[str] = frozenset()
) -> bool:
    """Whether a third-party library may be imported; wrong guesses cost time, never correctness."""
    return any(_needs(source[:MAX_SCANNED_CHARACTERS], standard | own) for source in sources)


def _needs(source: str, known: frozenset[str]) -> bool:
    if "import" not in source:
        return False
    for match in _IMPORT.finditer(source):
        clause = match.group(1)
        if clause is None:
            return True
        if any(name not in known for name in _top_level_names(match.group(0), clause)):
            return True
    return False


def _top_level_names(statement: str, clause: str) -> list[str]:
    if statement.lstrip(";:\n \t").startswith("from"):
        return [] if clause.startswith(".") else [_first(clause)]
    return [_first(part) for part in clause.split(",")]


def _first(text: str) -> str:
    match = _NAME.search(text)
    return match.group(0) if match else ""
