"""Everything that speaks against a program: its syntax, then what the policy of its level refuses."""

from __future__ import annotations

from typing import Any

from coderunner.guest import language
from coderunner.src.drivenadapters.code_workers.analysis.source import MAX_SHOWN_CHARACTERS, Source, entry

MAX_ENTRIES = 1000


def violations_of(source: Source, policy: dict[str, Any]) -> list[dict[str, Any]]:
    """The policy's refusals as entries; a program that does not parse has none."""
    if source.tree is None:
        return []
    return [_entry(found) for found in language.check(source.text, policy)[:MAX_ENTRIES]]


def _entry(found: dict[str, Any]) -> dict[str, Any]:
    place = {key: found[key] for key in ("line", "column", "end_line", "end_column")}
    return entry(
        f"policy_{found['rule']}",
        f"{found['what']} is refused: {found['why']}",
        source=found["source"][:MAX_SHOWN_CHARACTERS],
        caret=found["caret"][:MAX_SHOWN_CHARACTERS],
        suggestion=found["instead"],
        **place,
    )
