"""What a docstring says of parameters: Google, NumPy and reStructuredText styles."""

from __future__ import annotations

import re

_REST = re.compile(r"^\s*:param(?:\s+[^:]*?)?\s+\*{0,2}(\w+)\s*:\s*(.*)$")
_GOOGLE_HEAD = re.compile(r"^(?:args|arguments|parameters|params|参数)\s*[::]\s*$", re.IGNORECASE)
_GOOGLE_ITEM = re.compile(r"^\*{0,2}(\w+)\s*(?:\([^)]*\))?\s*[::]\s*(.*)$")
_NUMPY_ITEM = re.compile(r"^\*{0,2}(\w+(?:\s*,\s*\w+)*)\s*(?::.*)?$")
MAX_LINES = 5000
MAX_LINE = 1000


def summary_of(docstring: str | None) -> str:
    """The first paragraph on one line."""
    if not docstring:
        return ""
    return " ".join(docstring.strip().partition("\n\n")[0].split())


def described_parameters(docstring: str | None) -> dict[str, str]:
    """Each parameter that the docstring describes, with what it says."""
    if not docstring:
        return {}
    lines = [line[:MAX_LINE] for line in docstring.splitlines()[:MAX_LINES]]
    return {**_numpy(lines), **_google(lines), **_rest(lines)}


def _rest(lines: list[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    name = ""
    for line in lines:
        if match := _REST.match(line):
            name = match.group(1)
            found[name] = match.group(2).strip()
        elif name and line.strip() and not line.lstrip().startswith(":"):
            found[name] = f"{found[name]} {line.strip()}".strip()
        else:
            name = ""
    return found


def _google(lines: list[str]) -> dict[str, str]:
    start = next((i for i, line in enumerate(lines) if _GOOGLE_HEAD.match(line.strip())), None)
    if start is None:
        return {}
    return _items(lines[start + 1 :], _indent(lines[start]))


def _items(lines: list[str], head: int) -> dict[str, str]:
    found: dict[str, str] = {}
    name, level = "", -1
    for line in lines:
        if not line.strip():
            continue
        indent = _indent(line)
        if indent <= head:
            break
        level = indent if level < 0 else level
        match = _GOOGLE_ITEM.match(line.strip()) if indent <= level else None
        if match:
            name = match.group(1)
            found[name] = match.group(2).strip()
        elif name:
            found[name] = f"{found[name]} {line.strip()}".strip()
    return found


def _numpy(lines: list[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    names: list[str] = []
    for line in _numpy_section(lines):
        if not line.strip():
            continue
        match = _NUMPY_ITEM.match(line.strip()) if _indent(line) == 0 else None
        if match:
            names = [name.strip() for name in match.group(1).split(",")]
            found.update(dict.fromkeys(names, ""))
        else:
            found.update({name: f"{found[name]} {line.strip()}".strip() for name in names})
    return found


def _numpy_section(lines: list[str]) -> list[str]:
    for i in range(len(lines) - 1):
        if lines[i].strip().lower() in {"parameters", "other parameters"} and _rule(lines[i + 1]):
            base = _indent(lines[i])
            body = [line[base:] for line in lines[i + 2 :]]
            end = next((j for j in range(1, len(body)) if _rule(body[j])), len(body) + 1) - 1
            return body[:end]
    return []


def _rule(line: str) -> bool:
    return len(line.strip()) > 2 and set(line.strip()) == {"-"}  # noqa: PLR2004 - shorter is a list


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())
