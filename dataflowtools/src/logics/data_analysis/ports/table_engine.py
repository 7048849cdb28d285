"""Who computes on tables."""

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Any, Literal

Task = Literal["analyze", "transform", "validate", "infer_schema", "to_arrow", "draw", "functions"]


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldTable:
    """A table's bytes at hand while they are held, with the file's name and how to read it."""

    name: str
    file_name: str
    read: Mapping[str, Any]
    handle: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Computed:
    """What a task gave: facts as JSON, JSON that is not to be parsed again, and the bytes of a file."""

    facts: dict[str, Any]
    parts: Sequence[bytes] = ()
    output: "AsyncIterator[bytes] | None" = field(default=None)
    output_bytes: int = 0


class TableEngine(ABC):
    """Reads tables and computes on them within limits, never in the service's own process."""

    @abstractmethod
    def hold(
        self, name: str, file_name: str, read: Mapping[str, Any], chunks: AsyncIterator[bytes]
    ) -> AbstractAsyncContextManager[HeldTable]:
        """Keep the bytes until the context ends; raises StorageFull."""

    @abstractmethod
    def compute(
        self, task: Task, tables: Sequence[HeldTable], request: Mapping[str, Any]
    ) -> AbstractAsyncContextManager[Computed]:
        """Do a task; the output can be read once while the context is open.

        Raises the errors of analysis, documents and workers. Cancelling ends the work and its process.
        """
