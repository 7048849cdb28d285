"""A call held against the function's own signature before anything of the program runs."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from coderunner.guest.language.annotations import look_among, resolved
from coderunner.guest.language.parameters import ParameterMismatch, argument

if TYPE_CHECKING:
    from collections.abc import Iterator

    from coderunner.guest.language.annotations import Look

Function = ast.FunctionDef | ast.AsyncFunctionDef
_SCOPES: Final = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)
_BIND_UNSEEN: Final = frozenset({"exec", "eval", "globals", "locals", "vars", "setattr", "__import__"})
_SHOWN: Final = 20


@dataclass(frozen=True, slots=True)
class Misfit:
    """What does not fit: the exception that stands for it, and where the function is."""

    kind: str
    message: str
    line: int | None = None

    def record(self) -> dict[str, Any]:
        """As the reply carries exceptions."""
        return {
            "type": self.kind,
            "message": self.message,
            "line": self.line,
            "column": None,
            "traceback": f"{self.kind}: {self.message}\n",
        }


class CallRefused(Exception):
    """The call cannot be made; all that is wrong with it."""

    def __init__(self, misfits: list[Misfit]) -> None:
        super().__init__(misfits[0].message)
        self.misfits = misfits


def require_callable(tree: ast.Module, name: str, parameters: dict[str, Any], arguments: list[Any]) -> None:
    """CallRefused for a missing function, missing and unknown parameters, and values that no annotation takes.

    What only running can tell is left to the run: decorated functions, classes, names bound more than once.
    """
    bound = list(_bindings(tree))
    makers = [node for maker, node in bound if maker == name]
    if not makers:
        if not _binds_unseen(tree, name):
            raise CallRefused(
                [_no_function(name, [maker for maker, node in bound if isinstance(node, Function)])]
            )
        return
    if len(makers) == 1 and isinstance(makers[0], Function) and not makers[0].decorator_list:
        given = _given(makers[0], arguments)
        misfits = [
            Misfit("TypeError", message, makers[0].lineno)
            for message in (
                *_misplaced(makers[0], arguments, given, parameters),
                *_misfits(makers[0], {**parameters, **given}, look_among(_names(bound))),
            )
        ]
        if misfits:
            raise CallRefused(misfits)


def _no_function(name: str, names: list[str]) -> Misfit:
    return Misfit("LookupError", no_function(name, names))


def no_function(name: str, names: list[str]) -> str:
    """The sentence for a function that is not there."""
    shown = sorted({one for one in names if not one.startswith("_")})[:_SHOWN]
    found = f"it defines {', '.join(shown)}" if shown else "it defines none"
    return f"the program defines no function {name!r}; {found}"


# --- what a module binds ---


def _bindings(tree: ast.Module) -> Iterator[tuple[str, ast.AST]]:
    """Every name that the module's own statements bind, with the node that does it."""
    waiting: list[ast.AST] = list(reversed(tree.body))
    while waiting:
        node = waiting.pop()
        yield from _bound_by(node)
        if not isinstance(node, _SCOPES):
            waiting.extend(reversed(list(ast.iter_child_nodes(node))))


def _bound_by(node: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        yield node.name, node
    elif isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
        yield node.id, node
    elif isinstance(node, (ast.Import, ast.ImportFrom)):
        for alias in node.names:
            yield alias.asname or alias.name.partition(".")[0], node
    elif isinstance(node, (ast.ExceptHandler, ast.MatchAs, ast.MatchStar)) and node.name:
        yield node.name, node
    elif isinstance(node, ast.MatchMapping) and node.rest:
        yield node.rest, node


def _binds_unseen(tree: ast.Module, name: str) -> bool:
    """Whether the name may come from where no statement of the module shows it."""
    for node in ast.walk(tree):
        if isinstance(node, ast.alias) and node.name == "*":
            return True
        if isinstance(node, ast.Global) and name in node.names:
            return True
        if isinstance(node, ast.Name) and node.id in _BIND_UNSEEN:
            return True
        if isinstance(node, ast.Attribute) and node.attr in {"__dict__", "modules"}:
            return True
    return False


def _names(bound: list[tuple[str, ast.AST]]) -> dict[str, str | None]:
    """What each bound name stands for: a module's or its member's full name, or something of the program's own."""
    found: dict[str, str | None] = {}
    for name, node in bound:
        full = _imported(name, node)
        found[name] = full if name not in found or found[name] == full else None
    return found


def _imported(name: str, node: ast.AST) -> str | None:
    if isinstance(node, ast.Import):
        for alias in node.names:
            if alias.asname == name:
                return alias.name
            if alias.asname is None and alias.name.partition(".")[0] == name:
                return name
    if isinstance(node, ast.ImportFrom) and node.module and not node.level:
        for alias in node.names:
            if (alias.asname or alias.name) == name:
                return f"{node.module}.{alias.name}"
    return None


# --- the call ---


def _given(function: Function, arguments: list[Any]) -> dict[str, Any]:
    """Positional arguments by the names of the parameters that they fill."""
    placed = (*function.args.posonlyargs, *function.args.args)
    return dict(zip((arg.arg for arg in placed), arguments, strict=False))


def _misplaced(
    function: Function, arguments: list[Any], given: dict[str, Any], parameters: dict[str, Any]
) -> list[str]:
    found = [
        f"{function.name}() was given the parameter {name!r} twice" for name in given if name in parameters
    ]
    if len(arguments) > len(given) and function.args.vararg is None:
        found.append(
            f"{function.name}() takes {len(given)} positional arguments, and {len(arguments)} were given"
        )
    return found


def _misfits(function: Function, parameters: dict[str, Any], look: Look) -> list[str]:
    arguments = function.args
    placed = [*arguments.posonlyargs, *arguments.args]
    first_default = len(placed) - len(arguments.defaults)
    optional = {
        arg.arg: arguments.defaults[index - first_default]
        for index, arg in enumerate(placed)
        if index >= first_default
    }
    optional |= {
        arg.arg: default
        for arg, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
        if default is not None
    }
    taken = {arg.arg: arg for arg in (*placed, *arguments.kwonlyargs)}
    found = [
        f"{function.name}() needs the parameter {name!r}"
        for name in taken
        if name not in parameters and name not in optional
    ]
    if arguments.kwarg is None:
        takes = f"it takes {', '.join(taken)}" if taken else "it takes none"
        found += [
            f"{function.name}() has no parameter {name!r}; {takes}"
            for name in parameters
            if name not in taken
        ]
    found += [
        wrong
        for name, arg in taken.items()
        if name in parameters and (wrong := _wrong(arg, parameters[name], optional.get(name), look))
    ]
    return found


def _wrong(arg: ast.arg, value: Any, default: ast.expr | None, look: Look) -> str:
    """Why a value is not what the annotation asks for; "" when it is, or when nobody can know."""
    if arg.annotation is None or (value is None and _is_none(default)):
        return ""
    try:
        argument(arg.arg, value, resolved(arg.annotation, look), ast.unparse(arg.annotation))
    except ParameterMismatch as error:
        return str(error)
    return ""


def _is_none(default: ast.expr | None) -> bool:
    return isinstance(default, ast.Constant) and default.value is None
