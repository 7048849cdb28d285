"""Sources made to hurt a parser hurt one worker at the most."""

import asyncio

import pytest

from servicekit.testing import assert_problem

HOSTILE = {
    "10 MB of brackets": "[" * 10_000_000,
    "10 MB of nested and closed brackets": "[" * 5_000_000 + "]" * 5_000_000,
    "100,000 parentheses": "(" * 100_000 + ")" * 100_000,
    "a million unary minuses": "-" * 1_000_000 + "1",
    "a million nots": "not " * 1_000_000 + "1",
    "a long chain of additions": "+".join(["1"] * 300_000),
    "a long chain of attributes": "a" + ".b" * 300_000,
    "a long chain of calls": "f" + "()" * 300_000,
    "a long chain of ors in an annotation": "def f(x: " + "|".join(["int"] * 100_000) + "): ...",
    "deep elifs": "if a: 1\n" + "elif a: 1\n" * 50_000,
    "a hundred nested blocks": "".join(" " * i + "if a:\n" for i in range(99)) + " " * 99 + "1",
    "too much indentation": "".join(" " * i + "if a:\n" for i in range(2000)) + " " * 2000 + "1",
    "deep lambdas": "lambda: " * 100_000 + "1",
    "deep f-strings": 'f"{' * 200 + "1" + '}"' * 200,
    "a huge integer": "9" * 5_000_000,
    "a NUL": "a = 1\0",
    "an unknown encoding": "# coding: nonsense\na = 1",
    "nested decorators and defaults": "@"
    + "f(" * 5000
    + ")" * 5000
    + "\ndef g(a="
    + "[" * 100
    + "]" * 100
    + "): ...",
}


@pytest.mark.parametrize(
    ("path", "name"),
    [(path, name) for path in ("parse", "validate") for name in HOSTILE]
    + [("dependencies", name) for name in list(HOSTILE)[::5]],
)
async def test_a_hostile_source_gets_a_clear_answer(roomy, path, name):
    reply = await roomy.request("POST", f"/api/code/{path}", json={"code": HOSTILE[name]}, timeout_s=30)
    assert reply.status in {200, 422}, (reply.status, reply.body[:500])
    if reply.status == 422:
        problem = reply.json()
        assert problem["code"] in {"syntax_error", "code_not_analysable"}
        assert problem["errors"]
    after = await roomy.request("POST", "/api/code/parse", json={"code": "x = 1"}, timeout_s=30)
    assert after.status == 200


async def test_other_requests_go_on_while_a_worker_struggles(make_settings, roomy):
    slow = asyncio.create_task(
        roomy.request("POST", "/api/code/parse", json={"code": "+".join(["1"] * 2_000_000)}, timeout_s=60)
    )
    for _ in range(5):
        assert (await roomy.request("GET", "/api/health/live")).status == 200
    assert (await slow).status in {200, 422}


async def test_decorators_defaults_and_module_code_are_not_executed(client, tmp_path):
    mark = tmp_path / "ran"
    act = f"open({str(mark)!r}, 'w').close()"
    code = f"{act}\n@({act})\ndef f(a={act}) -> {act}: ...\nclass C(({act})): x: ({act}) = {act}\n"
    for path in ("parse", "validate", "dependencies"):
        reply = await client.request(
            "POST",
            f"/api/code/{path}",
            json={"code": code, **({"security_level": "isolated"} if path == "validate" else {})},
        )
        assert reply.status == 200
    assert not mark.exists()


async def test_a_worker_that_takes_too_long_is_ended(make_settings):
    from coderunner.src.bootstrap import bootstrap
    from coderunner.src.drivenadapters.sandbox.refusing_sandbox import RefusingSandbox
    from servicekit.testing import serving

    settings = make_settings(stepflow_python_max_code_size=32 << 20, code_worker_timeout=0.2)
    async with bootstrap(settings, sandbox=RefusingSandbox("no")) as app, serving(app) as client:
        long = "x = 1\n" * 2_000_000
        reply = await client.request("POST", "/api/code/parse", json={"code": long}, timeout_s=30)
        assert_problem(reply, 422, "code_not_analysable")
        assert (await client.request("POST", "/api/code/parse", json={"code": "x"})).status == 200
