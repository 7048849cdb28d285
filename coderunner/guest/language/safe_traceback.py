"""`traceback` for restricted programs: the text the reply would carry, and no frames."""

from __future__ import annotations

import os
import sys
import traceback
from typing import TYPE_CHECKING, Any, Final

from coderunner.guest.language.failures import Reporter

if TYPE_CHECKING:
    from collections.abc import Callable


def _text(error: BaseException | None) -> str:
    return "NoneType: None\n" if error is None else Reporter(os.getcwd()).text(error)


def _given(args: tuple[Any, ...], keywords: dict[str, Any]) -> BaseException | None:
    """The exception among `(error)`, `(type, error, traceback)` and their keywords."""
    candidates = [*args, *keywords.values()]
    return next((one for one in candidates if isinstance(one, BaseException)), None)


def format_exc(*_options: Any, **_more: Any) -> str:
    """The exception that is being handled, as text."""
    return _text(sys.exception() if hasattr(sys, "exception") else sys.exc_info()[1])


def print_exc(_limit: int | None = None, file: Any = None, **_options: Any) -> None:
    """The same, written to a file or stderr."""
    (file or sys.stderr).write(format_exc())


def format_exception(*args: Any, **keywords: Any) -> list[str]:
    """An exception as lines of text."""
    return _text(_given(args, keywords)).splitlines(keepends=True)


def print_exception(*args: Any, file: Any = None, **keywords: Any) -> None:
    """The same, written to a file or stderr."""
    (file or sys.stderr).write("".join(format_exception(*args, **keywords)))


STAND_INS: Final[dict[Any, Callable[..., Any]]] = {
    traceback.format_exc: format_exc,
    traceback.print_exc: print_exc,
    traceback.format_exception: format_exception,
    traceback.print_exception: print_exception,
}
