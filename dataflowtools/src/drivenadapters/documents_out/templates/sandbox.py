"""Jinja behind bars: no way to Python, and an end to every loop, text and number."""

import re
import signal
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from jinja2 import TemplateError, TemplateSyntaxError
from jinja2.exceptions import SecurityError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from dataflowtools.src.drivenadapters.documents_out.templates.missing import Fields, missing_kind
from dataflowtools.src.errors import InvalidTemplate

MAX_CHARACTERS = 50_000_000
_RECORD_S = 5.0
_MOST_REPEATED = 1_000_000
_MOST_BITS = 10_000
_REMOVED_FILTERS = ("pprint", "xmlattr", "tojson", "urlize")
_TROUBLE = (
    TemplateError, ArithmeticError, LookupError, AttributeError, TypeError, ValueError, RecursionError,
    NotImplementedError,
)  # fmt: skip


class _OutOfTimeError(Exception):
    """A template ran longer than it may."""


class Jail(ImmutableSandboxedEnvironment):
    """One template's environment; it notes the fields that were shown and were not there."""

    intercepted_binops = frozenset({"*", "**"})

    def __init__(self, *, autoescape: bool, finalize: Callable[[Any], Any] | None = None) -> None:
        self.missing: dict[str, None] = {}
        super().__init__(
            autoescape=autoescape, finalize=finalize or _blank, undefined=missing_kind(self.missing)
        )
        self.keep_trailing_newline = True
        self.globals.pop("lipsum", None)
        for name in _REMOVED_FILTERS:
            self.filters.pop(name, None)

    def getattr(self, obj: Any, attribute: str) -> Any:
        """Let a field go before a method of the same name: an order has items."""
        if isinstance(obj, Fields) and attribute in obj:
            return obj[attribute]
        self._refuse_inner(obj, attribute)
        return super().getattr(obj, attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        """Let a text in brackets mean a field only."""
        if isinstance(argument, str) and not (isinstance(obj, Fields) and argument in obj):
            self._refuse_inner(obj, argument)
        return super().getitem(obj, argument)

    def _refuse_inner(self, obj: Any, name: str) -> None:
        if name.startswith("_"):
            self.unsafe_undefined(obj, name)

    def unsafe_undefined(self, obj: Any, attribute: str) -> Any:
        """Refuse at once what leads to Python, instead of taking it for a field that is missing."""
        raise SecurityError(f"{attribute!r} of a {type(obj).__name__} is closed to templates")

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        """Refuse numbers and repetitions that would fill the memory."""
        if operator == "**":
            bits = left.bit_length() if isinstance(left, int) else 1
            if isinstance(right, (int, float)) and bits * abs(right) > _MOST_BITS:
                raise SecurityError("a power that large is not calculated")
        for one, other in ((left, right), (right, left)):
            sized = isinstance(one, (str, bytes, list, tuple))
            if operator == "*" and sized and isinstance(other, int) and len(one) * other > _MOST_REPEATED:
                raise SecurityError("a text or list is not repeated that often")
        return super().call_binop(context, operator, left, right)


def _blank(value: Any) -> Any:
    return "" if value is None else value


def compiled(jail: Jail, source: str, part: str) -> Any:
    """Compile a template; InvalidTemplate with the line when it is not written as Jinja asks."""
    with told(part):
        return jail.from_string(source)


def rendered(template: Any, data: Mapping[str, Any], part: str) -> str:
    """Render with limits on time and size; InvalidTemplate says what went wrong."""
    pieces: list[str] = []
    size = 0
    with told(part), limited_time():
        for piece in template.generate(data):
            size += len(piece)
            if size > MAX_CHARACTERS:
                raise InvalidTemplate(f"The template makes more than {MAX_CHARACTERS} characters.", part=part)
            pieces.append(piece)
    return "".join(pieces)


@contextmanager
def told(part: str) -> Iterator[None]:
    """Tell whatever a template raises as InvalidTemplate."""
    try:
        yield
    except InvalidTemplate:
        raise
    except TemplateSyntaxError as exc:
        message = f"The template is not written as Jinja asks: {str(exc.message)[:300]}"
        raise InvalidTemplate(message, part=part, line=exc.lineno, near=_near(exc)) from exc
    except SecurityError as exc:
        raise InvalidTemplate(f"The template uses what it may not: {str(exc)[:300]}", part=part) from exc
    except _OutOfTimeError as exc:
        raise InvalidTemplate(f"The template does not end within {_RECORD_S:g} s.", part=part) from exc
    except _TROUBLE as exc:
        raise InvalidTemplate(
            f"The template fails: {type(exc).__name__}: {str(exc)[:300]}", part=part
        ) from exc


@contextmanager
def limited_time() -> Iterator[None]:
    """Interrupt what runs longer than one record may."""

    def stop(*_: Any) -> None:
        raise _OutOfTimeError

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, _RECORD_S)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _near(exc: TemplateSyntaxError) -> str:
    lines = (exc.source or "").splitlines()
    line = lines[exc.lineno - 1] if 0 < exc.lineno <= len(lines) else ""
    return re.sub(r"<[^>]*>", "", line).strip()[:200]
