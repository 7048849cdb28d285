"""Who makes, changes and fills documents."""

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any, Literal

Task = Literal["write", "edit", "slots", "validate", "fill", "pack"]
Progress = Callable[[float, str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class InputFile:
    """A file that a task needs, its bytes to be read once."""

    file_id: str
    name: str
    chunks: AsyncIterator[bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeFile:
    """A file that a task made, its bytes to be read once or more while the result is held."""

    name: str
    size_bytes: int
    read: Callable[[], AsyncIterator[bytes]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """What a task gave: facts as JSON, and files."""

    facts: dict[str, Any]
    files: Sequence[MadeFile]


class DocumentWorkshop(ABC):
    """Works on documents within limits, never in the service's own process."""

    @abstractmethod
    def work(
        self,
        task: Task,
        inputs: AsyncIterator[InputFile],
        request: Mapping[str, Any],
        on_progress: Progress | None = None,
    ) -> AbstractAsyncContextManager[Made]:
        """Do a task; the files can be read while the context is open.

        Raises the errors of writing, documents and workers. Cancelling ends the work and its process.
        """
