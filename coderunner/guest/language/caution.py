"""The one place where whatever a program's own objects raise is caught: a bounded stand-in takes its place."""

from __future__ import annotations

import builtins
import sys
from typing import TYPE_CHECKING, Any, Final, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

_BUILTINS: Final = builtins.__dict__
_get_limit, _set_limit = sys.getrecursionlimit, sys.setrecursionlimit
_builtins_before: dict[str, Any] = {}
_limit_before = [_get_limit()]
TEXT_LIMIT: Final = 20_000


def attempt(action: Callable[[], T], fallback: T) -> T:
    """The action's result, or the fallback when the program's objects raise anything at all."""
    try:
        return action()
    except BaseException:
        return fallback


def remember_interpreter() -> None:
    """Note the builtins as they are before a program runs."""
    _builtins_before.clear()
    _builtins_before.update(_BUILTINS)
    _limit_before[0] = _get_limit()


def restore_interpreter() -> None:
    """Put back what a program may have replaced; uses no builtin itself, for there may be none left."""
    _BUILTINS.update(_builtins_before)
    _set_limit(_limit_before[0])


def text_of(value: object, limit: int = TEXT_LIMIT) -> str:
    """`repr(value)`, bounded; an object that cannot show itself is named by its type."""
    return clean_text(attempt(lambda: _exact_text(repr(value)), f"<{type_name(value)} object>"), limit)


def message_of(error: BaseException, limit: int = TEXT_LIMIT) -> str:
    """`str(error)`, bounded."""
    return clean_text(attempt(lambda: _exact_text(str(error)), "<message unavailable>"), limit)


def type_name(value: object) -> str:
    """The name of a value's class, whatever its metaclass says."""
    return type_label(type(value))


def type_label(kind: type) -> str:
    """A class's name as Python writes it in tracebacks."""
    name = attempt(lambda: _exact_text(type.__getattribute__(kind, "__qualname__")), "object")
    module = attempt(lambda: _exact_text(type.__getattribute__(kind, "__module__")), "builtins")
    return name if module in ("builtins", "__main__") else f"{module}.{name}"


def _exact_text(text: object) -> str:
    if not isinstance(text, str):
        raise TypeError("not a text")
    return str.__str__(text)


def clean_text(text: str, limit: int = TEXT_LIMIT) -> str:
    """Bounded text that any encoder takes: lone surrogates are escaped."""
    text = str.__str__(text)
    if len(text) > limit:
        text = f"{text[:limit]}… [{len(text) - limit} more characters]"
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode("utf-8")
