"""A module as data: functions, classes, imports, and where everything stands."""

import ast
from collections.abc import Iterable, Iterator
from typing import Any

from coderunner.src.drivenadapters.code_workers.analysis.docstrings import described_parameters, summary_of
from coderunner.src.drivenadapters.code_workers.analysis.imports import find_imports
from coderunner.src.drivenadapters.code_workers.analysis.own_classes import reader_of
from coderunner.src.drivenadapters.code_workers.analysis.schemas import SchemaReader, literal_value
from coderunner.src.drivenadapters.code_workers.analysis.source import Source, span

Function = ast.FunctionDef | ast.AsyncFunctionDef
_VARIADIC = {"var_positional", "var_keyword"}


def describe_module(source: Source, *, with_tree: bool) -> dict[str, Any]:
    """The fields of PythonModule but for `dependencies`, which need to know what is installed."""
    tree = source.tree
    assert tree is not None  # noqa: S101 - the caller has looked
    reader = reader_of(tree)
    return {
        "name": source.name,
        "docstring": ast.get_docstring(tree),
        "functions": [_function(node, source, reader) for node in _defined(tree.body, Function)],
        "classes": [_class(node, source, reader) for node in _defined(tree.body, ast.ClassDef)],
        "imports": find_imports(tree),
        "source_code": source.text,
        "ast": _dumped(tree) if with_tree else None,
    }


def _dumped(tree: ast.Module) -> str | None:
    try:
        return ast.dump(tree, include_attributes=False)
    except RecursionError:
        return None


def _defined(body: Iterable[ast.stmt], kind: Any) -> Iterator[Any]:
    """Definitions of a body, those in its ifs and trys too."""
    waiting = list(body)[::-1]
    while waiting:
        node = waiting.pop()
        if isinstance(node, kind):
            yield node
        elif isinstance(node, (ast.If, ast.Try, ast.With)):
            inner = [*node.body, *getattr(node, "orelse", ()), *getattr(node, "finalbody", ())]
            handlers = [stmt for handler in getattr(node, "handlers", ()) for stmt in handler.body]
            waiting.extend(reversed([*inner, *handlers]))


def _class(node: ast.ClassDef, source: Source, reader: SchemaReader) -> dict[str, Any]:
    return {
        "name": node.name,
        "bases": [source.segment(base) for base in node.bases],
        "keywords": {word.arg or "**": source.segment(word.value) for word in node.keywords},
        "docstring": ast.get_docstring(node),
        "decorators": [source.segment(item) for item in node.decorator_list],
        "attributes": _attributes(node, source),
        "methods": [_function(item, source, reader, method=True) for item in _defined(node.body, Function)],
        "classes": [_class(item, source, reader) for item in _defined(node.body, ast.ClassDef)],
        "source_code": source.segment(node),
        "span": span(node),
    }


def _attributes(node: ast.ClassDef, source: Source) -> list[dict[str, Any]]:
    found = []
    for item in node.body:
        if isinstance(item, ast.AnnAssign) and isinstance(item.target, ast.Name):
            default = source.segment(item.value) if item.value else None
            found.append(
                {
                    "name": item.target.id,
                    "annotation": source.segment(item.annotation),
                    "default": default,
                    "span": span(item),
                }
            )
        elif isinstance(item, ast.Assign):
            found.extend(
                {
                    "name": target.id,
                    "annotation": None,
                    "default": source.segment(item.value),
                    "span": span(item),
                }
                for target in item.targets
                if isinstance(target, ast.Name)
            )
    return found


def _function(
    node: Function, source: Source, reader: SchemaReader, *, method: bool = False
) -> dict[str, Any]:
    docstring = ast.get_docstring(node)
    decorators = [source.segment(item) for item in node.decorator_list]
    pairs = list(_parameters(node.args, source))
    callers = pairs[1:] if method and "staticmethod" not in decorators else pairs
    return {
        "name": node.name,
        "parameters": [parameter for parameter, _, _ in pairs],
        "return_type": source.segment(node.returns) if node.returns else None,
        "docstring": docstring,
        "decorators": decorators,
        "is_async": isinstance(node, ast.AsyncFunctionDef),
        "is_method": method,
        "source_code": source.segment(node),
        "parameters_schema": _parameters_schema(callers, docstring, reader),
        "return_schema": _whole(reader.schema_of(node.returns), reader),
        "span": span(node),
    }


Described = tuple[dict[str, Any], ast.expr | None, ast.expr | None]


def _parameters(arguments: ast.arguments, source: Source) -> Iterator[Described]:
    placed = [*arguments.posonlyargs, *arguments.args]
    defaults: list[ast.expr | None] = [
        *([None] * (len(placed) - len(arguments.defaults))),
        *arguments.defaults,
    ]
    for index, (arg, default) in enumerate(zip(placed, defaults, strict=True)):
        kind = "positional_only" if index < len(arguments.posonlyargs) else "positional_or_keyword"
        yield _parameter(arg, kind, default, source)
    if arguments.vararg:
        yield _parameter(arguments.vararg, "var_positional", None, source)
    for arg, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
        yield _parameter(arg, "keyword_only", default, source)
    if arguments.kwarg:
        yield _parameter(arguments.kwarg, "var_keyword", None, source)


def _parameter(arg: ast.arg, kind: str, default: ast.expr | None, source: Source) -> Described:
    described = {
        "name": arg.arg,
        "kind": kind,
        "annotation": source.segment(arg.annotation) if arg.annotation else None,
        "default": source.segment(default) if default else None,
        "required": default is None and kind not in _VARIADIC,
        "span": span(arg),
    }
    return described, arg.annotation, default


def _whole(schema: dict[str, Any], reader: SchemaReader) -> dict[str, Any]:
    """With what it refers to."""
    definitions = reader.definitions(schema)
    return {**schema, **({"$defs": definitions} if definitions else {})}


def _parameters_schema(pairs: list[Described], docstring: str | None, reader: SchemaReader) -> dict[str, Any]:
    said = described_parameters(docstring)
    properties: dict[str, Any] = {}
    for parameter, annotation, default in pairs:
        if parameter["kind"] in _VARIADIC:
            continue
        name = parameter["name"]
        schema = reader.schema_of(annotation)
        if text := said.get(name):
            schema["description"] = text
        known, value = literal_value(default) if default is not None else (False, None)
        properties[name] = {**schema, **({"default": value} if known else {})}
    required = [parameter["name"] for parameter, _, _ in pairs if parameter["required"]]
    open_ended = any(parameter["kind"] == "var_keyword" for parameter, _, _ in pairs)
    title = summary_of(docstring)
    schema = {
        "type": "object",
        **({"description": title} if title else {}),
        "properties": properties,
        "required": required,
        "additionalProperties": open_ended,
    }
    return _whole(schema, reader)
