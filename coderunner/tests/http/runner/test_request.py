"""POST /api/runner/execute: every field of the request, and what is refused by name."""

import asyncio
import json

import pytest
from tornado.iostream import StreamClosedError

from servicekit.testing import assert_problem

PATH = "/api/runner/execute"


async def test_the_published_example_answers_as_published(client):
    reply = await client.request("POST", PATH, json={"code": "print('Hello')", "timeout": 30})
    assert reply.status == 200
    assert reply.json().items() >= {"result": "Hello\n", "status": "success"}.items()


async def test_a_function_is_called_with_its_parameters(execute):
    code = "def add(a, b=10):\n    return {'sum': a + b}"
    assert (await execute(code, function_name="add", parameters={"a": 1}))["value"] == {"sum": 11}
    assert (await execute(code, function_name="add", parameters={"a": 1, "b": [2]}))["status"] == "error"
    wrong = await execute(code, function_name="add", parameters={"c": 1})
    assert (wrong["status"], wrong["return_code"]) == ("error", 1)
    assert wrong["exceptions"][0]["type"] == "TypeError"


async def test_a_function_that_is_not_there_is_the_programs_error(execute):
    reply = await execute("def one(): pass", function_name="two")
    assert (reply["status"], reply["exceptions"][0]["type"]) == ("error", "LookupError")
    assert "one" in reply["exceptions"][0]["message"]


async def test_an_async_function_is_awaited(execute):
    code = "import asyncio\nasync def f(x):\n    await asyncio.sleep(0)\n    return x * 2"
    assert (await execute(code, function_name="f", parameters={"x": 4}))["value"] == 8


async def test_parameters_without_a_function_are_variables(execute):
    reply = await execute("[x, y['z']]", parameters={"x": 1.5, "y": {"z": None}})
    assert reply["value"] == [1.5, None]


async def test_stdin_is_what_input_reads(execute):
    reply = await execute("print(input(), int(input()) + 1)", stdin="名前\n41\n")
    assert reply["stdout"] == "名前 42\n"


async def test_env_and_args_reach_the_program(execute):
    code = "import os, sys\nprint(os.environ['MODE'], sys.argv[1:])"
    reply = await execute(code, env={"MODE": "快"}, args=["-v", "a b"], security_level="isolated")
    assert reply["stdout"] == "快 ['-v', 'a b']\n"


PACKAGE = {
    "main.py": "from shop.cart import total\nfrom shop import NAME\nimport tools\nprint(NAME, total([1, 2]), tools.double(4), open('data/x.txt').read())",
    "shop/__init__.py": "NAME = 'shop'",
    "shop/cart.py": "from shop.tax import rate\ndef total(items): return sum(items) * rate()",
    "shop/tax.py": "def rate(): return 2",
    "tools.py": "def double(x): return 2 * x",
    "data/x.txt": "数据",
}


@pytest.mark.parametrize("level", ["restricted", "isolated"])
async def test_a_program_of_several_files_runs(execute, level):
    reply = await execute(files=PACKAGE, entrypoint="main.py", security_level=level)
    assert (reply["status"], reply["stdout"]) == ("success", "shop 6 8 数据\n"), reply


async def test_an_entry_point_in_a_folder_finds_what_lies_beside_it(execute):
    files = {
        "app/run.py": "import beside\nprint(beside.X, __name__, __file__.endswith('app/run.py'))",
        "app/beside.py": "X = 5",
    }
    assert (await execute(files=files, entrypoint="app/run.py", security_level="isolated"))["stdout"] == (
        "5 __main__ True\n"
    )


MODULES = {
    "shop/__init__.py": "NAME = 'shop'",
    "shop/__main__.py": "from . import NAME\nfrom .cart import total\nprint(__name__, NAME, total(3))",
    "shop/cart.py": "from .deep import rate\ndef total(n): return n * rate.R",
    "shop/deep/__init__.py": "",
    "shop/deep/rate.py": "R = 2",
    "shop/deep/job.py": "from ..cart import total\nfrom . import rate\nprint(total(rate.R))\ndef run(n): return total(n)",
    "top.py": "import shop\nprint(shop.NAME)",
}


@pytest.mark.parametrize("level", ["restricted", "isolated"])
@pytest.mark.parametrize(
    ("entrypoint", "said"), [("shop", "__main__ shop 6\n"), ("shop.deep.job", "4\n"), ("top", "shop\n")]
)
async def test_a_module_or_package_runs_by_its_name(execute, level, entrypoint, said):
    reply = await execute(files=MODULES, entrypoint=entrypoint, security_level=level)
    assert (reply["status"], reply["stdout"]) == ("success", said), reply


async def test_a_function_of_a_module_is_called(execute):
    ask = {"files": MODULES, "entrypoint": "shop.deep.job", "function_name": "run", "parameters": {"n": 5}}
    assert (await execute(**ask))["value"] == 10


async def test_a_function_of_an_entry_point_is_called(execute):
    files = {"m.py": "def f(a): return a + 1"}
    assert (await execute(files=files, entrypoint="m.py", function_name="f", parameters={"a": 1}))[
        "value"
    ] == 2


async def test_code_may_use_files(execute):
    assert (await execute("import helper\nhelper.X", files={"helper.py": "X = 3"}))["value"] == 3


@pytest.mark.parametrize("level", ["restricted", "isolated"])
async def test_the_level_of_the_request_rules(execute, level):
    reply = await execute("import os\nprint('ran')", security_level=level)
    assert reply["status"] == {"restricted": "policy_violation", "isolated": "success"}[level]


async def test_the_default_level_is_restricted(execute):
    assert (await execute("import os"))["status"] == "policy_violation"


async def test_figures_are_drawn_as_asked(execute):
    code = "import matplotlib.pyplot as plt\nplt.plot([1, 2])"
    reply = await execute(code, figure={"formats": ["svg", "png"], "dpi": 50, "size": [2, 2]}, timeout=20)
    data = {kind for output in reply["outputs"] for kind in output["data"]}
    assert {"image/png", "image/svg+xml"} <= data


LIMITS = {
    "timeout": 31,
    "memory_limit": 10_000,
    "cpu_time": 3601,
    "max_processes": 65,
    "max_open_files": 1025,
    "disk_limit": 1025,
    "max_files": 100_001,
    "max_stdout_bytes": 64 * 1024**2 + 1,
    "max_stderr_bytes": 64 * 1024**2 + 1,
    "max_value_bytes": 16 * 1024**2 + 1,
    "max_outputs": 1001,
    "max_output_bytes": 64 * 1024**2 + 1,
}


@pytest.mark.parametrize(("name", "value"), LIMITS.items())
async def test_a_limit_above_the_operators_is_refused_by_name(client, name, value):
    reply = await client.request("POST", PATH, json={"code": "1", name: value})
    problem = assert_problem(reply, 422, "limit_above_maximum")
    assert problem["errors"][0]["pointer"] == f"/{name}"
    assert name in problem["detail"]


WRONG = {
    "no code": ({}, ""),
    "code is a number": ({"code": 1}, "/code"),
    "code is null": ({"code": None}, "/code"),
    "an unknown field": ({"code": "1", "tiemout": 1}, "/tiemout"),
    "timeout is text": ({"code": "1", "timeout": "30"}, "/timeout"),
    "timeout is zero": ({"code": "1", "timeout": 0}, "/timeout"),
    "timeout is negative": ({"code": "1", "timeout": -1}, "/timeout"),
    "timeout is a bool": ({"code": "1", "timeout": True}, "/timeout"),
    "memory is a fraction": ({"code": "1", "memory_limit": 1.5}, "/memory_limit"),
    "memory is zero": ({"code": "1", "memory_limit": 0}, "/memory_limit"),
    "memory is beyond numbers": ({"code": "1", "memory_limit": 10**30}, "/memory_limit"),
    "level is unknown": ({"code": "1", "security_level": "none"}, "/security_level"),
    "parameters is a list": ({"code": "1", "parameters": [1]}, "/parameters"),
    "function is no name": ({"code": "1", "function_name": "a b"}, "/function_name"),
    "function is private": ({"code": "1", "function_name": "__import__"}, "/function_name"),
    "function is an attribute": ({"code": "1", "function_name": "os.system"}, "/function_name"),
    "stdin is a list": ({"code": "1", "stdin": ["x"]}, "/stdin"),
    "env value is a number": ({"code": "1", "env": {"A": 1}}, "/env/A"),
    "env value has a NUL": ({"code": "1", "env": {"A": "a\0b"}}, "/env/A"),
    "args is text": ({"code": "1", "args": "x"}, "/args"),
    "args has a number": ({"code": "1", "args": ["x", 1]}, "/args/1"),
    "args has a NUL": ({"code": "1", "args": ["a\0"]}, "/args/0"),
    "files is a list": ({"code": "1", "files": ["a"]}, "/files"),
    "file is a number": ({"code": "1", "files": {"a.py": 1}}, "/files/a.py"),
    "entry point is no file": ({"files": {"a.py": ""}, "entrypoint": "b.py"}, ""),
    "entry point is a package that cannot run": ({"files": {"a/__init__.py": ""}, "entrypoint": "a"}, ""),
    "code and entry point": ({"code": "1", "files": {"a.py": ""}, "entrypoint": "a.py"}, ""),
    "a file that is a folder": ({"code": "1", "files": {"a": "", "a/b": ""}}, ""),
    "unknown figure format": ({"code": "1", "figure": {"formats": ["pdf"]}}, "/figure"),
    "dots beyond reason": ({"code": "1", "figure": {"dpi": 100000}}, "/figure/dpi"),
    "an unknown figure field": ({"code": "1", "figure": {"dqi": 1}}, "/figure/dqi"),
    "too few open files": ({"code": "1", "max_open_files": 3}, "/max_open_files"),
}


@pytest.mark.parametrize(("body", "pointer"), WRONG.values(), ids=WRONG)
async def test_what_is_wrong_is_named(client, body, pointer):
    problem = assert_problem(await client.request("POST", PATH, json=body), 422, "validation_failed")
    assert problem["errors"][0]["pointer"] == pointer
    assert problem["errors"][0]["message"]


BAD_PATHS = ["/etc/passwd", "../x", "a/../b", "a//b", "./a", "a/.", "", "a\\b", "a\nb", "a\0b", "x" * 1001, "/".join("a" * 60), "a" * 256, "a/", "\x7f"]  # fmt: skip


@pytest.mark.parametrize("path", BAD_PATHS)
async def test_a_path_that_could_lead_out_is_refused(client, path):
    reply = await client.request("POST", PATH, json={"code": "1", "files": {path: ""}})
    assert assert_problem(reply, 422, "validation_failed")["errors"][0]["pointer"].startswith("/files")


@pytest.mark.parametrize(
    "name", ["1A", "A B", "A=B", "", "A-B", "Ä", "A\0", "LD_PRELOAD", "PYTHONPATH", "PATH"]
)
async def test_a_name_that_is_no_variable_is_refused(client, name):
    reply = await client.request("POST", PATH, json={"code": "1", "env": {name: "x"}})
    assert assert_problem(reply, 422, "validation_failed")["errors"][0]["pointer"].startswith("/env")


BROKEN = [b"", b"{", b"[]", b'"code"', b"null", b'{"code": "1"', b"\xff\xfe", b'{"code": NaN}', b"{'code': 1}", b'{"code": "\xed\xa0\x80"}',
          b'{"code": "1"} x', b"[" * 100_000]  # fmt: skip


@pytest.mark.parametrize("body", BROKEN)
async def test_broken_json_is_a_400(client, body):
    reply = await client.request("POST", PATH, body=body, headers={"Content-Type": "application/json"})
    assert reply.status == 400, reply.body
    assert reply.json()["code"] in {"invalid_json", "bad_request"}


async def test_another_media_type_is_a_415(client):
    reply = await client.request("POST", PATH, body=b"code=1", headers={"Content-Type": "text/plain"})
    assert_problem(reply, 415, "unsupported_media_type")


async def test_another_verb_is_a_405_and_another_path_a_404(client):
    assert_problem(await client.request("GET", PATH), 405, "method_not_allowed")
    assert_problem(await client.request("POST", PATH + "/x", json={"code": "1"}), 404, "not_found")


async def test_a_body_of_50_megabytes_is_a_413_and_the_service_goes_on(client, execute):
    body = json.dumps({"code": "x" * 50_000_000}).encode()
    try:
        reply = await client.request(
            "POST", PATH, body=body, headers={"Content-Type": "application/json"}, timeout_s=60
        )
        assert_problem(reply, 413, "body_too_large")
    except (ConnectionError, StreamClosedError):
        pass  # the service may hang up while the client is still sending
    assert (await execute("1 + 1"))["value"] == 2


async def test_a_body_that_says_it_is_too_large_is_refused_before_it_is_sent(service):
    host, port = service.base_url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(
        f"POST {PATH} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 50000000\r\n\r\n".encode()
    )
    head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 60)
    assert head.startswith(b"HTTP/1.1 413")
    writer.close()


async def test_a_body_that_comes_slowly_is_answered(service):
    host, port = service.base_url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    body = json.dumps({"code": "print('slow')"}).encode()
    writer.write(
        f"POST {PATH} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    )
    for byte in body:
        writer.write(bytes([byte]))
        await writer.drain()
        await asyncio.sleep(0.002)
    head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 60)
    assert head.startswith(b"HTTP/1.1 200")
    writer.close()
