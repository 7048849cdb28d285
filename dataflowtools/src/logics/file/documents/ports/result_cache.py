"""Where results are kept that would be made the same again."""

from abc import ABC, abstractmethod


class ResultCache(ABC):
    """Bytes under a key for a while; it may forget at any time and never fails its caller."""

    @abstractmethod
    async def get(self, key: str) -> bytes | None:
        """Return what was put, or None."""

    @abstractmethod
    async def put(self, key: str, value: bytes) -> None:
        """Keep the value as long as there is room and its time is not over."""
