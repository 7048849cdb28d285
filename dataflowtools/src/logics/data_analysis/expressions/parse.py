"""Tokens to a tree, by precedence climbing (Pratt); bounded in depth and size."""

from typing import TYPE_CHECKING

from dataflowtools.src.errors import InvalidExpression
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
from dataflowtools.src.logics.data_analysis.expressions.tokens import Token, tokenize

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_DEPTH = 60
MAX_NODES = 1_000
_OR, _AND, _NOT, _COMPARE, _ADD, _MULTIPLY, _SIGN, _POWER = range(1, 9)
_BINDING = {
    "or": _OR, "and": _AND,
    "=": _COMPARE, "==": _COMPARE, "!=": _COMPARE, "<>": _COMPARE,
    "<": _COMPARE, "<=": _COMPARE, ">": _COMPARE, ">=": _COMPARE,
    "in": _COMPARE, "not": _COMPARE, "is": _COMPARE, "between": _COMPARE,
    "+": _ADD, "-": _ADD, "*": _MULTIPLY, "/": _MULTIPLY, "//": _MULTIPLY, "%": _MULTIPLY,
    "**": _POWER, "^": _POWER,
}  # fmt: skip
_SPELLING = {"==": "=", "<>": "!=", "^": "**"}
_CONSTANTS = {"true": True, "false": False, "null": None}
_MAX_DIGITS = 400


def parse_expression(text: str) -> Node:
    """Read an expression; raises InvalidExpression or OperationNotAllowed, which name the position."""
    parser = _Parser(tokenize(text))
    found = parser.expression(0)
    parser.expect("end", "", "the end of the expression")
    return found


class _Parser:
    def __init__(self, tokens: list[Token]) -> None:
        self._tokens = tokens
        self._next = 0
        self._depth = 0
        self._nodes = 0

    @property
    def _token(self) -> Token:
        return self._tokens[self._next]

    def _advance(self) -> Token:
        token = self._token
        self._next += 1
        return token

    def _at(self, *texts: str) -> bool:
        return self._token.kind in {"operator", "keyword"} and self._token.text in texts

    def expect(self, kind: str, text: str, meaning: str) -> Token:
        token = self._token
        if token.kind != kind or token.text != text:
            raise self._unexpected(meaning)
        return self._advance() if kind != "end" else token

    def _unexpected(self, wanted: str) -> InvalidExpression:
        token = self._token
        found = "the expression ends" if token.kind == "end" else f"{token.text[:40]!r} stands"
        return InvalidExpression(
            f"{found} where {wanted} is expected", position=token.position, near=token.text[:40]
        )

    def expression(self, binding: int) -> Node:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise InvalidExpression(f"nested deeper than {MAX_DEPTH} levels", position=self._token.position)
        left = self._prefix()
        while self._binding() > binding:
            left = self._counted(self._infix(left))
        self._depth -= 1
        return left

    def _counted(self, node: Node) -> Node:
        self._nodes += 1
        if self._nodes > MAX_NODES:
            raise InvalidExpression(f"more than {MAX_NODES} parts", position=node.position)
        return node

    def _binding(self) -> int:
        token = self._token
        return _BINDING.get(token.text, 0) if token.kind in {"operator", "keyword"} else 0

    def _prefix(self) -> Node:
        token = self._token
        reader: Callable[[Token], Node] | None = {
            "number": self._number,
            "string": lambda one: Literal(one.position, one.text),
            "column": lambda one: Column(one.position, one.text),
            "name": self._name,
            "keyword": self._keyword,
            "operator": self._sign,
        }.get(token.kind)
        if reader is None:
            raise self._unexpected("a value")
        self._advance()
        return self._counted(reader(token))

    def _number(self, token: Token) -> Node:
        if len(token.text) > _MAX_DIGITS:
            raise InvalidExpression("the number is too long", position=token.position)
        if token.text.isdecimal():
            value = int(token.text)
            if value >= 1 << 63:
                raise InvalidExpression("the number is too large", position=token.position)
            return Literal(token.position, value)
        number = float(token.text)
        if number == float("inf"):
            raise InvalidExpression("the number is too large", position=token.position)
        return Literal(token.position, number)

    def _name(self, token: Token) -> Node:
        if not self._at("("):
            return Column(token.position, token.text)
        self._advance()
        arguments = self._items()
        if token.text.lower() == "if":
            return self._condition(token, arguments)
        return Call(token.position, token.text.lower(), tuple(arguments))

    def _items(self) -> list[Node]:
        items: list[Node] = []
        while not self._at(")"):
            if items:
                self.expect("operator", ",", "a comma or a closing bracket")
            items.append(self.expression(0))
        self._advance()
        return items

    def _condition(self, token: Token, arguments: list[Node]) -> Node:
        count = len(arguments)
        if count not in {2, 3}:
            raise InvalidExpression("if takes a condition and two values", position=token.position, near="if")
        otherwise = arguments[2] if count > 2 else Literal(token.position, None)  # noqa: PLR2004
        return Choice(token.position, ((arguments[0], arguments[1]),), otherwise)

    def _keyword(self, token: Token) -> Node:
        if token.text in _CONSTANTS:
            return Literal(token.position, _CONSTANTS[token.text])
        if token.text == "not":
            return Unary(token.position, "not", self.expression(_NOT))
        if token.text == "case":
            return self._case(token)
        self._next -= 1
        raise self._unexpected("a value")

    def _case(self, token: Token) -> Node:
        branches = []
        while self._at("when"):
            self._advance()
            condition = self.expression(0)
            self.expect("keyword", "then", "then")
            branches.append((condition, self.expression(0)))
        if not branches:
            raise self._unexpected("when")
        otherwise: Node = Literal(token.position, None)
        if self._at("else"):
            self._advance()
            otherwise = self.expression(0)
        self.expect("keyword", "end", "end")
        return Choice(token.position, tuple(branches), otherwise)

    def _sign(self, token: Token) -> Node:
        if token.text == "(":
            inner = self.expression(0)
            self.expect("operator", ")", "a closing bracket")
            return inner
        if token.text in {"-", "+"}:
            operand = self.expression(_SIGN)
            return Unary(token.position, "-", operand) if token.text == "-" else operand
        self._next -= 1
        raise self._unexpected("a value")

    def _infix(self, left: Node) -> Node:
        token = self._advance()
        operator = _SPELLING.get(token.text, token.text)
        special = {"in": self._in, "not": self._not, "is": self._is, "between": self._between}.get(operator)
        if special is not None:
            return special(left, token)
        binding = _BINDING[operator]
        right = self.expression(binding - 1 if operator == "**" else binding)
        return Binary(token.position, operator, left, right)

    def _in(self, left: Node, token: Token) -> Node:
        self.expect("operator", "(", "a list in brackets")
        items = self._items()
        if not items:
            raise InvalidExpression("the list is empty", position=token.position)
        return Membership(token.position, left, tuple(items))

    def _not(self, left: Node, token: Token) -> Node:
        if self._at("in"):
            self._advance()
            return Unary(token.position, "not", self._in(left, token))
        if self._at("between"):
            self._advance()
            return Unary(token.position, "not", self._between(left, token))
        raise self._unexpected("in or between")

    def _is(self, left: Node, token: Token) -> Node:
        negated = self._at("not")
        if negated:
            self._advance()
        self.expect("keyword", "null", "null")
        test = NullTest(token.position, left)
        return Unary(token.position, "not", test) if negated else test

    def _between(self, left: Node, token: Token) -> Node:
        low = self.expression(_COMPARE)
        self.expect("keyword", "and", "and")
        high = self.expression(_COMPARE)
        at_least = Binary(token.position, ">=", left, low)
        return Binary(token.position, "and", at_least, Binary(token.position, "<=", left, high))
