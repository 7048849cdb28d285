"""Imports lead to distributions."""

import pytest


async def dependencies(client, **body):
    reply = await client.request("POST", "/api/code/dependencies", json=body)
    assert reply.status == 200, reply.body[:1000]
    return reply.json()


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("cv2", "opencv-python-headless"), ("sklearn.linear_model", "scikit-learn"), ("PIL.Image", "pillow"),
        ("yaml", "pyyaml"), ("bs4", "beautifulsoup4"), ("docx", "python-docx"), ("fitz", "pymupdf"),
        ("dateutil.parser", "python-dateutil"), ("google.protobuf", "protobuf"), ("skimage", "scikit-image"),
        ("some_new_thing", "some-new-thing"),
    ],
)  # fmt: skip
async def test_an_import_leads_to_its_distribution(client, module, name):
    found = await dependencies(client, code=f"import {module}")
    assert [d["name"] for d in found["dependencies"]] == [name]


async def test_the_standard_library_is_told_apart(client):
    found = await dependencies(
        client, code="import os.path, json, numpy\nfrom collections import abc\nimport nothere"
    )
    assert found["standard_library"] == ["collections", "json", "os"]
    assert (found["installed"], found["missing"]) == (["numpy"], ["nothere"])
    assert found["dependencies"][1]["guessed"]


async def test_optional_imports_are_not_missing(client):
    code = (
        "try:\n    import fancy\nexcept ImportError:\n    fancy = None\nif TYPE_CHECKING:\n    import stubs"
    )
    found = await dependencies(client, code=code)
    assert [(d["name"], d["optional"]) for d in found["dependencies"]] == [("fancy", True), ("stubs", True)]
    assert found["missing"] == []


async def test_calls_that_import_are_seen(client):
    found = await dependencies(
        client, code="__import__('a1')\nimport importlib\nimportlib.import_module('b1.c')"
    )
    assert found["missing"] == ["a1", "b1"]


async def test_own_modules_are_local(client):
    found = await dependencies(client, files={"main.py": "import helper", "helper.py": "import yaml"})
    assert found["local"] == ["helper"]
    assert [d["name"] for d in found["dependencies"]] == ["pyyaml"]
