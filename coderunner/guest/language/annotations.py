"""Annotations as types, read from their syntax: no text of a program is ever evaluated for them."""

from __future__ import annotations

import ast
import collections.abc
import datetime as dt
import decimal
import fractions
import functools
import operator
import pathlib
import sys
import types
import typing
import uuid
from dataclasses import dataclass
from typing import Any, Final

if typing.TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Look = Callable[[str], Any]

_MAX_DEPTH: Final = 20


@dataclass(frozen=True, slots=True)
class LibraryType:
    """A type of a library that need not be loaded: what JSON has to be there for one."""

    module: str
    name: str
    accepts: tuple[type, ...]

    def loaded(self) -> Any:
        """The library's own class where the library is loaded."""
        return getattr(sys.modules.get(self.module), self.name, self)


_LISTS: Final = "List Sequence MutableSequence Iterable Collection Reversible"
_DICTS: Final = "Dict Mapping MutableMapping DefaultDict OrderedDict"
_GENERIC: Final[dict[str, Any]] = {
    **dict.fromkeys(_LISTS.split(), list),
    **dict.fromkeys(_DICTS.split(), dict),
    **dict.fromkeys(("Set", "AbstractSet", "MutableSet"), set),
    "FrozenSet": frozenset,
    "Tuple": tuple,
}
_FORMS: Final = {name: getattr(typing, name) for name in ("Optional", "Union", "Literal", "Annotated", "Any")}
_ARRAY: Final = LibraryType("numpy", "ndarray", (list,))
KNOWN: Final[dict[str, Any]] = {
    **{
        kind.__name__: kind
        for kind in (int, float, str, bool, bytes, complex, list, dict, tuple, set, frozenset)
    },
    **{f"datetime.{kind.__name__}": kind for kind in (dt.datetime, dt.date, dt.time, dt.timedelta)},
    "decimal.Decimal": decimal.Decimal,
    "fractions.Fraction": fractions.Fraction,
    "uuid.UUID": uuid.UUID,
    "pathlib.Path": pathlib.Path,
    **{
        f"{module}.{name}": kind
        for module in ("typing", "collections.abc", "typing_extensions")
        for name, kind in {**_GENERIC, **_FORMS}.items()
    },
    "pandas.DataFrame": LibraryType("pandas", "DataFrame", (list, dict)),
    "pandas.Series": LibraryType("pandas", "Series", (list, dict)),
    "pandas.Timestamp": LibraryType("pandas", "Timestamp", (str, int, float)),
    "numpy.ndarray": _ARRAY,
    "numpy.typing.NDArray": _ARRAY,
}


def resolved(node: ast.expr | None, look: Look, depth: int = 0) -> Any:
    """The type that an annotation names; `Any` for what nothing here knows."""
    if node is None or depth > _MAX_DEPTH:
        return Any
    if isinstance(node, ast.Constant):
        return _of_constant(node.value, look, depth)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        return _union([node.left, node.right], look, depth)
    if isinstance(node, ast.Subscript):
        return _subscript(look(_dotted(node.value)), node.slice, look, depth + 1)
    found = look(_dotted(node))
    return Any if found in _FORMS.values() else found


def resolved_text(text: str, look: Look) -> Any:
    """The same for an annotation that is text, as `from __future__ import annotations` makes them."""
    return _of_constant(text, look, 0)


def _of_constant(value: object, look: Look, depth: int) -> Any:
    if value is None:
        return type(None)
    if not isinstance(value, str):
        return Any
    try:
        return resolved(ast.parse(value.strip(), mode="eval").body, look, depth + 1)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return Any


def _dotted(node: ast.expr) -> str:
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    return ".".join([node.id, *reversed(parts)]) if isinstance(node, ast.Name) else ""


def _union(parts: list[ast.expr], look: Look, depth: int) -> Any:
    """Any as soon as one part is anything; a part of a library stays a part."""
    kinds = [resolved(part, look, depth + 1) for part in parts]
    if Any in kinds:
        return Any
    if any(isinstance(kind, LibraryType) for kind in kinds):
        return Any if depth else _library_union(kinds)
    return functools.reduce(operator.or_, kinds)


def _library_union(kinds: list[Any]) -> Any:
    known = [kind for kind in kinds if kind is not type(None)]
    return known[0] if len(known) == 1 and len(kinds) > 1 else Any


_HEADS: Final[dict[Any, Any]] = {
    getattr(home, name): kind
    for home in (typing, collections.abc)
    for name, kind in _GENERIC.items()
    if hasattr(home, name)
}


def _subscript(head: Any, inside: ast.expr, look: Look, depth: int) -> Any:
    arguments = list(inside.elts) if isinstance(inside, ast.Tuple) else [inside]
    if isinstance(head, type) or type(head).__module__ == "typing":
        head = _HEADS.get(head, head)
    if head is typing.Optional:
        return _union([arguments[0], ast.Constant(None)], look, depth - 1)
    if head is typing.Union:
        return _union(arguments, look, depth - 1)
    if head is typing.Annotated:
        return resolved(arguments[0], look, depth)
    if head is typing.Literal:
        return _literal(arguments)
    if head in (list, set, frozenset, dict, tuple):
        return _container(head, arguments, look, depth)
    return head if isinstance(head, LibraryType) else Any


def _container(head: Any, arguments: list[ast.expr], look: Look, depth: int) -> Any:
    kinds = tuple(
        ... if isinstance(one, ast.Constant) and one.value is Ellipsis else resolved(one, look, depth)
        for one in arguments
    )
    if any(isinstance(kind, LibraryType) for kind in kinds):
        return head
    return types.GenericAlias(head, kinds)


def _literal(arguments: list[ast.expr]) -> Any:
    values = [one.value for one in arguments if isinstance(one, ast.Constant)]
    return typing.Literal[tuple(values)] if len(values) == len(arguments) else Any


def look_among(names: Mapping[str, str | None]) -> Look:
    """Looks names up by what a program's import statements say; a name that maps to None is the program's own."""

    def look(dotted: str) -> Any:
        first, _, rest = dotted.partition(".")
        full = names.get(first, first)
        return Any if full is None else KNOWN.get(f"{full}.{rest}" if rest else full, Any)

    return look


def look_in(namespace: Mapping[str, Any]) -> Look:
    """Looks names up in a program's globals: its own classes, and of modules only what is known here."""

    def look(dotted: str) -> Any:
        first, _, rest = dotted.partition(".")
        if first not in namespace:
            return KNOWN.get(dotted, Any)
        value = namespace[first]
        if isinstance(value, types.ModuleType):
            known = KNOWN.get(f"{value.__name__}.{rest}", Any)
            return known.loaded() if isinstance(known, LibraryType) else known
        return Any if rest else value

    return look
