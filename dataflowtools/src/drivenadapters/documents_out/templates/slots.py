"""What a template asks for: its fields, and what can be told of their types."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from jinja2 import nodes

_NUMBER_FILTERS = frozenset({"round", "abs", "int", "float", "filesizeformat", "sum"})
_LIST_FILTERS = frozenset(
    {"join", "first", "last", "sort", "length", "count", "sum", "map", "select", "selectattr", "reject",
     "rejectattr", "groupby", "batch", "slice", "unique", "min", "max", "reverse"}
)  # fmt: skip
_OPTIONAL_FILTERS = frozenset({"default", "d"})
_OPTIONAL_TESTS = frozenset({"defined", "undefined", "none"})
_TYPES = ("list", "number", "boolean", "text", "any")  # the earlier says more
_SIZES = frozenset({"gt", "gteq", "lt", "lteq"})
_OF_MACROS = ("caller", "varargs", "kwargs")
_OWN = frozenset({"range", "dict", "cycler", "joiner", "namespace", "loop", "true", "false", "none", "emit"})


@dataclass(slots=True)
class Slot:
    """A field that a template uses; [] in its name stands for every entry of a list."""

    name: str
    types: set[str] = field(default_factory=set)
    required: bool = False
    uses: int = 0
    parts: dict[str, None] = field(default_factory=dict)

    def described(self) -> dict[str, Any]:
        """Show the slot."""
        kind = next((one for one in _TYPES if one in self.types), "any")
        return {
            "name": self.name, "type": kind, "required": self.required, "uses": self.uses, "parts": list(self.parts),
        }  # fmt: skip


class SlotFinder:
    """Collects the slots of one template over all its parts."""

    def __init__(self) -> None:
        self._slots: dict[str, Slot] = {}
        self._part = ""

    def read(self, tree: nodes.Template, part: str) -> None:
        """Add what a parsed part uses."""
        self._part = part
        self._block(tree.body, {}, sure=True)

    def listed(self) -> list[dict[str, Any]]:
        """List the slots; an object that only holds other slots is not one."""
        names = list(self._slots)
        inner = {name for name in names if any(other.startswith(f"{name}.") for other in names)}
        return [slot.described() for name, slot in self._slots.items() if name not in inner]

    def _block(self, body: Sequence[nodes.Node], scope: Mapping[str, str], *, sure: bool) -> None:
        own = dict(scope)
        self._same_scope(body, own, sure=sure)

    def _same_scope(self, body: Sequence[nodes.Node], scope: dict[str, str], *, sure: bool) -> None:
        for node in body:
            self._statement(node, scope, sure=sure)

    def _statement(self, node: nodes.Node, scope: dict[str, str], *, sure: bool) -> None:  # noqa: C901  # one case a kind of node
        match node:
            case nodes.Output():
                for child in node.nodes:
                    if not isinstance(child, nodes.TemplateData):
                        self._use(child, scope, "text", sure=sure)
            case nodes.For():
                self._loop(node, scope, sure=sure)
            case nodes.If():
                self._use(node.test, scope, "boolean", sure=False)
                for body in (node.body, node.elif_, node.else_):  # what is set in one holds after it
                    self._same_scope(body, scope, sure=False)
            case nodes.Assign():
                self._use(node.node, scope, "any", sure=sure)
                self._hide(node.target, scope)
            case nodes.AssignBlock():
                self._block(node.body, scope, sure=sure)
                self._hide(node.target, scope)
            case nodes.With() | nodes.Macro() | nodes.CallBlock() | nodes.FilterBlock():
                self._enclosed(node, scope, sure=sure)
            case _:
                for inner in node.iter_child_nodes():
                    self._statement(inner, scope, sure=sure)

    def _enclosed(self, node: nodes.Node, scope: dict[str, str], *, sure: bool) -> None:
        match node:
            case nodes.With():
                self._with(node, scope, sure=sure)
            case nodes.Macro():
                self._hide(nodes.Name(node.name, "store"), scope)
                self._macro(node, scope)
            case nodes.CallBlock():
                self._use(node.call, scope, "any", sure=sure)
                self._macro(node, scope)
            case nodes.FilterBlock():
                self._filter(node.filter, scope, "text", sure=sure)
                self._block(node.body, scope, sure=sure)

    def _loop(self, node: nodes.For, scope: Mapping[str, str], *, sure: bool) -> None:
        self._use(node.iter, scope, "list", sure=sure)
        inner = dict(scope)
        self._hide(node.target, inner)
        path = _path(node.iter, scope)
        if path and isinstance(node.target, nodes.Name):
            inner[node.target.name] = f"{path}[]"
        if node.test is not None:
            self._use(node.test, inner, "boolean", sure=False)
        self._block(node.body, inner, sure=sure)
        self._block(node.else_, scope, sure=False)

    def _with(self, node: nodes.With, scope: Mapping[str, str], *, sure: bool) -> None:
        inner = dict(scope)
        for target, value in zip(node.targets, node.values, strict=True):
            self._use(value, scope, "any", sure=sure)
            self._hide(target, inner)
        self._block(node.body, inner, sure=sure)

    def _macro(self, node: nodes.Macro | nodes.CallBlock, scope: Mapping[str, str]) -> None:
        """Read a body that is run when it is called, if it is."""
        inner = dict(scope)
        for target in node.args:
            self._hide(target, inner)
        inner |= dict.fromkeys(_OF_MACROS, "")
        for value in node.defaults:
            self._use(value, scope, "any", sure=False)
        self._block(node.body, inner, sure=False)

    @staticmethod
    def _hide(target: nodes.Node, scope: dict[str, str]) -> None:
        names = [target] if isinstance(target, nodes.Name) else list(target.find_all(nodes.Name))
        scope.update({name.name: "" for name in names})

    def _use(self, node: nodes.Node, scope: Mapping[str, str], kind: str, *, sure: bool) -> None:  # noqa: C901  # the same
        path = _path(node, scope)
        if path is not None:
            self._note(path, kind, sure=sure)
            return
        match node:
            case nodes.Filter():
                self._filter(node, scope, kind, sure=sure)
            case nodes.Test():
                optional = node.name in _OPTIONAL_TESTS
                self._use(node.node, scope, "any", sure=sure and not optional)
            case nodes.CondExpr():
                self._use(node.test, scope, "boolean", sure=False)
                for branch in (node.expr1, node.expr2):
                    if branch is not None:
                        self._use(branch, scope, kind, sure=False)
            case nodes.Mod(left=nodes.Const(value=str())):  # a text with places to fill in
                self._children(node, scope, "any", sure=sure)
            case nodes.Compare() | nodes.Add() if _beside_number(node):
                self._operands(node, scope, sure=sure)
            case (
                nodes.Sub()
                | nodes.Mul()
                | nodes.Div()
                | nodes.FloorDiv()
                | nodes.Mod()
                | nodes.Pow()
                | nodes.Neg()
            ):
                self._children(node, scope, "number", sure=sure)
            case nodes.And() | nodes.Or() | nodes.Not():
                self._children(node, scope, "any", sure=False)
            case nodes.Call():
                self._call(node, scope, sure=sure)
            case _:
                self._children(node, scope, "any", sure=sure)

    def _call(self, node: nodes.Call, scope: Mapping[str, str], *, sure: bool) -> None:
        match node:
            case nodes.Call(node=nodes.Name(name="emit"), args=[_, nodes.Dict(items=cells)]):  # of a row
                for pair in cells:
                    self._use(pair.value, scope, "text", sure=sure)
            case nodes.Call(node=nodes.Getattr(node=inner)):
                for one in (inner, *node.args):
                    self._use(one, scope, "any", sure=sure)
            case _:
                self._children(node, scope, "any", sure=sure)

    def _operands(self, node: nodes.Node, scope: Mapping[str, str], *, sure: bool) -> None:
        """Read what stands beside a number that is written in the template."""
        for child in _operands_of(node):
            self._use(child, scope, "number", sure=sure)

    def _children(self, node: nodes.Node, scope: Mapping[str, str], kind: str, *, sure: bool) -> None:
        for child in node.iter_child_nodes():
            self._use(child, scope, kind, sure=sure)

    def _filter(self, node: nodes.Filter, scope: Mapping[str, str], kind: str, *, sure: bool) -> None:
        if node.name in _NUMBER_FILTERS - {"sum"}:
            kind = "number"
        elif node.name in _LIST_FILTERS:
            kind = "list"
        if node.node is not None:
            self._use(node.node, scope, kind, sure=sure and node.name not in _OPTIONAL_FILTERS)
        for argument in node.args:
            self._use(argument, scope, "any", sure=sure)
        for named in node.kwargs if node.name == "sum" else ():
            path = _path(node.node, scope)
            if path and named.key == "attribute" and isinstance(named.value, nodes.Const):
                self._note(f"{path}[].{named.value.value}", "number", sure=sure)

    def _note(self, path: str, kind: str, *, sure: bool) -> None:
        if not path:
            return
        slot = self._slots.setdefault(path, Slot(path))
        slot.types.add(kind)
        slot.required = slot.required or sure
        slot.uses += 1
        slot.parts[self._part] = None


def _operands_of(node: nodes.Node) -> list[nodes.Node]:
    return [child.expr if isinstance(child, nodes.Operand) else child for child in node.iter_child_nodes()]


def _beside_number(node: nodes.Compare | nodes.Add) -> bool:
    """Tell an addition or a comparison of sizes with a number that is written there."""
    if isinstance(node, nodes.Compare) and not all(one.op in _SIZES for one in node.ops):
        return False
    constants = [one.value for one in _operands_of(node) if isinstance(one, nodes.Const)]
    return any(isinstance(value, (int, float)) and not isinstance(value, bool) for value in constants)


def _path(node: nodes.Node | None, scope: Mapping[str, str]) -> str | None:
    """Name what an expression reads of the data; nothing for the template's own names, None for no field."""
    match node:
        case nodes.Name():
            return scope.get(node.name, "" if node.name in _OWN else node.name)
        case nodes.Getattr():
            return _below(_path(node.node, scope), f".{node.attr}")
        case nodes.Getitem(arg=nodes.Const(value=str() as key)):
            return _below(_path(node.node, scope), f".{key}")
        case nodes.Getitem(arg=nodes.Const(value=int())):
            return _below(_path(node.node, scope), "[]")
        case _:
            return None


def _below(path: str | None, step: str) -> str | None:
    return f"{path}{step}" if path else path
