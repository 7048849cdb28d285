"""JSON Schema of annotations as they are written; nothing is evaluated."""

import ast
from collections.abc import Callable, Mapping
from typing import Any, Final

Schema = dict[str, Any]
_DEFINITIONS: Final = "#/$defs/"
_MAX_DEPTH: Final = 20
_MOST_TOLD: Final = 20_000  # fields in the definitions of all schemas of a module
_LARGEST: Final = 10**300
_SIMPLE: Final[dict[str, Schema]] = {
    "int": {"type": "integer"},
    "float": {"type": "number"},
    "complex": {"type": "string"},
    "bool": {"type": "boolean"},
    "str": {"type": "string"},
    "bytes": {"type": "string", "contentEncoding": "base64"},
    "None": {"type": "null"},
    "NoneType": {"type": "null"},
    "list": {"type": "array"},
    "tuple": {"type": "array"},
    "set": {"type": "array", "uniqueItems": True},
    "frozenset": {"type": "array", "uniqueItems": True},
    "dict": {"type": "object"},
    "datetime": {"type": "string", "format": "date-time"},
    "date": {"type": "string", "format": "date"},
    "time": {"type": "string", "format": "time"},
    "timedelta": {"type": "string", "format": "duration"},
    "Decimal": {"type": "string", "format": "decimal"},
    "UUID": {"type": "string", "format": "uuid"},
    "Path": {"type": "string"},
    "Number": {"type": "number"},
    "DataFrame": {"type": "array", "items": {"type": "object"}},
    "Series": {"type": "array"},
    "ndarray": {"type": "array"},
}
_ARRAYS: Final = {
    "list", "List", "Sequence", "MutableSequence", "Iterable", "Iterator", "Collection", "deque", "Deque",
}  # fmt: skip
_SETS: Final = {"set", "Set", "frozenset", "FrozenSet", "AbstractSet", "MutableSet"}
_OBJECTS: Final = {
    "dict", "Dict", "Mapping", "MutableMapping", "defaultdict", "DefaultDict", "OrderedDict", "TypedDict",
}  # fmt: skip
_WRAPPERS: Final = {"Annotated", "Final", "ClassVar", "Required", "NotRequired", "ReadOnly", "Awaitable"}


class SchemaReader:
    """Reads annotations of one module; `own` are those of its classes that JSON has a counterpart of."""

    def __init__(self, own: Mapping[str, Schema] | None = None) -> None:
        self._own = own or {}
        self._told = 0
        self._generic: dict[str, Callable[[list[ast.expr], int], Schema]] = {
            **dict.fromkeys(_ARRAYS, self._array),
            **dict.fromkeys(_SETS, self._set),
            **dict.fromkeys(_OBJECTS, self._object),
            **dict.fromkeys(_WRAPPERS, self._wrapped),
            "tuple": self._tuple,
            "Tuple": self._tuple,
            "Literal": self._literal,
            "Optional": self._optional,
            "Union": self._any_of,
        }

    def schema_of(self, node: ast.expr | None, depth: int = 0) -> Schema:
        """The schema of one annotation; {} (anything) for what has no counterpart in JSON."""
        if node is None or depth > _MAX_DEPTH:
            return {}
        if isinstance(node, ast.Constant):
            return self._of_constant(node.value, depth)
        if isinstance(node, (ast.Name, ast.Attribute)):
            own = isinstance(node, ast.Name) and node.id in self._own
            return {"$ref": f"{_DEFINITIONS}{last_name(node)}"} if own else _of_name(last_name(node))
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
            return self._any_of(_union_parts(node), depth)
        if isinstance(node, ast.Subscript):
            return self._of_subscript(last_name(node.value), _arguments(node), depth)
        return {}

    def definitions(self, schema: Schema) -> dict[str, Schema]:
        """The module's own classes that a schema refers to, and those that they refer to."""
        found: dict[str, Schema] = {}
        waiting: list[Any] = [schema]
        while waiting:
            part = waiting.pop()
            if isinstance(part, list):
                waiting.extend(part)
            elif isinstance(part, dict):
                waiting.extend(part.values())
                name = _referred(part)
                if name in self._own and name not in found:
                    found[name] = self._own[name]
                    waiting.append(found[name])
        self._told += sum(len(one.get("properties", ())) + 1 for one in found.values())
        if self._told > _MOST_TOLD:
            self._own = {}  # schemas after this one do without
        return found

    def _of_constant(self, value: object, depth: int) -> Schema:
        """None, or an annotation written as text."""
        if value is None:
            return {"type": "null"}
        if not isinstance(value, str):
            return {}
        try:
            return self.schema_of(ast.parse(value.strip(), mode="eval").body, depth + 1)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return {}

    def _any_of(self, parts: list[ast.expr], depth: int) -> Schema:
        schemas: list[Schema] = []
        for part in parts:
            schema = self.schema_of(part, depth + 1)
            if not schema:
                return {}
            if schema not in schemas:
                schemas.append(schema)
        return schemas[0] if len(schemas) == 1 else {"anyOf": schemas}

    def _array(self, arguments: list[ast.expr], depth: int) -> Schema:
        items = self.schema_of(arguments[0], depth + 1)
        return {"type": "array", **({"items": items} if items else {})}

    def _set(self, arguments: list[ast.expr], depth: int) -> Schema:
        return {**self._array(arguments, depth), "uniqueItems": True}

    def _object(self, arguments: list[ast.expr], depth: int) -> Schema:
        values = self.schema_of(arguments[1], depth + 1) if len(arguments) > 1 else {}
        return {"type": "object", **({"additionalProperties": values} if values else {})}

    def _tuple(self, arguments: list[ast.expr], depth: int) -> Schema:
        last = arguments[-1]
        if isinstance(last, ast.Constant) and last.value is Ellipsis:
            return self._array(arguments[:1], depth)
        count = len(arguments)
        items = [self.schema_of(argument, depth + 1) for argument in arguments]
        return {"type": "array", "prefixItems": items, "minItems": count, "maxItems": count}

    def _literal(self, arguments: list[ast.expr], _depth: int) -> Schema:
        values = [literal_value(argument) for argument in arguments]
        return {"enum": [value for known, value in values if known]}

    def _optional(self, arguments: list[ast.expr], depth: int) -> Schema:
        return self._any_of([arguments[0], ast.Constant(None)], depth)

    def _wrapped(self, arguments: list[ast.expr], depth: int) -> Schema:
        return self.schema_of(arguments[0], depth + 1)

    def _of_subscript(self, name: str, arguments: list[ast.expr], depth: int) -> Schema:
        of = self._generic.get(name)
        if of is None or not arguments:
            return _of_name(name)
        return of(arguments, depth)


def _referred(part: Mapping[str, Any]) -> str:
    reference = part.get("$ref")
    return reference.removeprefix(_DEFINITIONS) if isinstance(reference, str) else ""


def _of_name(name: str) -> Schema:
    if name in _SIMPLE:
        return dict(_SIMPLE[name])
    if name in _ARRAYS:
        return {"type": "array"}
    if name in _SETS:
        return {"type": "array", "uniqueItems": True}
    return {"type": "object"} if name in _OBJECTS else {}


def last_name(node: ast.expr) -> str:
    """The name, or the last part of a dotted one."""
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def _arguments(node: ast.Subscript) -> list[ast.expr]:
    return list(node.slice.elts) if isinstance(node.slice, ast.Tuple) else [node.slice]


def _union_parts(node: ast.expr) -> list[ast.expr]:
    parts: list[ast.expr] = []
    while isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        parts.append(node.right)
        node = node.left
    return [node, *reversed(parts)]


def literal_value(node: ast.expr) -> tuple[bool, Any]:
    """Whether a default is plain JSON, and its value; literals only, so nothing is evaluated."""
    try:
        value = ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
        return False, None
    return (True, value) if _is_json(value) else (False, None)


def _is_json(value: object, depth: int = 0) -> bool:
    if value is None or isinstance(value, (bool, str)):
        return True
    if isinstance(value, (int, float)):
        return -_LARGEST < value < _LARGEST  # no infinity, no NaN, nothing too long to write as decimal text
    if depth > _MAX_DEPTH:
        return False
    if isinstance(value, list):
        return all(_is_json(item, depth + 1) for item in value)
    if isinstance(value, dict):
        return all(isinstance(key, str) and _is_json(item, depth + 1) for key, item in value.items())
    return False
