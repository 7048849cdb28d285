"""What was refused, where, why and what to write instead; and the exceptions that say so at run time."""

from __future__ import annotations

import errno
from dataclasses import dataclass
from typing import Any, Final
from unicodedata import east_asian_width

_WIDE: Final = frozenset("WF")


@dataclass(frozen=True, slots=True)
class Refusal:
    """One thing the policy does not let a program do."""

    rule: str
    what: str
    why: str
    instead: str = ""
    set_by: str = "service"  # service, operator, key, environment or request

    def sentence(self) -> str:
        """The refusal as one line of text."""
        advice = f"; {self.instead}" if self.instead else ""
        return f"{self.what} is refused: {self.why}{advice} [{self.rule}]"


class PolicyViolation(Exception):
    """The policy refused something while the program ran."""

    __module__ = "builtins"  # how tracebacks name it

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.sentence())
        self.refusal = refusal


class AttributeRefused(PolicyViolation, AttributeError):
    """An attribute the policy does not hand out."""

    __module__ = "builtins"  # how tracebacks name it


class ImportRefused(PolicyViolation, ImportError):
    """A module the policy does not hand out."""

    __module__ = "builtins"  # how tracebacks name it


class FileRefused(PolicyViolation, PermissionError):
    """A path outside the work dir."""

    __module__ = "builtins"  # how tracebacks name it

    def __init__(self, refusal: Refusal) -> None:
        PolicyViolation.__init__(self, refusal)
        self.errno = errno.EACCES
        self.strerror = refusal.sentence()

    def __str__(self) -> str:
        return self.refusal.sentence()


class CallRefused(PolicyViolation):
    """A call the policy does not let through."""

    __module__ = "builtins"  # how tracebacks name it


class OwnModuleRefused(PolicyViolation, ImportError):
    """A file of the program's own that does not keep to the policy."""

    __module__ = "builtins"  # how tracebacks name it

    def __init__(self, refusal: Refusal, violations: list[dict[str, Any]]) -> None:
        PolicyViolation.__init__(self, refusal)
        self.violations = violations


@dataclass(frozen=True, slots=True)
class Place:
    """Where in the source something stands: lines and columns count from 1, columns in characters."""

    line: int
    column: int
    end_line: int
    end_column: int


def violation(refusal: Refusal, place: Place, lines: list[str], file: str) -> dict[str, Any]:
    """The refusal as the reply carries it."""
    source = lines[place.line - 1].rstrip("\r\n") if 0 < place.line <= len(lines) else ""
    return {
        "file": file,
        "line": place.line,
        "column": place.column,
        "end_line": place.end_line,
        "end_column": place.end_column,
        "source": source,
        "caret": caret(source, place),
        "what": refusal.what,
        "why": refusal.why,
        "instead": refusal.instead,
        "rule": refusal.rule,
        "set_by": refusal.set_by,
    }


def caret(source: str, place: Place) -> str:
    """A line of blanks and carets under the refused part of `source`; wide characters count twice."""
    end = place.end_column if place.end_line == place.line else len(source) + 1
    lead = "".join("\t" if char == "\t" else " " * _cells(char) for char in source[: place.column - 1])
    marked = source[place.column - 1 : max(end - 1, place.column)]
    return lead + "^" * max(1, sum(map(_cells, marked)))


def _cells(char: str) -> int:
    return 2 if east_asian_width(char) in _WIDE else 1


def readable(violations: list[dict[str, Any]]) -> str:
    """All refusals of a program as the text that goes to stderr."""
    return "".join(map(_readable_one, violations))


def _readable_one(found: dict[str, Any]) -> str:
    where = (
        f'  File "{found["file"]}", line {found["line"]}, column {found["column"]}\n' if found["line"] else ""
    )
    shown = f"    {found['source']}\n    {found['caret']}\n" if found["source"] else ""
    advice = f"  Instead: {found['instead']}\n" if found["instead"] else ""
    return f"{where}{shown}PolicyViolation: {found['what']} is refused: {found['why']} [{found['rule']}]\n{advice}"
