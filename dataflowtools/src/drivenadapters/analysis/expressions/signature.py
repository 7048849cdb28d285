"""Functions of the language: what they take, what they give, and how they say so."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from dataflowtools.src.drivenadapters.analysis.expressions.kinds import (
    DTYPES,
    MOMENTS,
    NUMBERS,
    Kind,
    Typed,
    common_kind,
)
from dataflowtools.src.errors import InvalidExpression

Build = Callable[..., pl.Expr]
_ACCEPTED = {
    "number": NUMBERS,
    "integer": frozenset({Kind.INTEGER, Kind.NULL}),
    "text": frozenset({Kind.TEXT, Kind.NULL}),
    "boolean": frozenset({Kind.BOOLEAN, Kind.NULL}),
    "moment": MOMENTS,
    "datetime": MOMENTS,
    "list": frozenset({Kind.LIST, Kind.NULL}),
    "any": frozenset(Kind) - {Kind.OTHER},
    "constant_text": frozenset({Kind.TEXT}),
    "constant_integer": frozenset({Kind.INTEGER}),
}
_CASTS: dict[str, Any] = {
    "number": None,
    "integer": pl.Int64,
    "text": pl.String,
    "boolean": pl.Boolean,
    "datetime": pl.Datetime("us"),
}
_READABLE = {"moment": "date or datetime", "datetime": "date or datetime"}


@dataclass(frozen=True, slots=True)
class Function:
    """One function; `?` ends an optional parameter, `*` the last one when it repeats."""

    name: str
    parameters: Sequence[str]
    result: str
    build: Build
    about: str

    @property
    def signature(self) -> str:
        """The way it is called."""
        return f"{self.name}({', '.join(self.parameters)}) -> {self.result}"


def call_function(function: Function, arguments: Sequence[Typed], position: int) -> Typed:
    """Check the arguments and build the call."""
    kinds = _expected(function, len(arguments), position)
    values: list[object] = []
    for kind, argument in zip(kinds, arguments, strict=True):
        values.append(_argument(function, kind, argument))
    result = _result(function, arguments, position)
    if function.result == "same":
        dtype = DTYPES.get(result)
        values = [
            value.cast(dtype) if dtype is not None and isinstance(value, pl.Expr) and kind == "any" else value
            for kind, value in zip(kinds, values, strict=True)
        ]
    try:
        expr = function.build(*values)
    except ValueError as refusal:
        raise InvalidExpression(
            f"{function.name}: {refusal}", position=position, near=function.name
        ) from None
    return Typed(expr, result, position)


def _expected(function: Function, count: int, position: int) -> list[str]:
    fixed = [kind for kind in function.parameters if not kind.endswith("*")]
    repeated = [kind[:-1] for kind in function.parameters if kind.endswith("*")]
    least = len([kind for kind in fixed if not kind.endswith("?")]) + len(repeated)
    most = 100 if repeated else len(fixed)
    if not least <= count <= most:
        raise InvalidExpression(
            f"{function.signature} is called with {count} arguments", position=position, near=function.name
        )
    kinds = [kind.rstrip("?") for kind in fixed][:count]
    return kinds + repeated * (count - len(kinds))


def _argument(function: Function, kind: str, argument: Typed) -> object:
    if argument.kind not in _ACCEPTED[kind]:
        wanted = _READABLE.get(kind, kind.removeprefix("constant_"))
        raise InvalidExpression(
            f"{function.name} wants {wanted} here, this is {argument.kind.value}",
            position=argument.position,
            near=function.name,
        )
    if kind.startswith("constant_"):
        if not argument.is_literal:
            raise InvalidExpression(
                f"{function.name} wants a value written out here, not a computed one",
                position=argument.position,
                near=function.name,
            )
        return argument.literal
    if kind == "number":
        return argument.expr.cast(pl.Float64) if argument.kind is Kind.NULL else argument.expr
    dtype = _CASTS.get(kind)
    return argument.expr if dtype is None else argument.expr.cast(dtype)


def _result(function: Function, arguments: Sequence[Typed], position: int) -> Kind:
    if function.result == "same":
        kind = common_kind([one.kind for one in arguments])
        if kind is None:
            raise InvalidExpression(
                f"{function.name}: the values are of different kinds", position=position, near=function.name
            )
        return kind
    if function.result == "first":
        return Kind.FLOAT if arguments[0].kind is Kind.NULL else arguments[0].kind
    return Kind(function.result)
