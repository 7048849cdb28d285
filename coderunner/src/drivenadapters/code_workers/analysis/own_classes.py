"""A module's own enumerations, data classes and typed dictionaries as JSON Schema."""

import ast
from collections.abc import Iterator
from typing import Any

from coderunner.src.drivenadapters.code_workers.analysis.schemas import (
    Schema,
    SchemaReader,
    last_name,
    literal_value,
)

_ENUMS = {"Enum", "StrEnum", "IntEnum"}
_MOST_CLASSES = 300
_MOST_FIELDS = 3000  # of all classes together, with those they inherit
_NOT_FIELDS = {"ClassVar", "KW_ONLY"}


def reader_of(tree: ast.Module) -> SchemaReader:
    """A reader that knows the classes which stand at the top of the module; none where they are too many."""
    classes = {node.name: node for node in tree.body if isinstance(node, ast.ClassDef)}
    if len(classes) > _MOST_CLASSES:
        return SchemaReader()
    known: dict[str, Schema] = {name: {} for name, node in classes.items() if _is_known(node, classes)}
    reader = SchemaReader(known)  # reads their names while they are described
    fields = 0
    for name, schema in known.items():
        schema.update(_described(classes[name], classes, reader))
        fields += len(schema.get("properties", ())) + len(schema.get("enum", ()))
        if fields > _MOST_FIELDS:
            return SchemaReader()
    return reader


def _is_known(node: ast.ClassDef, classes: dict[str, ast.ClassDef]) -> bool:
    return (_is_enum(node) and _members(node) is not None) or _is_record(node, classes)


def _is_enum(node: ast.ClassDef) -> bool:
    return any(last_name(base) in _ENUMS for base in node.bases)


def _is_record(node: ast.ClassDef, classes: dict[str, ast.ClassDef]) -> bool:
    decorators = [item.func if isinstance(item, ast.Call) else item for item in node.decorator_list]
    return any(last_name(item) == "dataclass" for item in decorators) or _is_typed_dict(node, classes)


def _is_typed_dict(node: ast.ClassDef, classes: dict[str, ast.ClassDef]) -> bool:
    return any(last_name(base) == "TypedDict" for one in _line(node, classes) for base in one.bases)


def _line(node: ast.ClassDef, classes: dict[str, ast.ClassDef]) -> list[ast.ClassDef]:
    """The class's bases of the same module and itself, the furthest first."""
    line, seen = [node], {node.name}
    for one in line:
        for base in one.bases:
            name = last_name(base)
            if name in classes and name not in seen:
                seen.add(name)
                line.append(classes[name])
    return line[::-1]


def _members(node: ast.ClassDef) -> list[Any] | None:
    """The values of an enumeration; None where one is not written as a literal."""
    values = []
    for item in node.body:
        if isinstance(item, ast.Assign):
            known, value = literal_value(item.value)
            if not known:
                return None
            values.append(value)
    return values or None


def _described(node: ast.ClassDef, classes: dict[str, ast.ClassDef], reader: SchemaReader) -> Schema:
    members = _members(node) if _is_enum(node) else None
    if members is not None:
        return {"title": node.name, "enum": members}
    properties: dict[str, Schema] = {}
    required: dict[str, bool] = {}
    for one in _line(node, classes):
        optional = any(
            word.arg == "total" and literal_value(word.value) == (True, False) for word in one.keywords
        )
        for name, item in _fields(one):
            known, value = literal_value(item.value) if item.value else (False, None)
            properties[name] = {**reader.schema_of(item.annotation), **({"default": value} if known else {})}
            required[name] = not optional and not _has_default(item)
    return {
        "title": node.name,
        "type": "object",
        "properties": properties,
        "required": [name for name, needed in required.items() if needed],
        "additionalProperties": False,
    }


def _fields(node: ast.ClassDef) -> Iterator[tuple[str, ast.AnnAssign]]:
    for item in node.body:
        if isinstance(item, ast.AnnAssign) and isinstance(item.target, ast.Name):
            annotation = item.annotation
            form = annotation.value if isinstance(annotation, ast.Subscript) else annotation
            if last_name(form) not in _NOT_FIELDS:
                yield item.target.id, item


def _has_default(item: ast.AnnAssign) -> bool:
    """`field()` gives one only by its keywords; NotRequired says that there may be none."""
    annotation, value = item.annotation, item.value
    if isinstance(annotation, ast.Subscript) and last_name(annotation.value) == "NotRequired":
        return True
    if isinstance(value, ast.Call) and last_name(value.func) == "field":
        return any(word.arg in {"default", "default_factory"} for word in value.keywords)
    return value is not None
