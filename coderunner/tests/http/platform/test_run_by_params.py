"""The platform's own calls answer as its clients expect."""

import json

import pytest

from servicekit.testing import assert_problem

BASE = "/api/coderunner/v1"


async def run(client, code, inputs=(), keys=(), status=200, **more):
    body = {
        "code": code,
        "input_params": [{"type": kind, "value": value} for kind, value in inputs],
        "output_params": [{"key": key, "type": "string"} for key in keys],
        **more,
    }
    reply = await client.request("POST", f"{BASE}/pycode/run-by-params", json=body, timeout_s=60)
    assert reply.status == status, reply.body[:1000]
    return reply.json()


async def test_inputs_are_passed_by_place_and_a_tuple_goes_to_the_keys(client):
    code = "def main(a, b, c, d):\n    return a + 1, b.upper(), c[::-1], d['k']"
    inputs = [("int", 1), ("string", "x"), ("array", [1, 2]), ("object", {"k": None})]
    wanted = {"number": 2, "text": "X", "items": [2, 1], "other": None}
    assert await run(client, code, inputs, wanted) == wanted
    as_text = [(kind, value if isinstance(value, str) else json.dumps(value)) for kind, value in inputs]
    assert await run(client, code, as_text, wanted) == wanted


@pytest.mark.parametrize(
    ("kind", "value", "seen"),
    [
        ("string", 5, "5"),
        ("string", "a'); print('", "a'); print('"),
        ("int", "3.9", 3),
        ("int", "12345678901234567", "12345678901234567"),
        ("number", "1.5", 1.5),
        ("boolean", "true", True),
        ("array", "no json", "no json"),
        ("object", '{"a": [1]}', {"a": [1]}),
        ("string", "[" * 100_000, "[" * 100_000),
        ("array", "[" * 100_000, "[" * 100_000),
    ],
)
async def test_a_value_is_read_by_its_type(client, kind, value, seen):
    assert await run(client, "def main(a): return a", [(kind, value)], ["r"]) == {"r": seen}


async def test_what_a_client_leaves_out_may_be_null_or_empty(client):
    for func in (None, ""):
        body = {"code": "def main(): return 7", "input_params": None, "output_params": None, "func": func}
        reply = await client.request("POST", f"{BASE}/pycode/run-by-params", json=body)
        assert (reply.status, reply.json()) == (200, {})


async def test_a_result_that_is_no_tuple_goes_to_the_first_key(client):
    assert await run(client, "def main(): return [1, 2]", keys=["a", "b"]) == {"a": [1, 2]}
    assert await run(client, "def main(): return 1, 2, 3", keys=["a", "b"]) == {"a": 1, "b": 2}
    assert await run(client, "def main(): return 1") == {}
    assert await run(client, "def other(x): return x", [("int", 1)], ["a"], func="other") == {"a": 1}


@pytest.mark.parametrize(
    ("code", "inputs", "said"),
    [
        ("def main(): return 1 / 0", [], "ZeroDivisionError: division by zero"),
        ("def main(a): return a", [], "main() needs the parameter 'a'"),
        ("def main(a): return a", [("int", "x")], "input_params[0]: 'x' is no int"),
        ("def main(a, b): return a", [("int", 1), ("money", 1)], "input_params[1]: there is no type 'money'"),
        ("x = 1", [], "the program defines no function 'main'"),
        ("import os.path\ndef main(): ...", [], "os.path"),
        ("def main(", [], "SyntaxError"),
    ],
)
async def test_a_failure_is_a_500_that_says_what_it_was(client, code, inputs, said):
    found = await run(client, code, inputs, ["a"], status=500)
    assert found["code"] == 500
    assert said in found["detail"]


async def test_headers_of_the_platform_never_become_code(client):
    headers = {"x-as-address": "'); print('injected'); ('", "x-authorization": "Bearer '+1+'"}
    body = {"code": "def main(): return 'mine'", "output_params": [{"key": "a"}]}
    reply = await client.request("POST", f"{BASE}/pycode/run-by-params", json=body, headers=headers)
    assert reply.json() == {"a": "mine"}


async def test_health_is_told_in_words_and_a_package_that_is_not_there_is_gone(client):
    for path, word in (("ready", b"health"), ("alive", b"alive")):
        reply = await client.request("GET", f"{BASE}/health/{path}")
        assert (reply.status, reply.body) == (200, word)
    reply = await client.request("DELETE", f"{BASE}/py-packages/six", timeout_s=60)
    assert (reply.status, reply.body) == (204, b"")
    for name in ("..", "--all", "a;b"):
        reply = await client.request("DELETE", f"{BASE}/py-packages/{name}")
        assert_problem(reply, 422, "invalid_requirement")


async def test_a_body_that_is_none_is_told_by_its_member(client):
    reply = await client.request("POST", f"{BASE}/pycode/run-by-params", json={"input_params": []})
    problem = assert_problem(reply, 422, "validation_failed")
    assert problem["errors"][0]["pointer"] == "/code"
