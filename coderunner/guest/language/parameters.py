"""JSON parameters as the Python values that a function's annotations ask for."""

from __future__ import annotations

import base64
import datetime as dt
import decimal
import enum
import fractions
import functools
import pathlib
import re
import sys
import types
import typing
import uuid
from typing import Any, Final

from coderunner.guest.language.annotations import LibraryType, look_in, resolved_text
from coderunner.guest.language.caution import attempt

if typing.TYPE_CHECKING:
    from collections.abc import Callable


_DURATION: Final = re.compile(
    r"(?P<sign>-)?P(?:(?P<days>\d+(?:\.\d+)?)D)?"
    r"(?:T(?:(?P<hours>\d+(?:\.\d+)?)H)?(?:(?P<minutes>\d+(?:\.\d+)?)M)?(?:(?P<seconds>\d+(?:\.\d+)?)S)?)?"
)


def _parsed_duration(value: Any) -> dt.timedelta:
    """Seconds, hours:minutes:seconds, or ISO 8601 as replies write it."""
    if isinstance(value, (int, float)):
        return dt.timedelta(seconds=value)
    if iso := _DURATION.fullmatch(str(value)):
        parts = iso.groupdict()
        length = dt.timedelta(
            **{unit: float(parts[unit] or 0) for unit in ("days", "hours", "minutes", "seconds")}
        )
        return -length if parts["sign"] else length
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
    complex: lambda value: (
        complex(value["real"], value["imag"]) if isinstance(value, dict) else complex(value)
    ),
}
_CONTAINERS: Final = (list, set, frozenset, tuple)


class ParameterMismatch(TypeError):
    """A parameter that cannot be made what its annotation asks for."""


def call_arguments(
    function: Any, parameters: dict[str, Any], arguments: list[Any]
) -> tuple[list[Any], dict[str, Any]]:
    """What the function is called with: arguments and parameters that are positional only in their places, then
    all others by name; each mapped by its annotation.
    """
    if type(function) is not types.FunctionType:
        return arguments, keyword_arguments(function, parameters)
    code = function.__code__
    placed = code.co_varnames[: code.co_argcount]
    given = dict(zip(placed, arguments, strict=False))
    if twice := sorted(given.keys() & parameters.keys()):
        raise ParameterMismatch(f"{function.__name__}() was given the parameter {twice[0]!r} twice")
    mapped = keyword_arguments(function, {**parameters, **given})
    defaults = function.__defaults__ or ()
    first_default = code.co_argcount - len(defaults)
    by_place = {*given, *placed[: code.co_posonlyargcount]}
    last = max(
        (index for index, name in enumerate(placed) if name in mapped and name in by_place), default=-1
    )
    positional = []
    for index, name in enumerate(placed[: last + 1]):
        if name not in mapped and index < first_default:
            raise ParameterMismatch(f"{function.__name__}() needs the parameter {name!r}")
        positional.append(mapped.pop(name) if name in mapped else defaults[index - first_default])
    return [*positional, *arguments[len(placed) :]], mapped


def keyword_arguments(function: Any, parameters: dict[str, Any]) -> dict[str, Any]:
    """The call's keyword arguments, each mapped by its annotation."""
    nothing: dict[str, Any] = {}
    annotations = attempt(lambda: _annotations(function), nothing)
    implied = attempt(lambda: _with_none(function), frozenset[str]())
    look = look_in(attempt(lambda: dict(function.__globals__), nothing))
    return {
        name: value
        if value is None and name in implied
        else argument(name, value, _as_type(annotations.get(name), look))
        for name, value in parameters.items()
    }


def _annotations(function: Any) -> dict[str, Any]:
    """A class's with those of its bases, a function's own."""
    if not isinstance(function, type):
        return dict(function.__annotations__)
    found: dict[str, Any] = {}
    for base in reversed(type.mro(function)):
        found.update(type.__getattribute__(base, "__dict__").get("__annotations__", {}))
    return found


def _with_none(function: Any) -> frozenset[str]:
    """Parameters whose default is None, which says that null is welcome, whatever the annotation says."""
    code, defaults = function.__code__, function.__defaults__ or ()
    placed = code.co_varnames[code.co_argcount - len(defaults) : code.co_argcount]
    pairs = [*zip(placed, defaults, strict=True), *(function.__kwdefaults__ or {}).items()]
    return frozenset(name for name, default in pairs if default is None)


def _as_type(annotation: Any, look: Callable[[str], Any]) -> Any:
    if annotation is None:
        return Any
    return resolved_text(annotation, look) if isinstance(annotation, str) else annotation


def argument(name: str, value: Any, annotation: Any, shown: str = "") -> Any:
    """One argument; ParameterMismatch says which value is not what the annotation asks for, and why."""
    try:
        return convert(value, annotation)
    except (ValueError, TypeError, KeyError, ArithmeticError) as error:
        label = shown or attempt(lambda: str(getattr(annotation, "__name__", annotation)), "that")
        raise ParameterMismatch(f"parameter {name!r}: {value!r:.200} is no {label}: {error}") from None


def convert(value: Any, annotation: Any) -> Any:
    """One value by one annotation; what has no rule stays as it is."""
    if annotation is Any or isinstance(annotation, typing.TypeVar):
        return value
    if isinstance(annotation, LibraryType):
        return _require(value, *annotation.accepts)
    if isinstance(annotation, str):
        return convert(value, resolved_text(annotation, look_in({})))
    origin = typing.get_origin(annotation)
    if origin is not None:
        return _generic(value, origin, typing.get_args(annotation))
    if isinstance(annotation, type) or annotation is None:
        return _plain(value, annotation or type(None))
    return value


def _plain(value: Any, kind: type) -> Any:
    if kind in _JSON:
        return _JSON[kind](value)
    if kind in _SCALARS and type(value) is not kind:
        return _SCALARS[kind](value)
    return _by_class(value, kind)


def _require(value: Any, *kinds: type) -> Any:
    """The value, of one of the JSON types; a boolean is no number."""
    if type(value) in kinds:
        return value
    raise TypeError(f"{_NAMES.get(type(value), 'something else')} was given")


def _integer(value: Any) -> int:
    if type(value) is float and value.is_integer():
        return int(value)
    return int(_require(value, int))


_NAMES: Final = {
    str: "a string",
    int: "a number",
    float: "a number",
    bool: "a boolean",
    list: "an array",
    dict: "an object",
    type(None): "null",
}
_JSON: Final[dict[Any, Callable[[Any], Any]]] = {
    int: _integer,
    float: lambda value: float(_require(value, int, float)),
    **{
        kind: functools.partial(lambda kind, value: _require(value, kind), kind)
        for kind in (str, bool, list, dict)
    },
    type(None): lambda value: _require(value, type(None)),
    tuple: lambda value: tuple(_require(value, list)),
    set: lambda value: set(_require(value, list)),
    frozenset: lambda value: frozenset(_require(value, list)),
}


def _generic(value: Any, origin: Any, args: tuple[Any, ...]) -> Any:
    if origin in (typing.Union, types.UnionType):
        return _union(value, args)
    if origin is typing.Annotated:
        return convert(value, args[0])
    if origin is typing.Literal:
        return _one_of(value, args)
    if isinstance(origin, type) and issubclass(dict, origin) and not issubclass(list, origin):
        return _mapping(_require(value, dict), args)
    return _sequence(value, origin, args)


def _one_of(value: Any, choices: tuple[Any, ...]) -> Any:
    for choice in choices:
        if type(choice) is type(value) and choice == value:
            return value
    raise ValueError(f"it is not one of {', '.join(map(repr, choices))}")


def _mapping(value: dict[str, Any], args: tuple[Any, ...]) -> dict[Any, Any]:
    if len(args) != 2:
        return value
    return {_key(key, args[0]): convert(item, args[1]) for key, item in value.items()}


def _key(key: str, kind: Any) -> Any:
    """JSON has text for keys only: numbers are read from it."""
    return kind(key) if kind in (int, float) else convert(key, kind)


def _sequence(value: Any, origin: Any, args: tuple[Any, ...]) -> Any:
    if origin is tuple and args and args[-1] is not Ellipsis:
        items = _require(value, list)
        if len(items) != len(args):
            raise ValueError(f"{len(args)} items are needed, {len(items)} were given")
        return tuple(convert(item, kind) for item, kind in zip(items, args, strict=True))
    kind = args[0] if args else Any
    if origin in _CONTAINERS:
        return origin(convert(item, kind) for item in _require(value, list))
    if isinstance(origin, type) and issubclass(list, origin):
        return [convert(item, kind) for item in value] if isinstance(value, list) else value
    return _by_class(value, origin) if isinstance(origin, type) else value


def _union(value: Any, args: tuple[Any, ...]) -> Any:
    if any(isinstance(arg, type) and type(value) is arg for arg in args):
        return value
    failure: Exception | None = None
    for arg in args:
        try:
            return convert(value, arg)
        except (ValueError, TypeError, KeyError, ArithmeticError) as error:
            failure = error
    if failure:
        raise failure
    return value


def _by_class(value: Any, kind: type) -> Any:
    if issubclass(kind, enum.Enum):
        return kind(value)
    fields = kind.__dict__.get("__dataclass_fields__")
    if isinstance(fields, dict):
        return kind(**keyword_arguments(kind, _require(value, dict)))
    return _by_library(value, kind)


def _by_library(value: Any, kind: type) -> Any:
    root = kind.__module__.partition(".")[0] if type(kind.__module__) is str else ""
    if root == "pandas":
        return _of_pandas(value, kind, sys.modules["pandas"])
    if root == "numpy" and kind is sys.modules["numpy"].ndarray:
        return sys.modules["numpy"].asarray(_require(value, list))
    return value


def _of_pandas(value: Any, kind: Any, pandas: Any) -> Any:
    """From arrays and objects, or from what a reply says of a frame or a series."""
    if kind is pandas.Timestamp:
        return kind(_require(value, str, int, float))
    if kind is pandas.DataFrame:
        if isinstance(value, dict) and "records" in value:
            return kind(value["records"], columns=value.get("columns"), index=value.get("index"))
        return kind(_require(value, list, dict))
    if kind is pandas.Series:
        if isinstance(value, dict) and "values" in value:
            return kind(value["values"], index=value.get("index"), name=value.get("name"))
        return kind(_require(value, list, dict))
    return value
