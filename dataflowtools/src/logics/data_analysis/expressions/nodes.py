"""The tree that an expression becomes; every node knows where it was written."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Node:
    """Something written at a position, counted from one."""

    position: int


@dataclass(frozen=True, slots=True)
class Literal(Node):
    """A value as it is written; None is null."""

    value: bool | int | float | str | None


@dataclass(frozen=True, slots=True)
class Column(Node):
    """A column by its name."""

    name: str


@dataclass(frozen=True, slots=True)
class Unary(Node):
    """Minus or not."""

    operator: str
    operand: Node


@dataclass(frozen=True, slots=True)
class Binary(Node):
    """Two values and what is between them."""

    operator: str
    left: Node
    right: Node


@dataclass(frozen=True, slots=True)
class Membership(Node):
    """Whether a value is one of a list."""

    operand: Node
    items: Sequence[Node]


@dataclass(frozen=True, slots=True)
class NullTest(Node):
    """Whether a value is missing."""

    operand: Node


@dataclass(frozen=True, slots=True)
class Choice(Node):
    """The value of the first condition that holds, or the last resort."""

    branches: Sequence[tuple[Node, Node]]
    otherwise: Node


@dataclass(frozen=True, slots=True)
class Call(Node):
    """A function by name, with its arguments."""

    name: str
    arguments: Sequence[Node]
