"""Which names of a program stand for which modules, as far as the source itself says."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True, slots=True)
class Names:
    """Names a program binds, and those that stand for one module only."""

    bound: frozenset[str]
    modules: dict[str, str]
    starred: bool
    own_private: frozenset[str]
    imported: frozenset[str]


class _Collector:
    def __init__(self) -> None:
        self.bound: set[str] = set()
        self.modules: dict[str, str] = {}
        self.starred = False
        self.private: set[str] = set()
        self.imported: set[str] = set()

    def collect(self, module: ast.Module) -> None:
        readers: dict[type, Callable[[Any], None]] = {
            ast.Name: self._name,
            ast.arg: lambda node: self.bound.add(node.arg),
            ast.Attribute: self._attribute,
            ast.Import: self._imports,
            ast.ImportFrom: self._imports_from,
            **dict.fromkeys(_NAMED, self._named),
        }
        for node in ast.walk(module):
            if reader := readers.get(type(node)):
                reader(node)

    def _name(self, node: ast.Name) -> None:
        if type(node.ctx) is not ast.Load:
            self.bound.add(node.id)

    def _named(self, node: Any) -> None:
        if node.name:
            self.bound.add(node.name)

    def _attribute(self, node: ast.Attribute) -> None:
        if node.attr.startswith("_") and type(node.ctx) is ast.Store:
            self.private.add(node.attr)

    def _imports(self, node: ast.Import) -> None:
        for alias in node.names:
            self.imported.add(alias.name)
            root = alias.name.partition(".")[0]
            self._module(alias.asname or root, alias.name if alias.asname else root)

    def _imports_from(self, node: ast.ImportFrom) -> None:
        for alias in node.names:
            self.starred |= alias.name == "*"
            if node.level == 0 and node.module:
                self.imported |= {node.module, f"{node.module}.{alias.name}"}
            if node.level == 0 and node.module and alias.name != "*":
                self._module(alias.asname or alias.name, f"{node.module}.{alias.name}")

    def _module(self, name: str, module: str) -> None:
        if self.modules.setdefault(name, module) != module:
            self.bound.add(name)


_NAMED = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.MatchAs, ast.MatchStar, ast.ExceptHandler)


def collect_names(module: ast.Module) -> Names:
    """Read off what a program binds; a name bound in more than one way stands for no module."""
    collector = _Collector()
    collector.collect(module)
    modules = {name: path for name, path in collector.modules.items() if name not in collector.bound}
    return Names(
        frozenset(collector.bound | set(modules)),
        modules,
        collector.starred,
        _private(collector),
        frozenset(collector.imported),
    )


def resolve(node: ast.expr, names: Names) -> str | None:
    """The dotted path that an expression like `np.random` stands for; None when it is something else."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name) or node.id not in names.modules:
        return None
    return ".".join([names.modules[node.id], *reversed(parts)])


def _private(collector: _Collector) -> frozenset[str]:
    """Private names the program itself sets on objects or defines in classes."""
    found = collector.private | {name for name in collector.bound if name.startswith("_")}
    return frozenset(name for name in found if not name.startswith("__"))
