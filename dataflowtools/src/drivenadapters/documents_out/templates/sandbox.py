"""Jinja behind bars: no way to Python, and an end to every loop, text and number."""

import signal
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from jinja2 import TemplateError, TemplateSyntaxError, nodes
from jinja2.exceptions import SecurityError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from dataflowtools.src.drivenadapters.documents_out.templates.missing import Fields, as_text, missing_kind
from dataflowtools.src.errors import InvalidTemplate

MAX_CHARACTERS = 50_000_000
_RECORD_S = 5.0
_MOST_REPEATED = 1_000_000
_MOST_BITS = 10_000
_NEAR_SAID, _NEAR_CHARS = 100, 200
_JINJA_FILE = "<template>"
_REMOVED_FILTERS = ("pprint", "xmlattr", "tojson", "urlize")
_TROUBLE = (
    TemplateError, ArithmeticError, LookupError, AttributeError, TypeError, ValueError, RecursionError,
    NotImplementedError,
)  # fmt: skip


Place = Callable[
    [int], tuple[int | None, str]
]  # a line of the source: where the author finds it, and what is there


class _OutOfTimeError(Exception):
    """A template ran longer than it may."""


class Jail(ImmutableSandboxedEnvironment):
    """One template's environment; it notes the fields that were shown and were not there."""

    intercepted_binops = frozenset({"*", "**"})

    def __init__(self, *, autoescape: bool, finalize: Callable[[Any], Any] | None = None) -> None:
        self.missing: dict[str, None] = {}
        super().__init__(
            autoescape=autoescape, finalize=finalize or as_text, undefined=missing_kind(self.missing)
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """A compiled template: its source, the part of the file that it is, and where the author finds a line of it."""

    template: Any
    tree: nodes.Template
    part: str
    place: Place

    def render(self, data: Mapping[str, Any]) -> str:
        """Render with limits on time and size; InvalidTemplate says what went wrong, and where."""
        pieces: list[str] = []
        size = 0
        with told(self.part, self.place), limited_time():
            for piece in self.template.generate(data):
                size += len(piece)
                if size > MAX_CHARACTERS:
                    raise InvalidTemplate(
                        f"The template makes more than {MAX_CHARACTERS} characters.", part=self.part
                    )
                pieces.append(piece)
        return "".join(pieces)


def compiled(jail: Jail, source: str, part: str, place: Place | None = None) -> Program:
    """Compile a template; InvalidTemplate with the place when it is not written as Jinja asks."""
    place = place or _line_of(source)
    with told(part, place):
        tree = jail.parse(source)
        return Program(template=jail.from_string(source), tree=tree, part=part, place=place)


def _line_of(source: str) -> Place:
    lines = source.splitlines()

    def place(number: int) -> tuple[int | None, str]:
        return number, lines[number - 1].strip() if number <= len(lines) else ""

    return place


@contextmanager
def told(part: str, place: Place) -> Iterator[None]:
    """Tell whatever a template raises as InvalidTemplate."""
    try:
        yield
    except InvalidTemplate:
        raise
    except (*_TROUBLE, _OutOfTimeError) as exc:
        number = exc.lineno if isinstance(exc, TemplateSyntaxError) else _line_in(exc)
        line, near = place(number) if number else (None, "")
        where = ", ".join([part, *([f"line {line}"] if line else [])]) + (
            f": {near[:_NEAR_SAID]}" if near else ""
        )
        raise InvalidTemplate(
            f"{_message(exc)} ({where})", part=part, line=line, near=near[:_NEAR_CHARS]
        ) from exc


def _message(exc: Exception) -> str:
    match exc:
        case TemplateSyntaxError():
            return f"The template is not written as Jinja asks: {str(exc.message)[:300]}"
        case SecurityError():
            return f"The template uses what it may not: {str(exc)[:300]}"
        case _OutOfTimeError():
            return f"The template does not end within {_RECORD_S:g} s."
        case _:
            return f"The template fails: {type(exc).__name__}: {str(exc)[:300]}"


def _line_in(exc: BaseException) -> int:
    """Find the line that was being rendered, which Jinja writes into the trace."""
    found, trace = 0, exc.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == _JINJA_FILE:
            found = trace.tb_lineno
        trace = trace.tb_next
    return found


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
