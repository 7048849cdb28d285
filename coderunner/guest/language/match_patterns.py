"""`match` under the policy: patterns that read attributes are refused, dotted values are read through the guard."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final

from RestrictedPython.transformer import RestrictingNodeTransformer

from coderunner.guest.language.new_nodes import bind_match_values

if TYPE_CHECKING:
    from coderunner.guest.language.aliases import Names

_SELF_MATCHING: Final = frozenset(
    {"bool", "bytearray", "bytes", "dict", "float", "frozenset", "int", "list", "set", "str", "tuple"}
)


class MatchPatterns(RestrictingNodeTransformer):  # type: ignore[misc]
    """The part of the transformer that knows `match`."""

    _names: Names

    def __init__(self) -> None:
        super().__init__()
        self._match_count = 0
        self._match_name = ""
        self._match_values: list[ast.expr] = []

    def refuse(self, node: ast.AST, rule: str, what: str, why: str, instead: str = "") -> None:
        """Note a refusal at a node."""
        raise NotImplementedError

    def _check_binding(self, node: ast.AST, name: str | None) -> None:
        raise NotImplementedError

    def _native(self, node: ast.AST) -> ast.AST:
        visited: ast.AST = self.node_contents_visit(node)
        return visited

    def visit_Match(self, node: ast.Match) -> ast.AST | list[ast.stmt]:
        outer, self._match_values = self._match_values, []
        self._match_count += 1
        name = f"<match {self._match_count}>"
        outer_name, self._match_name = self._match_name, name
        node.subject = self.visit(node.subject)
        for case in node.cases:
            case.pattern = self.visit(case.pattern)
            case.guard = self.visit(case.guard) if case.guard else None
        values = self._match_values
        for case in node.cases:
            case.body = self._statements(case.body)
        self._match_values, self._match_name = outer, outer_name
        if not values:
            return node
        return [bind_match_values(name, values, node), node]

    def _statements(self, body: list[ast.stmt]) -> list[ast.stmt]:
        found: list[ast.stmt] = []
        for statement in body:
            visited = self.visit(statement)
            found.extend(visited if isinstance(visited, list) else [visited])
        return found

    def visit_MatchValue(self, node: ast.MatchValue) -> ast.AST:
        if not isinstance(node.value, ast.Attribute):
            return self._native(node)
        place = node.value
        self._match_values.append(self.visit(place))
        number = len(self._match_values) - 1
        holder = ast.copy_location(ast.Name(self._match_name, ast.Load()), place)
        node.value = ast.copy_location(ast.Attribute(holder, f"v{number}", ast.Load()), place)
        return node

    def visit_MatchClass(self, node: ast.MatchClass) -> ast.AST:
        builtin = (
            isinstance(node.cls, ast.Name)
            and node.cls.id in _SELF_MATCHING
            and node.cls.id not in self._names.bound
        )
        if node.kwd_attrs or (node.patterns and not builtin):
            self.refuse(
                node,
                "match",
                "a pattern over attributes",
                "it reads attributes past the guard",
                "match the class alone: `case Point() as p if p.x == 0`",
            )
        if isinstance(node.cls, ast.Attribute):
            self.refuse(
                node,
                "match",
                "a dotted class in a pattern",
                "it reads attributes past the guard",
                "give the class a name of its own before the match",
            )
            return node
        return self._native(node)

    def visit_MatchMapping(self, node: ast.MatchMapping) -> ast.AST:
        self._check_binding(node, node.rest)
        if any(isinstance(key, ast.Attribute) for key in node.keys):
            self.refuse(
                node,
                "match",
                "a dotted key in a pattern",
                "it reads attributes past the guard",
                "compare in a guard: `case {…} as d if key in d`",
            )
        node.patterns = [self.visit(pattern) for pattern in node.patterns]
        return node

    def visit_MatchStar(self, node: ast.MatchStar) -> ast.AST:
        self._check_binding(node, node.name)
        return node

    def visit_MatchAs(self, node: ast.MatchAs) -> ast.AST:
        self._check_binding(node, node.name)
        return self._native(node)
