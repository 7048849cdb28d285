"""What reads people's source text without ever executing it."""

import abc
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Entry = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Analysis:
    """What was found; `faults` say why a text is no Python, and then there is nothing else."""

    faults: tuple[Entry, ...]
    module: Mapping[str, Any] | None = None
    imports: tuple[Mapping[str, Any], ...] = ()
    violations: tuple[Entry, ...] = ()


class CodeAnalyser(abc.ABC):
    """Every method raises CodeNotAnalysable for a text that cannot be dealt with within bounds, CapacityExceeded
    when too many wait, SandboxUnavailable when nothing analyses here. Cancellation stops the work at once.
    """

    @abc.abstractmethod
    async def parse(self, raw: bytes, name: str, *, with_tree: bool) -> Analysis:
        """The module as data, its syntax tree as text only on demand."""

    @abc.abstractmethod
    async def imports(self, raw: bytes, name: str) -> Analysis:
        """Only what is imported, in the order of the text."""

    @abc.abstractmethod
    async def check(self, raw: bytes, name: str, policy: Mapping[str, Any] | None) -> Analysis:
        """Faults, and the violations of `policy` (None: no policy), ordered by place."""


class CustomPythonParser(CodeAnalyser):
    """Another parser, which a setting names as `module:Class`; `own` is the service's, for what it hands on."""

    def __init__(self, own: CodeAnalyser) -> None:
        self.own = own

    @abc.abstractmethod
    def parser_name(self) -> str:
        """What callers are told."""

    @abc.abstractmethod
    def supported_features(self) -> Sequence[str]:
        """What it can do, in words of its own."""
