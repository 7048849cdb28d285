"""Nodes that the transformer inserts, at the place of those they stand for."""

from __future__ import annotations

import ast
from typing import Final

MATCH_VALUES: Final = "<match values>"


def constant(value: str, place: ast.AST) -> ast.Constant:
    return ast.copy_location(ast.Constant(value), place)


def call(guard: str, place: ast.AST, args: list[ast.expr]) -> ast.Call:
    func = ast.copy_location(ast.Name(guard, ast.Load()), place)
    return ast.copy_location(ast.Call(func, args, []), place)


def bind_match_values(name: str, values: list[ast.expr], place: ast.AST) -> ast.stmt:
    empty = ast.arguments(posonlyargs=[], args=[], kwonlyargs=[], kw_defaults=[], defaults=[])
    thunks: list[ast.expr] = [ast.copy_location(ast.Lambda(empty, value), value) for value in values]
    target = ast.copy_location(ast.Name(name, ast.Store()), place)
    return ast.copy_location(ast.Assign([target], call(MATCH_VALUES, place, thunks)), place)
