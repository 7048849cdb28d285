"""Where replies are remembered."""

from abc import ABC, abstractmethod
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CachedReply:
    """A reply as it was, and how old it is."""

    body: bytes
    age_s: float


class ResultCache(ABC):
    """Replies by key, and who is making one. A cache that is away remembers nothing and raises nothing."""

    @abstractmethod
    async def get(self, key: str) -> CachedReply | None:
        """A reply that has not expired."""

    @abstractmethod
    async def put(self, key: str, body: bytes, ttl_s: float) -> None:
        """Remember a reply."""

    @abstractmethod
    async def delete(self, key: str) -> None:
        """Forget a reply."""

    @abstractmethod
    async def begin(self, key: str, ttl_s: float) -> bool:
        """Become the one who makes the reply; False while somebody else is."""

    @abstractmethod
    async def end(self, key: str) -> None:
        """Let go; only the one who began may call it."""

    @abstractmethod
    async def close(self) -> None:
        """Give back connections."""
