"""Validation lists everything that speaks against a program."""

from servicekit.testing import assert_problem


async def validate(client, code, **more):
    reply = await client.request("POST", "/api/code/validate", json={"code": code, **more})
    assert reply.status == 200, reply.body[:1000]
    return reply.json()


async def test_a_good_program_is_valid(client):
    assert await validate(client, "import json\nprint(json.dumps([1]))") == {
        "valid": True,
        "errors": [],
        "warnings": [],
    }


async def test_all_violations_are_listed_with_reasons_and_places(client):
    found = await validate(client, "import os\nimport math\nx = eval('1')\nx.__class__\n")
    assert not found["valid"]
    assert [(e["line"], e["code"]) for e in found["errors"]] == [
        (1, "policy_import"),
        (3, "policy_builtin"),
        (4, "policy_attribute"),
    ]
    assert found["errors"][0]["caret"] == "       ^^"
    assert "os" in found["errors"][0]["message"]
    assert found["errors"][1]["suggestion"]


async def test_full_python_has_no_policy(client):
    assert (await validate(client, "import os\neval('1')", security_level="isolated"))["valid"]


async def test_syntax_has_line_column_and_caret(client):
    (entry,) = (await validate(client, "def f(:\n  pass"))["errors"]
    assert (entry["code"], entry["line"], entry["column"], entry["caret"]) == ("syntax", 1, 7, "      ^")


async def test_a_callers_lists_block_modules_and_functions(client):
    settings = {"blocked_modules": ["math"], "blocked_functions": ["print"]}
    found = await validate(client, "import math\nprint(1)", security_settings=settings)
    assert [e["line"] for e in found["errors"]] == [1, 2]
    allowed = {"allowed_modules": ["math"]}
    found = await validate(client, "import math\nimport json", security_settings=allowed)
    assert [e["line"] for e in found["errors"]] == [2]


async def test_size_is_an_entry(client):
    (entry,) = (await validate(client, "#" * (1024**2 + 1)))["errors"]
    assert entry["code"] == "code_too_large"


async def test_what_is_not_installed_is_a_warning(client):
    found = await validate(client, "import toolz_not_here", security_level="isolated")
    assert found["valid"]
    assert found["warnings"][0]["code"] == "not_installed"


async def test_the_operators_lists_rule(make_settings):
    from coderunner.src.bootstrap import bootstrap
    from coderunner.src.drivenadapters.sandbox.refusing_sandbox import RefusingSandbox
    from servicekit.testing import serving

    settings = make_settings(
        stepflow_python_allowed_imports=("math", "json"), stepflow_python_blocked_imports=("json",)
    )
    async with bootstrap(settings, sandbox=RefusingSandbox("no")) as app, serving(app) as client:
        found = await validate(client, "import math\nimport json\nimport re")
        assert [e["line"] for e in found["errors"]] == [2, 3]
        asked = {"allowed_modules": ["re", "math", "json"]}
        found = await validate(client, "import math\nimport json\nimport re", security_settings=asked)
        assert [e["line"] for e in found["errors"]] == [2, 3]


async def test_an_environment_that_is_not_there_is_told_whatever_is_imported(client):
    body = {"code": "1", "environment_id": "env_nowhere"}
    reply = await client.request("POST", "/api/code/validate", json=body)
    assert_problem(reply, 404, "environment_not_found")
