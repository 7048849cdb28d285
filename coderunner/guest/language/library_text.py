"""Text that a library runs as code for a program: formulas, expressions, templates, lambdified functions.

No guard stands in it, so it is judged as a syntax tree before it is compiled.
"""

from __future__ import annotations

import ast
import sys
from typing import TYPE_CHECKING, Final

from RestrictedPython.transformer import INSPECT_ATTRIBUTES

from coderunner.guest.language import policy_tables as tables

if TYPE_CHECKING:
    from coderunner.guest.language.policy import Policy

MODULES_IN_TEXT: Final = (
    tables.REFUSED_HOME_MODULES - {"code", "site", "select", "signal", "resource", "http", "imp", "nt"}
) | {"builtins", "bltns", "f2py", "ctypeslib", "codecs", "threading", "linecache", "tokenize"}
"""Names under which modules hold other modules that lead out; no text may read them as attributes."""

CALLS_IN_TEXT: Final = frozenset(
    tables.words("""
        open system popen getoutput check_output Popen eval exec compile import_module get_module mro
        format format_map vformat read_pickle to_pickle unsafe_load load_library LoadLibrary CDLL
    """)
)
"""Methods that no text may call."""
_WAYS_OUT: Final = MODULES_IN_TEXT | {"attrgetter", "methodcaller", "copyreg", "dispatch_table"}
_CONSTANT_NAMES: Final = frozenset({"type"})
_OWN_BUILTINS: Final = frozenset({"patsy"})
"""Packages with a module of their own named as one that leads out."""
_PAST_DUNDERS: Final = frozenset({"__div__", "__rdiv__", "__nonzero__", "__long__", "__cmp__"})


def what_reaches_out(text: str, policy: Policy) -> str | None:
    """The first part of a text that reaches past the policy; None when there is none."""
    try:
        tree = compile(text, "<text of a library>", "exec", ast.PyCF_ONLY_AST, dont_inherit=True)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None  # the compiler will say what is wrong with it
    return next((found for node in ast.walk(tree) if (found := _judged(node, policy))), None)


def _judged(node: ast.AST, policy: Policy) -> str | None:
    if isinstance(node, ast.Attribute):
        return node.attr if _is_way_out(node.attr) else None
    if isinstance(node, ast.Call):
        return _called(node)
    if isinstance(node, ast.Import):
        return next((alias.name for alias in node.names if _is_refused(alias.name, policy)), None)
    if isinstance(node, ast.ImportFrom) and node.module:
        names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        return next((name for name in names if _is_refused(name, policy)), None)
    return None


def _is_refused(module: str, policy: Policy) -> bool:
    """Whether a text may not import it; what libraries import of themselves they may."""
    root = module.partition(".")[0]
    if root in sys.stdlib_module_names or module in tables.REFUSED_MODULES:
        return policy.module(module if module in tables.REFUSED_MODULES else root) is not None
    return module.rpartition(".")[2] in MODULES_IN_TEXT and "." in module and root not in _OWN_BUILTINS


def _is_way_out(name: str) -> bool:
    special = name.startswith("__") and name not in tables.METHOD_DUNDERS | _PAST_DUNDERS
    return special or name in INSPECT_ATTRIBUTES or name.lstrip("_") in _WAYS_OUT


def _called(node: ast.Call) -> str | None:
    function = node.func
    if isinstance(function, ast.Attribute) and function.attr in CALLS_IN_TEXT:
        return function.attr
    if isinstance(function, ast.Call) and isinstance(function.func, ast.Name):
        return function.func.id if function.func.id in _CONSTANT_NAMES else None
    builds = isinstance(function, ast.Name) and function.id in _CONSTANT_NAMES
    return "type" if builds and len(node.args) + len(node.keywords) != 1 else None
