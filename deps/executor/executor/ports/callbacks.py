"""Where callbacks may go, and how one is delivered."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Reception:
    """What the receiver answered; `error` is None when it took the callback."""

    status_code: int | None
    error: str | None
    gone: bool = False


class CallbackPolicy(ABC):
    """Asked when a request is accepted; the sender looks again when it delivers."""

    @abstractmethod
    def refusal(self, url: str) -> str | None:
        """Why a callback may not go to this address, or None."""


class CallbackSender(ABC):
    """Delivers one signed message."""

    @abstractmethod
    async def send(self, url: str, headers: Mapping[str, str], body: bytes) -> Reception:
        """Post it without following redirects; never raises for what the receiver or the network does."""


class NoCallbacks(CallbackPolicy):
    """Refuses every callback."""

    def refusal(self, url: str) -> str | None:
        del url
        return "Callbacks are switched off on this service."
