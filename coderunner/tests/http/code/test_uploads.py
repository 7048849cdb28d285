"""Files and packages of files as forms send them, with the form's other fields."""

import json

from servicekit.testing import assert_problem


def form(files, **fields):
    parts = [
        f'--x\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in fields.items()
    ]
    parts += [
        f'--x\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n{text}\r\n'
        for name, text in files.items()
    ]
    return ("".join(parts) + "--x--\r\n").encode()


async def post(client, what, files, **fields):
    headers = {"Content-Type": 'multipart/form-data; boundary="x"'}
    return await client.request("POST", f"/api/code/{what}", body=form(files, **fields), headers=headers)


async def test_a_file_is_parsed_under_the_name_and_tool_of_its_form(client):
    reply = await post(
        client,
        "parse",
        {"a.py": "def f(x: int): ..."},
        module_name="shop",
        include_ast="true",
        tool_id="tool_9",
    )
    assert reply.status == 200, reply.body
    module = reply.json()
    assert (module["name"], module["functions"][0]["name"]) == ("shop", "f")
    assert module["ast"].startswith("Module(")
    kept = (await client.request("GET", "/api/code/modules?tool_id=tool_9")).json()["items"]
    assert [item["module_name"] for item in kept] == ["shop"]


async def test_a_package_keeps_its_folders(client):
    files = {
        "shop/__init__.py": "",
        "shop/a.py": "from shop import b",
        "./main.py": "import shop, numpy",
        "c.py": "def (",
    }
    reply = (await post(client, "parse", files, tool_id="tool_8")).json()
    assert [module["name"] for module in reply["modules"]] == ["shop/__init__.py", "shop/a.py", "main.py"]
    assert [(error["file"], error["line"]) for error in reply["errors"]] == [("c.py", 1)]
    assert [d["name"] for d in reply["modules"][2]["dependencies"]] == ["numpy"]
    found = (await post(client, "dependencies", {k: v for k, v in files.items() if k != "c.py"})).json()
    assert found["local"] == ["shop"]


async def test_validation_takes_level_and_settings_from_the_form(client):
    files = {"a.py": "import os\nprint(1)"}
    assert (await post(client, "validate", files, security_level="isolated")).json()["valid"]
    settings = json.dumps({"blocked_functions": ["print"]})
    found = (await post(client, "validate", files, security_settings=settings)).json()
    assert [entry["line"] for entry in found["errors"]] == [1, 2]


async def test_fields_and_names_that_are_wrong_are_named(client):
    good = {"a.py": "1"}
    for fields in ({"include_ast": "perhaps"}, {"tool": "x"}, {"security_settings": "{}"}):
        assert_problem(await post(client, "parse", good, **fields), 422, "validation_failed")
    for settings in ("[]", '{"other": 1}'):
        reply = await post(client, "validate", good, security_settings=settings)
        assert_problem(reply, 422, "validation_failed")
    assert_problem(await post(client, "validate", good, security_settings="{"), 400, "invalid_json")
    for name in ("../a.py", "/etc/passwd", "a//b.py"):
        problem = assert_problem(await post(client, "parse", {name: "1"}), 422, "validation_failed")
        assert problem["errors"][0]["pointer"] == "/0"
    assert_problem(
        await post(client, "dependencies", good, environment_id="env_x"), 404, "environment_not_found"
    )
    assert_problem(await post(client, "parse", good, environment_id="env_x"), 404, "environment_not_found")
