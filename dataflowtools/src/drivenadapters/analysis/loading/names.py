"""Column names that are all there and all different, in the order of the file."""

from collections.abc import Sequence
from typing import Any


def unique_names(given: Sequence[Any]) -> tuple[list[str], list[dict[str, Any]]]:
    """Return usable names and the list of those that had to be changed."""
    names: list[str] = []
    changed: list[dict[str, Any]] = []
    wanted = [_clean(name) for name in given]
    taken = set(wanted)
    seen: set[str] = set()
    for place, name in enumerate(wanted, start=1):
        unique = name or f"column_{place}"
        count = 2
        while unique in seen or (unique != name and unique in taken):
            unique = f"{name or f'column_{place}'}_{count}"
            count += 1
        seen.add(unique)
        names.append(unique)
        if unique != name:
            changed.append({"position": place, "from": name, "to": unique})
    return names, changed


def name_warnings(changed: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Report changed names."""
    if not changed:
        return []
    return [
        {
            "code": "columns_renamed",
            "message": "Columns without a name, or with one that came before, were given another.",
            "count": len(changed),
            "columns": list(changed[:100]),
        }
    ]


def _clean(name: Any) -> str:
    return "" if name is None else str(name).replace("\ufeff", "").strip()[:500]
