"""Python values as JSON, by the mapping of docs/language.md: bounded, and careful with a value's own methods."""

from __future__ import annotations

import array
import base64
import collections
import datetime as dt
import decimal
import enum
import fractions
import math
import sys
import uuid
from pathlib import PurePath
from types import MappingProxyType, SimpleNamespace
from typing import TYPE_CHECKING, Any, Final

from coderunner.guest.language.caution import attempt, clean_text, text_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

MAX_DEPTH: Final = 64
_SHOWN_BITS: Final = 14_000  # Python itself refuses to write more than 4300 digits
SAFE_INTEGER: Final = 2**53
_CYCLE: Final = "<cycle>"
_TOO_DEEP: Final = f"<deeper than {MAX_DEPTH} levels>"
_SCALAR_BYTES: Final = 24


class ValueMapper:
    """Maps one value within a budget of bytes; `truncated` tells whether something was left out."""

    def __init__(self, budget_bytes: int) -> None:
        self._left = budget_bytes
        self._open: set[int] = set()
        self.truncated = False

    def map(self, value: Any, depth: int = 0) -> Any:
        """The value as exact JSON types."""
        self._left -= _SCALAR_BYTES
        if value is None or value is True or value is False:
            return value
        kind = type(value)
        if scalar := _SCALARS.get(kind):
            return self._text(scalar(value))
        if depth >= MAX_DEPTH:
            self.truncated = True
            return _TOO_DEEP
        if id(value) in self._open:
            return _CYCLE
        self._open.add(id(value))
        try:
            return self._compound(value, kind, depth + 1)
        finally:
            self._open.discard(id(value))

    def _text(self, mapped: Any) -> Any:
        if type(mapped) is not str:
            return mapped
        room = max(0, self._left)
        if len(mapped) > room:
            self.truncated = True
            mapped = mapped[:room]
        self._left -= len(mapped)
        return clean_text(mapped, max(1, len(mapped)))

    def _compound(self, value: Any, kind: type, depth: int) -> Any:
        for base, convert in _COMPOUNDS:
            if issubclass(kind, base):
                return convert(self, value, depth)
        foreign = _foreign(kind)
        mapped = attempt(lambda: foreign(self, value, depth), _UNMAPPED) if foreign else _UNMAPPED
        return self._text(text_of(value)) if mapped is _UNMAPPED else mapped

    def items(self, values: Iterable[Any], depth: int) -> list[Any]:
        """As many items as the budget has room for."""
        found = []
        for value in values:
            if self._left <= 0:
                self.truncated = True
                break
            found.append(self.map(value, depth))
        return found

    def pairs(self, pairs: Iterable[tuple[Any, Any]], depth: int) -> dict[str, Any]:
        """As many pairs as the budget has room for; keys become text."""
        found: dict[str, Any] = {}
        for key, value in pairs:
            if self._left <= 0:
                self.truncated = True
                break
            found[self._key(key)] = self.map(value, depth)
        return found

    def _key(self, key: Any) -> str:
        if isinstance(key, str):
            return str(self._text(str.__str__(key)))
        mapped = _SCALARS[type(key)](key) if type(key) in _SCALARS else text_of(key, 500)
        if key is None or key is True or key is False:
            mapped = {None: "null", True: "true", False: "false"}[key]
        return str(self._text(mapped if type(mapped) is str else repr(mapped)))


# --- scalars: exact types only, so that no method of the program is called ---


def _integer(value: int) -> Any:
    value = int.__index__(value)
    if -SAFE_INTEGER <= value <= SAFE_INTEGER:
        return value
    if value.bit_length() > _SHOWN_BITS:
        return f"<int of {value.bit_length()} bits>"
    return int.__repr__(value)


def _real(value: float) -> Any:
    value = float.__add__(value, 0.0)
    return value if math.isfinite(value) else None


def _duration(value: dt.timedelta) -> str:
    """ISO 8601, as pandas writes it."""
    total = dt.timedelta.total_seconds(value)
    sign, value = ("-", -value) if total < 0 else ("", value)
    hours, rest = divmod(value.seconds, 3600)
    minutes, seconds = divmod(rest, 60)
    fraction = f".{value.microseconds:06d}" if value.microseconds else ""
    return f"{sign}P{value.days}DT{hours}H{minutes}M{seconds}{fraction}S"


def _complex(value: complex) -> Any:
    return {"real": _real(value.real), "imag": _real(value.imag)}


def _base64(value: Any) -> str:
    return base64.b64encode(bytes(value)).decode("ascii")


_SCALARS: Final[dict[type, Callable[[Any], Any]]] = {
    str: lambda value: value,
    int: _integer,
    float: _real,
    complex: _complex,
    bytes: _base64,
    bytearray: _base64,
    dt.datetime: dt.datetime.isoformat,
    dt.date: dt.date.isoformat,
    dt.time: dt.time.isoformat,
    dt.timedelta: _duration,
    decimal.Decimal: decimal.Decimal.__str__,
    fractions.Fraction: fractions.Fraction.__str__,
    uuid.UUID: uuid.UUID.__str__,
    type(Ellipsis): repr,
}


# --- containers and subclasses, through the base class's own methods ---


def _mapping(mapper: ValueMapper, value: dict[Any, Any], depth: int) -> Any:
    return mapper.pairs(dict.items(value), depth)


def _sequence(mapper: ValueMapper, value: Any, depth: int) -> Any:
    fields = getattr(type(value), "_fields", None)
    if isinstance(value, tuple) and type(fields) is tuple and len(fields) == tuple.__len__(value):
        return mapper.pairs(zip(fields, tuple.__iter__(value), strict=True), depth)
    return mapper.items(tuple.__iter__(value) if isinstance(value, tuple) else list.__iter__(value), depth)


def _unordered(mapper: ValueMapper, value: Any, depth: int) -> Any:
    members = list((set if isinstance(value, set) else frozenset).__iter__(value))
    plain = all(type(member) in _SCALARS for member in members)
    ordered = attempt(lambda: sorted(members), None) if plain else None
    return mapper.items(ordered if ordered is not None else sorted(members, key=text_of), depth)


def _enumeration(mapper: ValueMapper, value: Any, depth: int) -> Any:
    return mapper.map(object.__getattribute__(value, "_value_"), depth)


def _held(value: Any) -> dict[str, Any]:
    held: dict[str, Any] = object.__getattribute__(value, "__dict__")
    return held


def _user_data(mapper: ValueMapper, value: Any, depth: int) -> Any:
    return mapper.map(_held(value)["data"], depth)


def _view(mapper: ValueMapper, value: Any, depth: int) -> Any:
    return mapper.items(iter(value), depth)


def _as_exact(kind: type) -> Callable[[ValueMapper, Any, int], Any]:
    scalar = _SCALARS[kind]

    def convert(mapper: ValueMapper, value: Any, _depth: int) -> Any:
        plain = str.__str__(value) if kind is str else value
        return mapper._text(scalar(plain))

    return convert


_COMPOUNDS: Final[list[tuple[type, Callable[[ValueMapper, Any, int], Any]]]] = [
    (enum.Enum, _enumeration),
    (dict, _mapping),
    (list, _sequence),
    (tuple, _sequence),
    (set, _unordered),
    (frozenset, _unordered),
    (collections.deque, lambda mapper, value, depth: mapper.items(collections.deque.__iter__(value), depth)),
    (collections.UserDict, _user_data),
    (collections.UserList, _user_data),
    (SimpleNamespace, lambda mapper, value, depth: mapper.pairs(dict.items(_held(value)), depth)),
    (type({}.keys()), _view),
    (type({}.values()), _view),
    (type({}.items()), _view),
    (MappingProxyType, lambda mapper, value, depth: mapper.map(dict(value), depth)),
    (array.array, lambda mapper, value, depth: mapper.items(array.array.tolist(value), depth)),
    (range, lambda mapper, value, depth: mapper.items(value, depth)),
    (memoryview, lambda mapper, value, _depth: mapper._text(_base64(value))),
    (PurePath, lambda mapper, value, _depth: mapper._text(text_of(PurePath.__str__(value))[1:-1])),
]


def _foreign(kind: type) -> Callable[[ValueMapper, Any, int], Any] | None:
    """How to map a library's type, when that library is loaded at all."""
    for base in type.mro(kind):
        home = type.__getattribute__(base, "__module__")
        root = home.partition(".")[0] if type(home) is str else ""
        if root in _LIBRARIES and root in sys.modules:
            from coderunner.guest.language import library_values

            return library_values.converter(kind, root)
    if "__dataclass_fields__" in {
        name for base in type.mro(kind) for name in type.__getattribute__(base, "__dict__")
    }:
        return _dataclass
    for base, scalar in _SUBCLASSED:
        if issubclass(kind, base):
            return _as_exact(scalar)
    return None


_LIBRARIES: Final = frozenset({"numpy", "pandas", "pyarrow", "polars", "sympy"})
_SUBCLASSED: Final[list[tuple[type, type]]] = [
    (kind, kind)
    for kind in (
        str,
        int,
        float,
        complex,
        bytes,
        bytearray,
        dt.datetime,
        dt.date,
        dt.time,
        dt.timedelta,
        decimal.Decimal,
        fractions.Fraction,
        uuid.UUID,
    )
]


def _dataclass(mapper: ValueMapper, value: Any, depth: int) -> Any:
    fields = type.__getattribute__(type(value), "__dataclass_fields__")
    return mapper.pairs(((name, object.__getattribute__(value, name)) for name in dict.keys(fields)), depth)


def to_json(value: Any, budget_bytes: int) -> tuple[Any, bool]:
    """The value as JSON and whether some of it was left out."""
    mapper = ValueMapper(budget_bytes)
    mapped = attempt(lambda: mapper.map(value), _UNMAPPED)
    if mapped is _UNMAPPED:
        return text_of(value), True
    return mapped, mapper.truncated


_UNMAPPED: Final = object()
