"""Warnings of one job, each told once."""

from typing import Any


class Caveats:
    """Collects what a person should know of the result."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, str], dict[str, Any]] = {}

    def add(self, code: str, message: str) -> None:
        """Note a warning; repetitions are counted."""
        entry = self._found.setdefault((code, message), {"code": code, "message": message, "count": 0})
        entry["count"] += 1

    def listed(self) -> list[dict[str, Any]]:
        """List the warnings, at most a hundred."""
        return list(self._found.values())[:100]
