"""Our RestrictedPython transformer: wider where that is safe, narrower where it is not.

The guards it inserts have names that no source can spell ("<getattr>"), so nothing a program
binds can shadow them. Subscripts, iteration and unpacking stay native: whatever module or function
they could hand out, the attribute guard judges the object itself when something is read from it.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final, cast

from RestrictedPython.transformer import INSPECT_ATTRIBUTES

from coderunner.guest.language import policy_tables as tables
from coderunner.guest.language.aliases import Names, collect_names, resolve
from coderunner.guest.language.match_patterns import MatchPatterns
from coderunner.guest.language.new_nodes import call, constant
from coderunner.guest.language.refusals import Refusal
from coderunner.guest.language.static_members import is_plain_member, member_refusal, module_refusal

if TYPE_CHECKING:
    from coderunner.guest.language.policy import Policy

GETATTR: Final = "<getattr>"
CHECKED_GETATTR: Final = "<checked getattr>"
WRITE: Final = "<write>"
WRITE_PRIVATE: Final = "<private write>"
OWN_PRIVATE: Final = "<own private getattr>"
CLASS_NAME: Final = "<class name>"
METACLASS: Final = "<metaclass>"
VARS: Final = "<vars>"
TYPE: Final = "<type>"

_INSPECT_WHY: Final = "it leads to frames and code objects"
_DUNDER_WHY: Final = "special attributes lead to the interpreter's internals"
_NODE_REASONS: Final = {
    "TryStar": ("except*", "CPython confuses types in it", "use except, and read error.exceptions"),
}
_SAFE_FORMS: Final = {"__class__": TYPE, "__dict__": VARS}
"""What methods read of objects by name, `self.__class__` above all, and the builtins that give it guarded."""
_FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef


class ProgramTransformer(MatchPatterns):
    """Rewrites one module and collects every refusal on the way."""

    def __init__(self, policy: Policy, module: ast.Module, *, in_package: bool) -> None:
        super().__init__()
        self.refused: list[tuple[Refusal, ast.AST]] = []
        self._policy = policy
        self._names: Names = collect_names(module)
        self._scopes: list[ast.AST] = [module]
        self._in_package = in_package

    @property
    def imported(self) -> frozenset[str]:
        """All that the module imports by absolute name."""
        return self._names.imported

    # --- refusing ---

    def refuse(self, node: ast.AST, rule: str, what: str, why: str, instead: str = "") -> None:
        """Note a refusal at a node."""
        self.refused.append((Refusal(rule, what, why, instead), node))

    def error(self, node: ast.AST, info: str) -> None:
        """What the base class refuses."""
        self.refuse(node, "syntax", info.rstrip("."), "it is not part of the restricted language")

    def not_allowed(self, node: ast.AST) -> None:
        """Refuse a kind of statement as a whole."""
        name = type(node).__name__
        what, why, instead = _NODE_REASONS.get(name, (name, "it is not part of the restricted language", ""))
        self.refuse(node, "syntax", what, why, instead)

    def warn(self, node: ast.AST, info: str) -> None:
        """The base class's hints are not for the people who run programs."""

    # --- names ---

    def _check_binding(self, node: ast.AST, name: str | None) -> None:
        if name is None:
            return
        if name in tables.RESERVED_NAMES:
            self.refuse(
                node,
                "name",
                f'the name "{name}"',
                "it is reserved for the policy's guards",
                "use another name",
            )
        elif _is_dunder(name) and not self._may_bind(name):
            self.refuse(
                node, "name", f'binding "{name}"', _DUNDER_WHY, "use a name without double underscores"
            )

    def _may_bind(self, name: str) -> bool:
        scope = self._scopes[-1]
        if isinstance(scope, ast.ClassDef):
            return name in tables.CLASS_BODY_DUNDERS
        return isinstance(scope, ast.Module) and name in tables.WRITABLE_DUNDER_NAMES

    def visit_Name(self, node: ast.Name) -> ast.AST:
        if not isinstance(node.ctx, ast.Load):
            self._check_binding(node, node.id)
        elif _is_dunder(node.id):
            if node.id not in tables.READABLE_DUNDER_NAMES and not self._may_bind(node.id):
                self.refuse(
                    node,
                    "name",
                    f'the name "{node.id}"',
                    _DUNDER_WHY,
                    tables.INSTEAD_OF_DUNDER.get(node.id, ""),
                )
        elif node.id in tables.RESERVED_NAMES:
            self._check_binding(node, node.id)
        elif node.id not in self._names.bound and (refusal := self._policy.builtin(node.id)):
            self.refused.append((refusal, node))
        return node

    def visit_Global(self, node: ast.Global) -> ast.AST:
        for name in node.names:
            self._check_binding(node, name)
            if _is_dunder(name):
                self.refuse(node, "name", f'the name "{name}"', _DUNDER_WHY)
        return node

    visit_Nonlocal = visit_Global

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> ast.AST:
        self._check_binding(node, node.name)
        return self._native(node)

    # --- attributes ---

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        guard = self._attribute_guard(node)
        if isinstance(node.ctx, ast.Load):
            return self._load(node, guard)
        node = self.node_contents_visit(node)
        if node.attr.startswith("_"):
            node.value = call(WRITE_PRIVATE, node.value, [node.value, constant(node.attr, node)])
        else:
            node.value = call(WRITE, node.value, [node.value])
        return node

    def _attribute_guard(self, node: ast.Attribute) -> str:
        name = node.attr
        if name in INSPECT_ATTRIBUTES:
            self.refuse(node, "attribute", f'the attribute "{name}"', _INSPECT_WHY)
        elif _is_dunder(name):
            return self._dunder_guard(node)
        elif self._static_refusal(node):
            return GETATTR
        if name in self._names.own_private:
            return OWN_PRIVATE
        return CHECKED_GETATTR if name.startswith("_") or name in self._policy.hot_names else GETATTR

    def _dunder_guard(self, node: ast.Attribute) -> str:
        name = node.attr
        if isinstance(node.ctx, ast.Load):
            if name in ("__name__", "__qualname__") and _is_class_of(node.value):
                return CLASS_NAME
            if name in _SAFE_FORMS and self._in_method() and isinstance(node.value, ast.Name):
                return _SAFE_FORMS[name]
            if name in tables.READABLE_DUNDER_ATTRIBUTES:
                return CHECKED_GETATTR
            if name in tables.SUPER_DUNDERS and _is_supercall(node.value):
                return CHECKED_GETATTR
        elif name in ("__doc__", "__name__", "__notes__"):
            return CHECKED_GETATTR
        self.refuse(
            node, "attribute", f'the attribute "{name}"', _DUNDER_WHY, tables.INSTEAD_OF_DUNDER.get(name, "")
        )
        return GETATTR

    def _static_refusal(self, node: ast.Attribute) -> bool:
        module = resolve(node.value, self._names)
        if module is None or module_refusal(self._policy, module.partition(".")[0]):
            return False  # the import itself is refused already
        refusal = member_refusal(self._policy, module, node.attr)
        if refusal:
            self.refused.append((refusal, node))
        return refusal is not None

    def _load(self, node: ast.Attribute, guard: str) -> ast.AST:
        if guard == CLASS_NAME:
            inner = self.visit(cast("ast.Attribute", node.value).value)
            return call(CLASS_NAME, node, [inner, constant(node.attr, node)])
        if guard == GETATTR and self._needs_no_guard(node):
            return node
        value = self.visit(node.value)
        if guard in _SAFE_FORMS.values():
            return call(guard, node, [value])
        return call(guard, node, [value, constant(self._mangled(node.attr), node)])

    def _in_method(self) -> bool:
        return any(isinstance(scope, ast.ClassDef) for scope in self._scopes)

    def _needs_no_guard(self, node: ast.Attribute) -> bool:
        """A member of an imported library that is known to be harmless is read natively, at no cost."""
        if self._names.starred:
            return False
        module = resolve(node.value, self._names)
        if module is None or not is_plain_member(self._policy, module, node.attr):
            return False
        return not isinstance(node.value, ast.Attribute) or self._needs_no_guard(node.value)

    def _mangled(self, name: str) -> str:
        if not name.startswith("__") or name.endswith("__"):
            return name
        for scope in reversed(self._scopes):
            if isinstance(scope, ast.ClassDef):
                stripped = scope.name.lstrip("_")
                return f"_{stripped}{name}" if stripped else name
        return name

    # --- what stays native ---

    _native = MatchPatterns._native

    visit_Subscript = visit_Call = visit_Assign = visit_AugAssign = visit_AnnAssign = _native
    visit_For = visit_AsyncFor = visit_comprehension = visit_With = visit_AsyncWith = visit_Await = _native
    visit_Module = visit_TypeIgnore = _native
    visit_TypeVar = visit_ParamSpec = visit_TypeVarTuple = _native
    visit_MatchSingleton = visit_MatchSequence = visit_MatchOr = visit_match_case = _native

    def visit_If(self, node: ast.If) -> ast.AST:
        """What stands under TYPE_CHECKING never runs, so that it may import anything."""
        if resolve(node.test, self._names) == "typing.TYPE_CHECKING":
            node.body = [ast.copy_location(ast.Pass(), node)]
        return self._native(node)

    def visit_TypeAlias(self, node: ast.AST) -> ast.AST:
        return self._native(node)

    def visit_NamedExpr(self, node: ast.NamedExpr) -> ast.AST:
        return self._native(node)

    # --- functions and classes ---

    def visit_FunctionDef(self, node: _FunctionNode) -> ast.AST:
        self._check_function_name(node)
        node.decorator_list = [self.visit(decorator) for decorator in node.decorator_list]
        decorators, node.decorator_list = node.decorator_list, []
        self._scopes.append(node)
        node = self.node_contents_visit(node)
        self._scopes.pop()
        node.decorator_list = decorators
        return node

    visit_AsyncFunctionDef = visit_FunctionDef

    def _check_function_name(self, node: _FunctionNode) -> None:
        in_class = isinstance(self._scopes[-1], ast.ClassDef)
        if _is_dunder(node.name) and in_class and node.name not in tables.METHOD_DUNDERS:
            self.refuse(
                node,
                "name",
                f'defining "{node.name}"',
                "this special method reaches the interpreter's internals",
            )
        elif not (in_class and node.name in tables.METHOD_DUNDERS):
            self._check_binding(node, node.name)

    def visit_Lambda(self, node: ast.Lambda) -> ast.AST:
        self._scopes.append(node)
        node = self.node_contents_visit(node)
        self._scopes.pop()
        return node

    def visit_arg(self, node: ast.arg) -> ast.AST:
        self._check_binding(node, node.arg)
        return self._native(node)

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        self._check_binding(node, node.name)
        for keyword in node.keywords:
            if keyword.arg == "metaclass":
                keyword.value = call(METACLASS, keyword.value, [keyword.value])
            elif keyword.arg is None:
                self.refuse(
                    node, "class", "class keywords from a dict", "they may hide a metaclass", "write them out"
                )
        decorators, node.decorator_list = [self.visit(item) for item in node.decorator_list], []
        node.bases = [self.visit(base) for base in node.bases]
        for keyword in node.keywords:
            keyword.value = self._metaclass_or(keyword)
        bases, node.bases = node.bases, []
        keywords, node.keywords = node.keywords, []
        self._scopes.append(node)
        node = self.node_contents_visit(node)
        self._scopes.pop()
        node.bases, node.keywords, node.decorator_list = bases, keywords, decorators
        return node

    def _metaclass_or(self, keyword: ast.keyword) -> ast.expr:
        if keyword.arg != "metaclass":
            return cast("ast.expr", self.visit(keyword.value))
        call = cast("ast.Call", keyword.value)
        call.args = [self.visit(call.args[0])]
        return call

    # --- imports ---

    def visit_Import(self, node: ast.Import) -> ast.AST:
        for alias in node.names:
            if refusal := module_refusal(self._policy, alias.name):
                self.refused.append((refusal, alias))
            self._check_binding(alias, alias.asname or alias.name.partition(".")[0])
        return node

    def visit_ImportFrom(self, node: ast.ImportFrom) -> ast.AST:
        module = node.module or ""
        if node.level:
            if not self._in_package:
                self.refuse(
                    node,
                    "import",
                    "a relative import",
                    "this file is no part of a package",
                    "import the module by its name",
                )
        elif refusal := module_refusal(self._policy, module):
            self.refused.append((refusal, node))
        else:
            self._check_members(node, module)
        for alias in node.names:
            if _is_dunder(alias.name) and alias.name not in tables.IMPORTABLE_DUNDER_NAMES:
                self.refuse(alias, "import", f'importing "{alias.name}"', _DUNDER_WHY)
            self._check_binding(alias, alias.asname or alias.name)
        return node

    def _check_members(self, node: ast.ImportFrom, module: str) -> None:
        for alias in node.names:
            if alias.name == "*":
                continue
            if refusal := member_refusal(self._policy, module, alias.name):
                self.refused.append((refusal, alias))


def _is_dunder(name: str) -> bool:
    return len(name) > len("____") and name.startswith("__") and name.endswith("__")


def _is_supercall(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "super"


def _is_class_of(node: ast.expr) -> bool:
    return isinstance(node, ast.Attribute) and node.attr == "__class__" and isinstance(node.ctx, ast.Load)
