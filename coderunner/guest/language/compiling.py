"""From source to code objects: leading imports, body and last expression apart, under the policy or plain."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from coderunner.guest.language.refusals import Place, Refusal, violation

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import CodeType

    from coderunner.guest.language.policy import Policy

PROGRAM_NAME: Final = "<program>"
_AFTER_LAST: Final = re.compile(r"\s*;\s*(#[^\n]*)?\s*\Z")


@dataclass(frozen=True, slots=True)
class Compiled:
    """A program in the three parts that are run one after the other; a part without code is None."""

    imports: CodeType | None
    body: CodeType | None
    last: CodeType | None
    violations: list[dict[str, Any]]
    imported: frozenset[str] = frozenset()


def compile_program(
    source: str,
    file: str,
    policy: Policy | None,
    *,
    with_value: bool,
    in_package: bool = False,
    examine: Callable[[ast.Module], None] | None = None,
) -> Compiled:
    """Compile a program; `policy` None means full Python. Raises SyntaxError and what the parser raises.

    `examine` sees the tree as it was written, before the policy changes it.
    """
    source = source.removeprefix("\ufeff")
    tree = ast.parse(source, file)
    if examine:
        examine(tree)
    last = _take_last(tree, source) if with_value else None
    imported: frozenset[str] = frozenset()
    if policy is not None:
        if last is not None:
            tree.body.append(last)
        violations, imported = _apply(policy, tree, source, file, in_package=in_package)
        if violations:
            return Compiled(None, None, None, violations, imported)
        if last is not None:
            last = _as_expression(tree.body.pop())
    flags = _future_flags(tree)
    imports, body = _split_imports(tree)
    return Compiled(
        _code(imports, file, flags),
        _code(body, file, flags),
        compile(ast.Expression(last.value), file, "eval", flags, dont_inherit=True)
        if last is not None
        else None,
        [],
        imported,
    )


def compile_own_module(
    policy: Policy, source: str, file: str, *, in_package: bool
) -> tuple[CodeType | None, list[dict[str, Any]]]:
    """Compile one of the program's own files under the policy."""
    tree = ast.parse(source, file)
    violations, _ = _apply(policy, tree, source, file, in_package=in_package)
    return (None, violations) if violations else (compile(tree, file, "exec", dont_inherit=True), [])


def check_source(policy: Policy, source: str, file: str = PROGRAM_NAME) -> list[dict[str, Any]]:
    """All refusals of a program, without running any of it; a syntax error is one of them."""
    return check_file(policy, source, file, in_package=False)[0]


def check_file(
    policy: Policy, source: str, file: str, *, in_package: bool
) -> tuple[list[dict[str, Any]], frozenset[str]]:
    """The refusals of one file and what it imports."""
    source = source.removeprefix("\ufeff")
    try:
        tree = ast.parse(source, file)
        return _apply(policy, tree, source, file, in_package=in_package)
    except SyntaxError as error:
        place = Place(
            error.lineno or 0, error.offset or 1, error.end_lineno or error.lineno or 0, error.end_offset or 1
        )
        refusal = Refusal("syntax", "this line", error.msg or "it is not Python")
        return [violation(refusal, place, source.splitlines(), file)], frozenset()
    except (ValueError, RecursionError, MemoryError) as error:
        refusal = Refusal("syntax", "this program", str(error) or "it is nested too deeply")
        return [violation(refusal, Place(0, 1, 0, 1), [], file)], frozenset()


def _take_last(tree: ast.Module, source: str) -> ast.Expr | None:
    """Take the last expression off the module, unless a semicolon says its value is not wanted."""
    if not tree.body or not isinstance(tree.body[-1], ast.Expr):
        return None
    last = tree.body[-1]
    tail = source.encode("utf-8", "surrogatepass").split(b"\n")[(last.end_lineno or 1) - 1 :]
    tail[0] = tail[0][last.end_col_offset or 0 :]
    if _AFTER_LAST.match(b"\n".join(tail).decode("utf-8", "replace")):
        return None
    tree.body.pop()
    return last


def _as_expression(node: ast.stmt) -> ast.Expr | None:
    return node if isinstance(node, ast.Expr) else None


def _apply(
    policy: Policy, tree: ast.Module, source: str, file: str, *, in_package: bool
) -> tuple[list[dict[str, Any]], frozenset[str]]:
    """Rewrite the tree in place; its refusals in their order, and what it imports."""
    from coderunner.guest.language.transformer import ProgramTransformer

    transformer = ProgramTransformer(policy, tree, in_package=in_package)
    transformer.visit(tree)
    lines = source.splitlines() if transformer.refused else []
    found = [violation(refusal, place_of(node, lines), lines, file) for refusal, node in transformer.refused]
    return sorted(found, key=lambda item: (item["line"], item["column"])), transformer.imported


def place_of(node: ast.AST, lines: list[str]) -> Place:
    """Where a node stands, in characters; an attribute is pointed at by its name, a block by its first line."""
    line, column = getattr(node, "lineno", 0), getattr(node, "col_offset", 0)
    end_line, end_column = (
        getattr(node, "end_lineno", None) or line,
        getattr(node, "end_col_offset", None) or column,
    )
    if isinstance(node, ast.Attribute):
        line, column = end_line, end_column - len(node.attr.encode("utf-8", "surrogatepass"))
    elif end_line != line and isinstance(node, ast.stmt):
        end_line, end_column = line, len(_bytes(lines, line))
    return Place(
        line, _characters(lines, line, column) + 1, end_line, _characters(lines, end_line, end_column) + 1
    )


def _bytes(lines: list[str], line: int) -> bytes:
    return lines[line - 1].encode("utf-8", "surrogatepass") if 0 < line <= len(lines) else b""


def _characters(lines: list[str], line: int, offset: int) -> int:
    return len(_bytes(lines, line)[:offset].decode("utf-8", "replace"))


def _future_flags(tree: ast.Module) -> int:
    import __future__

    flags = 0
    for node in tree.body:
        if isinstance(node, ast.ImportFrom) and node.module == "__future__":
            for alias in node.names:
                feature = getattr(__future__, alias.name, None)
                flags |= feature.compiler_flag if feature else 0
    return flags


def _split_imports(tree: ast.Module) -> tuple[list[ast.stmt], list[ast.stmt]]:
    """The leading imports apart from the rest, so that loading libraries can be timed apart."""
    body = tree.body
    end = 0
    while end < len(body) and (_is_import(body[end]) or (end == 0 and _is_text(body[end]))):
        end += 1
    if not any(_is_import(node) for node in body[:end]):
        end = 0
    return body[:end], body[end:]


def _is_import(node: ast.stmt) -> bool:
    return isinstance(node, (ast.Import, ast.ImportFrom))


def _is_text(node: ast.stmt) -> bool:
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )


def _code(body: list[ast.stmt], file: str, flags: int) -> CodeType | None:
    if not body:
        return None
    code: CodeType = compile(ast.Module(body, []), file, "exec", flags, dont_inherit=True)
    return code
