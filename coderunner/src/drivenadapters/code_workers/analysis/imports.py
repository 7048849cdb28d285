"""Every import of a program, wherever it stands, without recursion."""

import ast
from collections import deque
from collections.abc import Iterator
from typing import Any

from coderunner.src.drivenadapters.code_workers.analysis.source import span

_TRYING = (ast.Try, *((ast.TryStar,) if hasattr(ast, "TryStar") else ()))


def find_imports(tree: ast.Module) -> list[dict[str, Any]]:
    """All imports in the order of the text; `optional` says that the program goes on without it."""
    found = [record for node, optional in _statements(tree) for record in _records(node, optional)]
    return sorted(found, key=lambda record: (record["span"]["line"], record["span"]["column"]))


def _statements(tree: ast.Module) -> Iterator[tuple[ast.AST, bool]]:
    waiting: deque[tuple[ast.AST, bool]] = deque([(tree, False)])
    while waiting:
        node, optional = waiting.popleft()
        yield node, optional
        inner = optional or isinstance(node, _TRYING) or _only_for_types(node)
        waiting.extend((child, inner) for child in ast.iter_child_nodes(node))


def _only_for_types(node: ast.AST) -> bool:
    """`if TYPE_CHECKING:` is never true in a run."""
    if not isinstance(node, ast.If):
        return False
    test = node.test
    name = test.attr if isinstance(test, ast.Attribute) else test.id if isinstance(test, ast.Name) else ""
    return name == "TYPE_CHECKING"


def _records(node: ast.AST, optional: bool) -> list[dict[str, Any]]:
    if isinstance(node, ast.Import):
        return [_record(node, alias.name, [], alias.asname, optional=optional) for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        names = [{"name": alias.name, "alias": alias.asname} for alias in node.names]
        return [_record(node, node.module or "", names, None, optional=optional)]
    if isinstance(node, ast.Call) and (module := _imported_by_call(node)):
        return [_record(node, module, [], None, optional=optional)]
    return []


def _imported_by_call(node: ast.Call) -> str:
    """`__import__("x")` and `import_module("x")` with a literal."""
    function = node.func
    name = (
        function.attr
        if isinstance(function, ast.Attribute)
        else function.id
        if isinstance(function, ast.Name)
        else ""
    )
    first = node.args[0] if node.args else None
    if name in {"__import__", "import_module"} and isinstance(first, ast.Constant):
        return first.value if isinstance(first.value, str) and not first.value.startswith(".") else ""
    return ""


def _record(
    node: ast.AST, module: str, names: list[dict[str, Any]], alias: str | None, *, optional: bool
) -> dict[str, Any]:
    return {
        "module": module,
        "names": names,
        "alias": alias,
        "level": getattr(node, "level", 0) or 0,
        "is_from": isinstance(node, ast.ImportFrom),
        "optional": optional,
        "span": span(node),
    }
