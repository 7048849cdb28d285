"""A pandoc tree without its divisions, which become sections in odt: LibreOffice drops a section within a list."""

from typing import Any


def flat_blocks(node: Any) -> Any:
    """Put what a division holds in its place, at every depth."""
    if isinstance(node, dict):
        return {name: flat_blocks(value) for name, value in node.items()}
    if not isinstance(node, list):
        return node
    flat: list[Any] = []
    for one in node:
        if isinstance(one, dict) and one.get("t") == "Div":
            flat += flat_blocks(one["c"][1])
        else:
            flat.append(flat_blocks(one))
    return flat
