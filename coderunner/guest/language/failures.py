"""Uncaught exceptions as records and as the text Python would print, with the program's own frames only."""

from __future__ import annotations

import linecache
import os
import traceback
from itertools import groupby
from types import TracebackType
from typing import Any, Final

from coderunner.guest.language.caution import attempt, clean_text, message_of, type_label
from coderunner.guest.language.compiling import PROGRAM_NAME

_HEADER: Final = "Traceback (most recent call last):\n"
_MAX_FRAMES: Final = 60
_MAX_SAME: Final = 3
_MAX_CHAIN: Final = 5
_GUEST: Final = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
_LINKS: Final = {
    "cause": "\nThe above exception was the direct cause of the following exception:\n\n",
    "context": "\nDuring handling of the above exception, another exception occurred:\n\n",
}


class Reporter:
    """Describes failures of one program, whose files live in `work_dir`."""

    def __init__(self, work_dir: str) -> None:
        self._work_dir = work_dir.rstrip("/") + "/"

    def record(self, error: BaseException) -> dict[str, Any]:
        """The exception as the reply carries it."""
        text = attempt(lambda: self.text(error), f"{type_label(type(error))}: {message_of(error)}\n")
        return {
            "type": type_label(type(error)),
            "message": _syntax_message(error) if isinstance(error, SyntaxError) else message_of(error),
            "line": attempt(lambda: self._line(error), None),
            "column": error.offset if isinstance(error, SyntaxError) and type(error.offset) is int else None,
            "traceback": clean_text(text, 60_000),
        }

    def _line(self, error: BaseException) -> int | None:
        """The line of the program's own code that failed last."""
        lines = [
            line
            for frame, line in traceback.walk_tb(_traceback(error))
            if self._is_own(frame.f_code.co_filename)
        ]
        if lines:
            return lines[-1]
        return error.lineno if isinstance(error, SyntaxError) and type(error.lineno) is int else None

    def text(self, error: BaseException, depth: int = 0) -> str:
        """The traceback text, chained exceptions first."""
        before = self._before(error, depth)
        stack = self._stack(_traceback(error))
        return before + (_HEADER + stack if stack else "") + self._last_lines(error)

    def _before(self, error: BaseException, depth: int) -> str:
        if depth >= _MAX_CHAIN:
            return ""
        cause = _slot(error, "__cause__")
        if isinstance(cause, BaseException):
            return self.text(cause, depth + 1) + _LINKS["cause"]
        context = _slot(error, "__context__")
        if isinstance(context, BaseException) and not _slot(error, "__suppress_context__"):
            return self.text(context, depth + 1) + _LINKS["context"]
        return ""

    def _is_own(self, file: str) -> bool:
        """Whether a frame is the program's; compiled libraries name their sources by relative paths too."""
        return (
            file == PROGRAM_NAME
            or file.startswith(self._work_dir)
            or (not os.path.isabs(file) and os.path.isfile(self._work_dir + file))
        )

    def _stack(self, trace: TracebackType | None) -> str:
        """Own frames as Python prints them; a run of library frames becomes one line."""
        blocks: list[str] = []
        inside: list[str] = []
        own = False
        for frame, line in traceback.walk_tb(trace):
            file = frame.f_code.co_filename
            if self._is_own(file):
                own = True
                _close(blocks, inside)
                blocks.append(self._frame(frame, line))
            elif not _is_machinery(file):
                inside.append(f"{_short(file)}, line {line}, in {frame.f_code.co_name}")
        _close(blocks, inside)
        if not own:
            return ""
        blocks = _without_repetition(blocks)
        if len(blocks) > _MAX_FRAMES:
            cut = len(blocks) - _MAX_FRAMES
            blocks[_MAX_FRAMES // 2 : -_MAX_FRAMES // 2] = [f"  [… {cut} more frames]\n"]
        return "".join(blocks)

    def _frame(self, frame: Any, line: int) -> str:
        code = frame.f_code
        file = code.co_filename.removeprefix(self._work_dir)
        summary = traceback.FrameSummary(code.co_filename, line, code.co_name, lookup_line=True)
        shown = f"    {summary.line.strip()}\n" if summary.line else ""
        return f'  File "{file}", line {line}, in {code.co_name}\n{clean_text(shown, 500)}'

    def _last_lines(self, error: BaseException) -> str:
        if isinstance(error, SyntaxError):
            return self._syntax(error)
        label, message = type_label(type(error)), message_of(error)
        text = f"{label}: {message}\n" if message else f"{label}\n"
        notes = _slot(error, "__notes__")
        if isinstance(notes, list):
            text += "".join(f"{clean_text(note)}\n" for note in notes[:20] if isinstance(note, str))
        if isinstance(error, BaseExceptionGroup):
            text += "".join(
                f"  | {type_label(type(one))}: {message_of(one)}\n" for one in error.exceptions[:20]
            )
        return text

    def _syntax(self, error: SyntaxError) -> str:
        lines = traceback.TracebackException(type(error), error, None).format_exception_only()
        return "".join(lines).replace(self._work_dir, "")


def _close(blocks: list[str], inside: list[str]) -> None:
    if inside:
        more = f" ({len(inside)} frames)" if len(inside) > 1 else ""
        blocks.append(f"  [inside {inside[-1]}{more}]\n")
        inside.clear()


def _without_repetition(blocks: list[str]) -> list[str]:
    """Runs of the same frame cut as the interpreter does, so that a recursion is read at a glance."""
    kept: list[str] = []
    for block, run in groupby(blocks):
        count = len(list(run))
        kept += [block] * min(count, _MAX_SAME)
        if count > _MAX_SAME:
            more = count - _MAX_SAME
            kept.append(f"  [Previous line repeated {more} more time{'s' if more > 1 else ''}]\n")
    return kept


def _short(file: str) -> str:
    """A library's path without the part that is this machine's."""
    for marker in ("/site-packages/", "/dist-packages/"):
        if marker in file:
            return file.rpartition(marker)[2]
    parts = file.split("/")
    return "/".join(parts[-2:]) if len(parts) > 1 else file


def _is_machinery(file: str) -> bool:
    return file.startswith((_GUEST, "<frozen importlib"))


def _slot(error: BaseException, name: str) -> Any:
    return attempt(lambda: BaseException.__getattribute__(error, name), None)


def _traceback(error: BaseException) -> TracebackType | None:
    trace = _slot(error, "__traceback__")
    return trace if isinstance(trace, TracebackType) else None


def _syntax_message(error: SyntaxError) -> str:
    return clean_text(error.msg) if type(error.msg) is str else message_of(error)


def remember_source(file: str, source: str) -> None:
    """Let tracebacks and the interpreter show lines of a program that is no file."""
    linecache.cache[file] = (len(source), None, source.splitlines(keepends=True), file)
