"""How processes learn that rows have changed."""

from abc import ABC, abstractmethod
from contextlib import AbstractAsyncContextManager


class Subscription(ABC):
    """One listener of one topic."""

    @abstractmethod
    async def wait(self, timeout_s: float) -> None:
        """Return when the topic was published since the last return, or the poll time or `timeout_s`."""


class EventBus(ABC):
    """Wake-up calls. The rows are the truth: a lost call only costs the poll time."""

    @abstractmethod
    async def publish(self, topic: str) -> None:
        """Wake a topic's listeners in all processes that the bus reaches; never raises for a lost call."""

    @abstractmethod
    def subscribe(self, topic: str) -> AbstractAsyncContextManager[Subscription]:
        """Listen from the moment of entering."""

    @abstractmethod
    async def open(self) -> None:
        """Start listening to other processes."""

    @abstractmethod
    async def close(self) -> None:
        """Stop listening."""


TOPIC_QUEUE = "queue"
TOPIC_CANCEL = "cancel"


def topic_of(execution_id: str) -> str:
    """The topic of one execution's events."""
    return f"execution:{execution_id}"
