"""Parsing says what stands in a source and executes none of it."""

import pytest

from servicekit.testing import assert_problem

PROGRAM = '''
"""Shop."""
from __future__ import annotations
import numpy as np, os.path
from PIL import Image
from . import own

@decorated(1)
async def price(item: str, /, count: int = 1, *rest: float, mode: Literal["net", "gross"] = "net", 折扣: float | None = None, **more) -> dict[str, float]:
    """Prices an item.

    Args:
        item: What is bought.
        count (int): How many,
            at most ten.
    """
    import lxml
    return {}

class Cart(Base, metaclass=Meta):
    """A cart."""
    size: int = 0
    limit = 10

    @staticmethod
    def empty(kind: "list[int]") -> None: ...

    def add(self, item, n: Optional[int] = None): ...

    class Inner: ...
'''


async def parse(client, code, **more):
    reply = await client.request("POST", "/api/code/parse", json={"code": code, **more})
    assert reply.status == 200, reply.body[:1000]
    return reply.json()


async def test_a_module_is_told_with_all_its_parts(client):
    module = await parse(client, PROGRAM, module_name="shop")
    assert (module["name"], module["docstring"], module["ast"]) == ("shop", "Shop.", None)
    assert module["source_code"] == PROGRAM
    (price,) = module["functions"]
    assert price["is_async"]
    assert price["decorators"] == ["decorated(1)"]
    assert price["return_type"] == "dict[str, float]"
    assert [(p["name"], p["kind"], p["annotation"], p["default"]) for p in price["parameters"]] == [
        ("item", "positional_only", "str", None),
        ("count", "positional_or_keyword", "int", "1"),
        ("rest", "var_positional", "float", None),
        ("mode", "keyword_only", 'Literal["net", "gross"]', '"net"'),
        ("折扣", "keyword_only", "float | None", "None"),
        ("more", "var_keyword", None, None),
    ]
    assert price["source_code"].startswith("async def price(")
    assert price["source_code"].endswith("return {}")
    assert price["span"]["line"] == 9
    assert price["span"]["end_line"] == 18


async def test_a_functions_parameters_have_a_json_schema(client):
    module = await parse(client, PROGRAM)
    assert module["functions"][0]["parameters_schema"] == {
        "type": "object",
        "description": "Prices an item.",
        "properties": {
            "item": {"type": "string", "description": "What is bought."},
            "count": {"type": "integer", "description": "How many, at most ten.", "default": 1},
            "mode": {"enum": ["net", "gross"], "default": "net"},
            "折扣": {"anyOf": [{"type": "number"}, {"type": "null"}], "default": None},
        },
        "required": ["item"],
        "additionalProperties": True,
    }


async def test_classes_have_methods_attributes_and_inner_classes(client):
    (cart,) = (await parse(client, PROGRAM))["classes"]
    assert (cart["name"], cart["bases"], cart["keywords"]) == ("Cart", ["Base"], {"metaclass": "Meta"})
    assert [(a["name"], a["annotation"], a["default"]) for a in cart["attributes"]] == [
        ("size", "int", "0"),
        ("limit", None, "10"),
    ]
    empty, add = cart["methods"]
    assert empty["parameters_schema"]["properties"] == {
        "kind": {"type": "array", "items": {"type": "integer"}}
    }
    assert list(add["parameters_schema"]["properties"]) == ["item", "n"]
    assert [inner["name"] for inner in cart["classes"]] == ["Inner"]


async def test_imports_and_dependencies_are_listed(client):
    module = await parse(client, PROGRAM)
    assert [(i["module"], i["alias"], i["level"]) for i in module["imports"]] == [
        ("__future__", None, 0),
        ("numpy", "np", 0),
        ("os.path", None, 0),
        ("PIL", None, 0),
        ("", None, 1),
        ("lxml", None, 0),
    ]
    found = {d["name"]: d for d in module["dependencies"]}
    assert set(found) == {"numpy", "pillow", "lxml"}
    assert found["pillow"]["installed"]
    assert found["pillow"]["version"]
    assert found["pillow"]["origin"] == "guest"
    assert found["pillow"]["source"] == "pypi"
    assert found["pillow"]["import_names"] == ["PIL"]


@pytest.mark.parametrize(
    ("style", "text"),
    [
        ("rest", "Adds.\n\n:param a: first\n   of all\n:param int b: second\n:returns: sum"),
        (
            "numpy",
            "Adds.\n\nParameters\n----------\na : int\n    first\n    of all\nb : int\n    second\n\nReturns\n-------\nint",
        ),
        (
            "google",
            "Adds.\n\nArgs:\n    a: first\n        of all\n    b (int): second\n\nReturns:\n    int: sum",
        ),
    ],
)
async def test_docstrings_of_each_style_describe_parameters(client, style, text):
    module = await parse(client, f'def f(a, b):\n    """{text.replace(chr(10), chr(10) + "    ")}\n    """\n')
    properties = module["functions"][0]["parameters_schema"]["properties"]
    assert properties == {"a": {"description": "first of all"}, "b": {"description": "second"}}


async def test_a_syntax_tree_comes_on_demand(client):
    module = await parse(client, "x = 1", include_ast=True)
    assert module["ast"].startswith("Module(body=[Assign(targets=[Name(id='x'")


async def test_a_syntax_error_names_line_column_and_shows_a_caret(client):
    reply = await client.request("POST", "/api/code/parse", json={"code": "a = 1\n表 = (1,\nb = 2\n"})
    problem = assert_problem(reply, 422, "syntax_error")
    (fault,) = problem["errors"]
    assert (fault["pointer"], fault["line"], fault["column"]) == ("/code", 2, 5)
    assert fault["source"] == "表 = (1,"
    assert fault["caret"] == "     ^"
    assert "never closed" in fault["message"]


async def test_the_modules_own_enums_data_classes_and_typed_dicts_are_in_the_schema(client):
    code = (
        "import enum\nfrom dataclasses import dataclass, field\nfrom typing import *\n"
        "class Color(enum.Enum):\n    RED = 'red'\n    BLUE = 'blue'\n"
        "class Auto(enum.Enum):\n    A = enum.auto()\n"
        "@dataclass\nclass Base:\n    x: int\n    kind: ClassVar[str] = 'k'\n"
        "@dataclass(frozen=True)\nclass Node(Base):\n    color: Color = Color.RED\n    next: 'Node | None' = None\n"
        "    tags: list[str] = field(default_factory=list)\n    name: str = field(repr=False)\n"
        "class Options(TypedDict, total=False):\n    deep: bool\n"
        "class Plain: ...\n"
        "def f(node: Node, more: list[Options], plain: Plain, auto: Auto) -> Color: ...\n"
    )
    (function,) = (await parse(client, code))["functions"]
    schema = function["parameters_schema"]
    assert schema["properties"] == {
        "node": {"$ref": "#/$defs/Node"},
        "more": {"type": "array", "items": {"$ref": "#/$defs/Options"}},
        "plain": {},
        "auto": {},
    }
    assert schema["$defs"] == {
        "Color": {"title": "Color", "enum": ["red", "blue"]},
        "Node": {
            "title": "Node",
            "type": "object",
            "properties": {
                "x": {"type": "integer"},
                "color": {"$ref": "#/$defs/Color"},
                "next": {"anyOf": [{"$ref": "#/$defs/Node"}, {"type": "null"}], "default": None},
                "tags": {"type": "array", "items": {"type": "string"}},
                "name": {"type": "string"},
            },
            "required": ["x", "name"],
            "additionalProperties": False,
        },
        "Options": {
            "title": "Options",
            "type": "object",
            "properties": {"deep": {"type": "boolean"}},
            "required": [],
            "additionalProperties": False,
        },
    }
    assert function["return_schema"] == {
        "$ref": "#/$defs/Color",
        "$defs": {"Color": schema["$defs"]["Color"]},
    }


async def test_a_package_of_files_keeps_what_parses_and_knows_its_own_modules(client):
    files = {"main.py": "import helper, yaml", "helper/__init__.py": "def f(): ...", "bad.py": "def"}
    reply = await client.request("POST", "/api/code/parse", json={"files": files})
    assert reply.status == 200
    found = reply.json()
    assert [module["name"] for module in found["modules"]] == ["main.py", "helper/__init__.py"]
    assert [d["name"] for d in found["modules"][0]["dependencies"]] == ["pyyaml"]
    assert [(fault["file"], fault["code"]) for fault in found["errors"]] == [("bad.py", "syntax")]


async def test_an_uploaded_file_is_read_in_the_encoding_it_names(client):
    source = '# -*- coding: gbk -*-\nname = "中文"\n'.encode("gbk")
    body = (
        b'--x\r\nContent-Disposition: form-data; name="file"; filename="a/b.py"\r\n\r\n'
        + source
        + b"\r\n--x--\r\n"
    )
    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    reply = await client.request("POST", "/api/code/parse", body=body, headers=headers)
    assert reply.status == 200, reply.body
    assert reply.json()["name"] == "b.py"
    assert "中文" in reply.json()["source_code"]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"code": "1", "files": {"a.py": "1"}},
        {"code": "1", "tool": 1},
        {"files": {"../a.py": "1"}},
        {"code": 1},
    ],
)
async def test_a_body_that_is_neither_is_refused(client, body):
    assert_problem(await client.request("POST", "/api/code/parse", json=body), 422, "validation_failed")


async def test_a_source_above_the_bound_is_refused_by_size(client):
    reply = await client.request("POST", "/api/code/parse", json={"code": "#" * (1024**2 + 1)})
    problem = assert_problem(reply, 422, "code_too_large")
    assert problem["errors"][0]["pointer"] == "/code"
    assert "1048576" in problem["detail"]
