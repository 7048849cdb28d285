"""A tree to a Polars expression, with every kind checked on the way."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from difflib import get_close_matches
from typing import Any

import polars as pl

from dataflowtools.src.drivenadapters.analysis.expressions.functions import FUNCTIONS
from dataflowtools.src.drivenadapters.analysis.expressions.kinds import (
    DTYPES,
    MOMENTS,
    NUMBERS,
    Kind,
    Typed,
    common_kind,
    kind_of,
)
from dataflowtools.src.drivenadapters.analysis.expressions.signature import call_function
from dataflowtools.src.errors import InvalidExpression, OperationNotAllowed, UnknownColumn
from dataflowtools.src.logics.data_analysis.expressions.nodes import (
    Binary,
    Call,
    Choice,
    Column,
    Literal,
    Membership,
    Node,
    NullTest,
    Unary,
)
from dataflowtools.src.logics.data_analysis.expressions.parse import parse_expression


@dataclass(frozen=True, slots=True)
class Compiled:
    """An expression ready to run, its kind and the columns that it reads."""

    expr: pl.Expr
    kind: Kind
    columns: frozenset[str]


def compile_expression(text: str, schema: Mapping[str, pl.DataType]) -> Compiled:
    """Compile a text for tables of this schema.

    Raises InvalidExpression, OperationNotAllowed, InvalidPattern or UnknownColumn.
    """
    compiler = _Compiler(schema)
    typed = compiler.compile(parse_expression(text))
    return Compiled(typed.expr, typed.kind, frozenset(compiler.used))


def compile_condition(text: str, schema: Mapping[str, pl.DataType]) -> Compiled:
    """Compile what must be true or false."""
    compiled = compile_expression(text, schema)
    if compiled.kind not in {Kind.BOOLEAN, Kind.NULL}:
        raise InvalidExpression(f"a condition is wanted, this is {compiled.kind.value}", position=1)
    return compiled


class _Compiler:
    def __init__(self, schema: Mapping[str, pl.DataType]) -> None:
        self._schema = schema
        self.used: set[str] = set()
        self._by_node: dict[type[Node], Callable[[Any], Typed]] = {
            Literal: self._literal,
            Column: self._column,
            Unary: self._unary,
            Binary: self._binary,
            Membership: self._membership,
            NullTest: self._null_test,
            Choice: self._choice,
            Call: self._call,
        }

    def compile(self, node: Node) -> Typed:
        return self._by_node[type(node)](node)

    def _literal(self, node: Literal) -> Typed:
        kinds = {bool: Kind.BOOLEAN, int: Kind.INTEGER, float: Kind.FLOAT, str: Kind.TEXT}
        kind = kinds.get(type(node.value), Kind.NULL)
        expr = pl.lit(node.value, dtype=DTYPES.get(kind))
        return Typed(expr, kind, node.position, node.value, is_literal=True)

    def _column(self, node: Column) -> Typed:
        dtype = self._schema.get(node.name)
        if dtype is None:
            raise self._unknown(node)
        self.used.add(node.name)
        kind, expr = kind_of(dtype), pl.col(node.name)
        if kind is Kind.TEXT and dtype != pl.String:
            expr = expr.cast(pl.String)
        if kind in {Kind.INTEGER, Kind.FLOAT} and dtype != DTYPES[kind]:
            expr = expr.cast(DTYPES[kind])
        return Typed(expr, kind, node.position)

    def _unknown(self, node: Column) -> UnknownColumn | OperationNotAllowed:
        if node.name.startswith("__"):
            return OperationNotAllowed(
                f"{node.name[:60]!r} is no column, and names of the system are not part of the language",
                position=node.position,
                near=node.name[:60],
            )
        error = UnknownColumn(
            f"Position {node.position}: there is no column {node.name[:100]!r}{_like(node.name, self._schema)}"
        )
        error.extra = {"position": node.position, "column": node.name[:100]}  # type: ignore[attr-defined]  # the kit reads it where an error has one
        return error

    def _unary(self, node: Unary) -> Typed:
        operand = self.compile(node.operand)
        if node.operator == "not":
            _demand(operand, {Kind.BOOLEAN, Kind.NULL}, "not", node.position)
            return Typed(operand.expr.cast(pl.Boolean).not_(), Kind.BOOLEAN, node.position)
        _demand(operand, NUMBERS, "-", node.position)
        if operand.is_literal and operand.literal is not None:
            return self._literal(Literal(node.position, -operand.literal))
        return Typed(0 - operand.expr, operand.kind, node.position)

    def _binary(self, node: Binary) -> Typed:
        left, right = self.compile(node.left), self.compile(node.right)
        if node.operator in {"and", "or"}:
            return _logical(node, left, right)
        if node.operator in {"=", "!=", "<", "<=", ">", ">="}:
            return _comparison(node, left, right)
        if node.operator == "+" and {left.kind, right.kind} <= {Kind.TEXT, Kind.NULL} != {Kind.NULL}:
            expr = left.expr.cast(pl.String) + right.expr.cast(pl.String)
            return Typed(expr, Kind.TEXT, node.position)
        for side in (left, right):
            hint = "; dates are moved by date_add and compared by date_diff" if side.kind in MOMENTS else ""
            _demand(side, NUMBERS, node.operator, node.position, hint)
        return _arithmetic(node, left, right)

    def _membership(self, node: Membership) -> Typed:
        operand = self.compile(node.operand)
        found: pl.Expr | None = None
        for item in node.items:
            same = _comparison(Binary(item.position, "=", node.operand, item), operand, self.compile(item))
            found = same.expr if found is None else found | same.expr
        assert found is not None  # noqa: S101  # the parser refuses empty lists
        return Typed(found, Kind.BOOLEAN, node.position)

    def _null_test(self, node: NullTest) -> Typed:
        return Typed(self.compile(node.operand).expr.is_null(), Kind.BOOLEAN, node.position)

    def _choice(self, node: Choice) -> Typed:
        conditions = [self.compile(condition) for condition, _ in node.branches]
        for condition in conditions:
            _demand(condition, {Kind.BOOLEAN, Kind.NULL}, "a condition", condition.position)
        values = [self.compile(value) for _, value in node.branches] + [self.compile(node.otherwise)]
        kind, exprs = unify(values, node.position)
        expr = exprs[-1]
        for condition, value in reversed(list(zip(conditions, exprs[:-1], strict=True))):
            expr = pl.when(condition.expr.cast(pl.Boolean)).then(value).otherwise(expr)
        return Typed(expr, kind, node.position)

    def _call(self, node: Call) -> Typed:
        function = FUNCTIONS.get(node.name)
        if function is None:
            raise OperationNotAllowed(
                f"there is no function {node.name[:60]!r}{_like(node.name, FUNCTIONS)}",
                position=node.position,
                near=node.name[:60],
            )
        arguments = [self.compile(argument) for argument in node.arguments]
        return call_function(function, arguments, node.position)


def unify(values: list[Typed], position: int) -> tuple[Kind, list[pl.Expr]]:
    """Bring values to one kind."""
    kind = common_kind([value.kind for value in values])
    if kind is None:
        kinds = ", ".join(sorted({value.kind.value for value in values}))
        raise InvalidExpression(f"the values are of different kinds: {kinds}", position=position)
    dtype = DTYPES.get(kind)
    return kind, [value.expr if dtype is None else value.expr.cast(dtype) for value in values]


def _like(name: str, known: Mapping[str, Any]) -> str:
    close = get_close_matches(name[:60], list(known)[:2000], n=1)
    return f"; did you mean {close[0][:60]!r}?" if close else ""


def _demand(
    value: Typed, kinds: set[Kind] | frozenset[Kind], what: str, position: int, hint: str = ""
) -> None:
    if value.kind not in kinds:
        wanted = " or ".join(sorted(kind.value for kind in kinds if kind is not Kind.NULL))
        raise InvalidExpression(
            f"{what} wants {wanted}, this is {value.kind.value}{hint}", position=position, near=what
        )


def _logical(node: Binary, left: Typed, right: Typed) -> Typed:
    for side in (left, right):
        _demand(side, {Kind.BOOLEAN, Kind.NULL}, node.operator, side.position)
    one, other = left.expr.cast(pl.Boolean), right.expr.cast(pl.Boolean)
    return Typed(one & other if node.operator == "and" else one | other, Kind.BOOLEAN, node.position)


def _comparison(node: Binary, left: Typed, right: Typed) -> Typed:
    left, right = _as_moment(left, right), _as_moment(right, left)
    kind = common_kind([left.kind, right.kind])
    if kind is None or kind in {Kind.LIST, Kind.OTHER}:
        raise InvalidExpression(
            f"{left.kind.value} and {right.kind.value} cannot be compared",
            position=node.position,
            near=node.operator,
        )
    _, (one, other) = unify([left, right], node.position)
    operations: dict[str, Callable[[pl.Expr, pl.Expr], pl.Expr]] = {
        "=": pl.Expr.eq, "!=": pl.Expr.ne, "<": pl.Expr.lt, "<=": pl.Expr.le, ">": pl.Expr.gt,
        ">=": pl.Expr.ge,
    }  # fmt: skip
    return Typed(operations[node.operator](one, other), Kind.BOOLEAN, node.position)


def _as_moment(value: Typed, beside: Typed) -> Typed:
    """Read a text that is written beside a date as a date."""
    if not (value.is_literal and value.kind is Kind.TEXT and beside.kind in {Kind.DATE, Kind.DATETIME}):
        return value
    try:
        moment = datetime.fromisoformat(value.literal)
    except ValueError:
        raise InvalidExpression(
            f"{value.literal[:40]!r} is no date like 2024-12-31", position=value.position
        ) from None
    moment = moment.replace(tzinfo=None)
    if beside.kind is Kind.DATE and moment.time() == datetime.min.time():
        day = date(moment.year, moment.month, moment.day)
        return replace(value, expr=pl.lit(day), kind=Kind.DATE, literal=day)
    return replace(value, expr=pl.lit(moment, dtype=pl.Datetime("us")), kind=Kind.DATETIME, literal=moment)


def _arithmetic(node: Binary, left: Typed, right: Typed) -> Typed:
    whole = left.kind is not Kind.FLOAT and right.kind is not Kind.FLOAT
    if node.operator in {"/", "**"} or not whole:
        expr = _of_floats(node.operator, left.expr.cast(pl.Float64), right.expr.cast(pl.Float64))
        return Typed(expr.fill_nan(None), Kind.FLOAT, node.position)
    return Typed(_of_integers(node.operator, left.expr, right.expr), Kind.INTEGER, node.position)


def _of_floats(operator: str, one: pl.Expr, other: pl.Expr) -> pl.Expr:
    if operator == "+":
        return one + other
    if operator == "-":
        return one - other
    if operator == "*":
        return one * other
    if operator == "**":
        return _finite(one.pow(other))
    safe = pl.when(other != 0).then(other)
    if operator == "/":
        return one / safe
    quotient = (one / safe).floor()
    return quotient if operator == "//" else one - quotient * safe


def _of_integers(operator: str, one: pl.Expr, other: pl.Expr) -> pl.Expr:
    """Count exactly: what does not fit in 64 bits is an error, never a wrong number."""
    one, other = one.cast(pl.Int128), other.cast(pl.Int128)
    if operator in {"//", "%"}:
        safe = pl.when(other != 0).then(other)
        return (one // safe if operator == "//" else one % safe).cast(pl.Int64)
    operations: dict[str, Callable[[pl.Expr, pl.Expr], pl.Expr]] = {
        "+": pl.Expr.add, "-": pl.Expr.sub, "*": pl.Expr.mul,
    }  # fmt: skip
    return operations[operator](one, other).cast(pl.Int64)


def _finite(expr: pl.Expr) -> pl.Expr:
    return pl.when(expr.is_finite()).then(expr)
