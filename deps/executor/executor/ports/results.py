"""Where large results are kept."""

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator


class ResultStore(ABC):
    """Blobs by name. Names are made by the engine and never by callers."""

    @abstractmethod
    async def put(self, name: str, chunks: AsyncIterator[bytes]) -> int:
        """Store a stream whole or not at all and return its size."""

    @abstractmethod
    def read(self, name: str) -> AsyncIterator[bytes]:
        """Stream a blob; ResultGone when there is none."""

    @abstractmethod
    async def delete(self, name: str) -> None:
        """Remove a blob; one that is not there is fine."""
