"""JSON parameters as the Python values that a function's annotations ask for."""

from __future__ import annotations

import base64
import datetime as dt
import decimal
import enum
import fractions
import pathlib
import sys
import types
import typing
import uuid
from typing import Any, Final

from coderunner.guest.language.caution import attempt

if typing.TYPE_CHECKING:
    from collections.abc import Callable


def _parsed_duration(value: Any) -> dt.timedelta:
    if isinstance(value, (int, float)):
        return dt.timedelta(seconds=value)
    hours, minutes, seconds = str(value).split(":")
    return dt.timedelta(hours=int(hours), minutes=int(minutes), seconds=float(seconds))


_SCALARS: Final[dict[Any, Callable[[Any], Any]]] = {
    dt.datetime: dt.datetime.fromisoformat,
    dt.date: dt.date.fromisoformat,
    dt.time: dt.time.fromisoformat,
    dt.timedelta: _parsed_duration,
    decimal.Decimal: lambda value: decimal.Decimal(value if isinstance(value, int) else str(value)),
    fractions.Fraction: lambda value: fractions.Fraction(str(value)),
    uuid.UUID: uuid.UUID,
    pathlib.Path: pathlib.Path,
    bytes: lambda value: base64.b64decode(value, validate=True),
    float: lambda value: float(value) if type(value) is int else value,
    complex: lambda value: (
        complex(value["real"], value["imag"]) if isinstance(value, dict) else complex(value)
    ),
}
_BY_TEXT: Final = {
    **{kind.__name__: kind for kind in _SCALARS},
    **{f"datetime.{kind.__name__}": kind for kind in (dt.datetime, dt.date, dt.time, dt.timedelta)},
    "decimal.Decimal": decimal.Decimal,
    "uuid.UUID": uuid.UUID,
    "pathlib.Path": pathlib.Path,
    "set": set,
    "tuple": tuple,
    "frozenset": frozenset,
}
_CONTAINERS: Final = (list, set, frozenset, tuple)


class ParameterMismatch(TypeError):
    """A parameter that cannot be made what its annotation asks for."""


def keyword_arguments(function: Any, parameters: dict[str, Any]) -> dict[str, Any]:
    """The call's keyword arguments, each mapped by its annotation."""
    annotations: dict[str, Any] = attempt(lambda: dict(function.__annotations__), {})
    return {name: _argument(name, value, annotations.get(name)) for name, value in parameters.items()}


def _argument(name: str, value: Any, annotation: Any) -> Any:
    try:
        return convert(value, annotation)
    except (ValueError, TypeError, KeyError, ArithmeticError) as error:
        shown = annotation if isinstance(annotation, str) else getattr(annotation, "__name__", annotation)
        raise ParameterMismatch(f"parameter {name!r}: {value!r:.200} is no {shown}: {error}") from None


def convert(value: Any, annotation: Any) -> Any:
    """One value by one annotation; what has no rule stays as it is."""
    if isinstance(annotation, str):
        annotation = _BY_TEXT.get(annotation.removesuffix(" | None").strip())
    if annotation is None or value is None:
        return value
    origin = typing.get_origin(annotation)
    if origin is not None:
        return _generic(value, origin, typing.get_args(annotation))
    if annotation in _SCALARS and type(value) is not annotation:
        return _SCALARS[annotation](value)
    if isinstance(annotation, type):
        return _by_class(value, annotation)
    return value


def _generic(value: Any, origin: Any, args: tuple[Any, ...]) -> Any:
    if origin in (typing.Union, types.UnionType):
        return _union(value, args)
    if origin is typing.Annotated:
        return convert(value, args[0])
    if isinstance(value, dict):
        mapped = origin is dict and len(args) == 2
        return (
            {convert(key, args[0]): convert(item, args[1]) for key, item in value.items()}
            if mapped
            else value
        )
    return _sequence(value, origin, args) if isinstance(value, list) else value


def _sequence(value: list[Any], origin: Any, args: tuple[Any, ...]) -> Any:
    if origin is tuple and args and args[-1] is not Ellipsis:
        return tuple(convert(item, kind) for item, kind in zip(value, args, strict=True))
    if origin in _CONTAINERS:
        return origin(convert(item, args[0] if args else None) for item in value)
    if isinstance(origin, type) and issubclass(list, origin):
        return [convert(item, args[0]) for item in value]
    return value


def _union(value: Any, args: tuple[Any, ...]) -> Any:
    if any(isinstance(arg, type) and type(value) is arg for arg in args):
        return value
    failure: Exception | None = None
    for arg in args:
        if arg is type(None):
            continue
        try:
            return convert(value, arg)
        except (ValueError, TypeError, KeyError, ArithmeticError) as error:
            failure = error
    if failure:
        raise failure
    return value


def _by_class(value: Any, kind: type) -> Any:
    if isinstance(value, list) and kind in (set, frozenset, tuple):
        return kind(value)
    if issubclass(kind, enum.Enum):
        return kind(value)
    fields = kind.__dict__.get("__dataclass_fields__")
    if isinstance(fields, dict) and isinstance(value, dict):
        return kind(**keyword_arguments(kind, value))
    return _by_library(value, kind)


def _by_library(value: Any, kind: type) -> Any:
    root = kind.__module__.partition(".")[0] if type(kind.__module__) is str else ""
    if root == "pandas" and isinstance(value, (list, dict)):
        return _frame(value, kind)
    if root == "numpy" and kind is sys.modules["numpy"].ndarray and isinstance(value, list):
        return sys.modules["numpy"].asarray(value)
    if root == "pandas" and isinstance(value, str) and kind is sys.modules["pandas"].Timestamp:
        return kind(value)
    return value


def _frame(value: Any, kind: type) -> Any:
    if isinstance(value, dict) and "records" in value:
        return kind(value["records"], columns=value.get("columns"))
    return kind(value)
