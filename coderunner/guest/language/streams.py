"""The program's text streams on the file descriptors 0, 1 and 2."""

from __future__ import annotations

import io
import sys
from functools import partial
from typing import Any

from coderunner.guest.language.caution import attempt


class Streams:
    """Fresh standard streams for one run; ours stay ours when the program replaces its own."""

    def __init__(self) -> None:
        self._out = writer(1)
        self._err = writer(2)
        sys.stdout = self._out
        sys.stderr = self._err
        sys.stdin = reader()
        vars(sys).update(__stdout__=self._out, __stderr__=self._err, __stdin__=sys.stdin)

    def flush(self) -> None:
        """Hand on what has been written, so that outputs and texts keep their order."""
        for stream in (sys.stdout, sys.stderr, self._out, self._err):
            attempt(partial(_flush, stream), None)

    def write_error(self, text: str) -> None:
        """Write to the program's stderr as the interpreter would."""
        if not attempt(lambda: _write(sys.stderr, text), False):
            attempt(lambda: _write(self._err, text), False)


def _flush(stream: Any) -> None:
    stream.flush()


def _write(stream: Any, text: str) -> bool:
    stream.write(text)
    stream.flush()
    return True


def writer(descriptor: int) -> io.TextIOWrapper:
    raw = io.FileIO(descriptor, "w", closefd=False)
    raw.name = f"<{'stdout' if descriptor == 1 else 'stderr'}>"
    errors = "surrogateescape" if descriptor == 1 else "backslashreplace"
    return io.TextIOWrapper(
        io.BufferedWriter(raw), encoding="utf-8", errors=errors, newline="\n", line_buffering=True
    )


def reader() -> io.TextIOWrapper:
    raw = io.FileIO(0, "r", closefd=False)
    raw.name = "<stdin>"
    return io.TextIOWrapper(io.BufferedReader(raw), encoding="utf-8", errors="surrogateescape")
