"""Rich results as nbformat outputs, bounded in number and size."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

Emit = Callable[[dict[str, Any]], None]
_TEXT: Final = "text/plain"
_OVERHEAD_BYTES: Final = 256
DEFAULT_COUNT: Final = 100
DEFAULT_BYTES: Final = 10_000_000


class OutputSink:
    """Sends outputs on as they come, and says once when the limit has cut some off."""

    def __init__(self, emit: Emit, flush: Callable[[], None], limits: dict[str, Any]) -> None:
        self._emit = emit
        self._flush = flush
        self._count_left = int(limits.get("outputs") or DEFAULT_COUNT)
        self._bytes_left = int(limits.get("output_bytes") or DEFAULT_BYTES)
        self._said = False
        self.dropped = 0

    @property
    def full(self) -> bool:
        """Whether further outputs would be dropped, so that making them can be saved."""
        return self._said

    def display(self, data: dict[str, Any], metadata: dict[str, Any]) -> None:
        """A `display_data` output."""
        self._send({"output_type": "display_data", "data": data, "metadata": metadata})

    def result(self, data: dict[str, Any], metadata: dict[str, Any]) -> None:
        """The `execute_result` output."""
        self._send(
            {"output_type": "execute_result", "execution_count": 1, "data": data, "metadata": metadata}
        )

    def error(self, name: str, message: str, traceback: str) -> None:
        """The `error` output; it is never cut off."""
        self._flush()
        lines = traceback.splitlines()
        self._emit(
            {
                "type": "output",
                "output": {"output_type": "error", "ename": name, "evalue": message, "traceback": lines},
            }
        )

    def _send(self, output: dict[str, Any]) -> None:
        if self._count_left <= 0:
            self._cut("the number of outputs")
            return
        self._fit(output)
        size = sum(map(_size, output["data"].values())) + _OVERHEAD_BYTES
        if size > self._bytes_left:
            self._cut("the size of all outputs together")
            return
        self._count_left -= 1
        self._bytes_left -= size
        self._flush()
        self._emit({"type": "output", "output": output})

    def _fit(self, output: dict[str, Any]) -> None:
        """Drop the heaviest representations until the output fits; the plain text goes last."""
        data = output["data"]
        left_out = []
        while len(data) > 1 and sum(map(_size, data.values())) + _OVERHEAD_BYTES > self._bytes_left:
            heaviest = max((mime for mime in data if mime != _TEXT), key=lambda mime: _size(data[mime]))
            left_out.append(heaviest)
            del data[heaviest]
        if left_out:
            output["metadata"]["truncated"] = {
                "left_out": left_out,
                "reason": "the size of all outputs together",
            }

    def _cut(self, reason: str) -> None:
        self.dropped += 1
        if self._said:
            return
        self._said = True
        self._flush()
        data = {_TEXT: f"[further outputs were left out: {reason} is limited]"}
        metadata = {"truncated": {"reason": reason}}
        self._emit(
            {"type": "output", "output": {"output_type": "display_data", "data": data, "metadata": metadata}}
        )


def _size(value: Any) -> int:
    if isinstance(value, str):
        return len(value) if value.isascii() else len(value.encode("utf-8", "backslashreplace"))
    if isinstance(value, dict):
        return sum(len(key) + _size(item) + 4 for key, item in value.items()) + 2
    if isinstance(value, list):
        return sum(_size(item) + 2 for item in value) + 2
    return 8
