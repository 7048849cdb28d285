"""Leaves a service that fails alone for a while, then tries it with one request."""

from collections.abc import Callable


class CircuitBreaker:
    """Opens after failures in a row; one caller at a time may try when its time is over."""

    def __init__(
        self, *, clock: Callable[[], float], failures_to_open: int = 3, open_s: float = 30.0
    ) -> None:
        self._clock = clock
        self._failures_to_open = failures_to_open
        self._open_s = open_s
        self._failures = 0
        self._open_until_s = 0.0
        self._trying = False

    @property
    def state(self) -> str:
        """`closed`, `open`, or `half_open` when a try is due or under way."""
        if self._failures < self._failures_to_open:
            return "closed"
        return "open" if self._clock() < self._open_until_s else "half_open"

    def allows(self) -> bool:
        """Whether a request may go out now; one that may must end in `succeeded`, `failed` or `abandoned`."""
        state = self.state
        if state == "closed":
            return True
        if state == "open" or self._trying:
            return False
        self._trying = True
        return True

    def succeeded(self) -> None:
        """Close."""
        self._failures, self._trying = 0, False

    def failed(self) -> None:
        """Count a failure; enough of them open."""
        self._failures += 1
        self._trying = False
        self._open_until_s = self._clock() + self._open_s

    def abandoned(self) -> None:
        """The request was cancelled and says nothing."""
        self._trying = False
