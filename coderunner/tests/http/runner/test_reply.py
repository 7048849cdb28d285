"""POST /api/runner/execute: every member of the reply."""

import pytest

MEMBERS = {
    "execution_id", "status", "result", "value", "outputs", "stdout", "stderr", "stdout_truncated", "stderr_truncated", "value_truncated", "return_code",
    "exceptions", "violations", "limit", "execution_time_ms", "cpu_time_ms", "memory_usage_kb", "timing",
}  # fmt: skip


async def test_a_reply_has_every_member(execute):
    reply = await execute("print('a')\n[1, {'b': None}]")
    assert reply.keys() >= MEMBERS
    assert reply["value"] == [1, {"b": None}]
    assert (reply["limit"], reply["exceptions"], reply["violations"], reply["return_code"]) == (
        None,
        [],
        [],
        0,
    )
    assert reply["execution_id"].startswith("exec_")
    assert len(reply["execution_id"]) >= 24


async def test_a_value_beyond_its_limit_says_so(execute):
    whole, cut = [await execute(f"'x' * {size}", max_value_bytes=1000) for size in (900, 5000)]
    assert (whole["value_truncated"], len(whole["value"])) == (False, 900)
    assert cut["value_truncated"] is True
    assert len(cut["value"]) < 1100


async def test_execution_ids_are_not_repeated(execute):
    ids = {(await execute("1"))["execution_id"] for _ in range(10)}
    assert len(ids) == 10


async def test_timing_says_where_the_milliseconds_went(execute):
    reply = await execute("import time\nimport wave\ntime.sleep(0.05)", security_level="isolated")
    timing = reply["timing"]
    assert set(timing) == {"install", "queue", "pool", "compile", "import", "run"}
    assert all(part >= 0 for part in timing.values())
    assert timing["run"] >= 50
    assert reply["execution_time_ms"] >= timing["run"]


async def test_memory_and_cpu_are_what_the_run_used(execute):
    small = await execute("print(1)")
    large = await execute("x = b'x' * 50_000_000\nfor _ in range(3_000_000): pass\nprint(len(x))")
    assert small["memory_usage_kb"] <= 15 * 1024
    assert 48_000 <= large["memory_usage_kb"] <= 80_000
    assert large["cpu_time_ms"] > small["cpu_time_ms"]


async def test_an_exception_has_type_message_line_and_own_frames(execute):
    reply = await execute("def f(x):\n    return 1 / x\n\nf(0)")
    assert (reply["status"], reply["return_code"], reply["value"]) == ("error", 1, None)
    (exception,) = reply["exceptions"]
    assert (exception["type"], exception["message"], exception["line"]) == (
        "ZeroDivisionError",
        "division by zero",
        2,
    )
    assert exception["traceback"].count("File ") == 2
    assert exception["traceback"] in reply["stderr"]


async def test_a_syntax_error_names_its_line(execute):
    reply = await execute("x = 1\ny = (")
    assert (reply["exceptions"][0]["type"], reply["exceptions"][0]["line"]) == ("SyntaxError", 2)


async def test_output_before_a_failure_is_kept(execute):
    reply = await execute("import sys\nprint('out')\nprint('err', file=sys.stderr) if False else None\n1 / 0")
    assert reply["stdout"] in {"out\n", ""}
    reply = await execute("print('out')\n1 / 0")
    assert reply["stdout"] == reply["result"] == "out\n"


EXITS = {
    "0": ("import sys\nsys.exit()", "success", 0),
    "3": ("import sys\nsys.exit(3)", "error", 3),
    "text": ("import sys\nsys.exit('no')", "error", 1),
    "large": ("import sys\nsys.exit(258)", "error", 2),
    "raise": ("raise SystemExit(4)", "error", 4),
    "os._exit": ("import os\nos._exit(9)", "error", 9),
    "signal": ("import os, signal\nos.kill(os.getpid(), signal.SIGUSR1)", "killed", -10),
    "stop": ("raise KeyboardInterrupt", "error", 1),
}


@pytest.mark.parametrize(("code", "status", "return_code"), EXITS.values(), ids=EXITS)
async def test_the_return_code_is_the_programs(execute, code, status, return_code):
    reply = await execute(code, security_level="isolated")
    assert (reply["status"], reply["return_code"]) == (status, return_code), reply


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
async def test_what_is_above_the_limit_is_cut_and_flagged(execute, stream):
    code = f"import sys\nsys.{stream}.write('é' * 1000)\nsys.{stream}.flush()"
    reply = await execute(code, security_level="isolated", **{f"max_{stream}_bytes": 1001})
    assert (reply["status"], reply[f"{stream}_truncated"]) == ("output_exceeded", True)
    assert reply[stream].startswith("é" * 500)
    assert reply["limit"]["name"] == stream
    assert reply["limit"]["value"] == 1001
    assert reply["limit"]["used"] > 1001


async def test_exactly_the_limit_is_whole(execute):
    reply = await execute("print('x' * 999)", max_stdout_bytes=1000)
    assert (reply["status"], reply["stdout_truncated"], len(reply["stdout"])) == ("success", False, 1000)


HITS = {
    "wall": ("while True: pass", {"timeout": 0.3}, "timeout", "wall_time", 0.3, "seconds"),
    "cpu": ("while True: pass", {"timeout": 10, "cpu_time": 1}, "timeout", "cpu", 1, "seconds"),
    "memory": (
        "x = []\nwhile True: x.append(b'x' * 100_000)",
        {"memory_limit": 64},
        "memory_exceeded",
        "memory",
        64 * 1024**2,
        "bytes",
    ),
    "outputs": (
        "for i in range(9): display(i)",
        {"max_outputs": 2},
        "output_exceeded",
        "outputs",
        2,
        "outputs",
    ),
}


@pytest.mark.parametrize(("code", "body", "status", "name", "value", "unit"), HITS.values(), ids=HITS)
async def test_a_limit_says_its_name_value_and_what_was_used(execute, code, body, status, name, value, unit):
    reply = await execute(code, **body)
    assert reply["status"] == status, reply
    assert (reply["limit"]["name"], reply["limit"]["value"], reply["limit"]["unit"]) == (name, value, unit)
    assert reply["limit"]["used"] >= value * 0.8


async def test_a_refusal_says_where_what_why_and_what_instead(execute):
    reply = await execute("x = 1\nimport os")
    (violation,) = reply["violations"]
    assert (reply["status"], violation["line"]) == ("policy_violation", 2)
    assert {"line", "column", "what", "why", "instead"} <= violation.keys()


async def test_rich_results_are_notebook_outputs(execute):
    code = "import pandas as pd\ndisplay(pd.DataFrame({'a': [1]}))\npd.DataFrame({'b': [2]})"
    reply = await execute(code, timeout=20)
    shown, result = reply["outputs"]
    assert (shown["output_type"], result["output_type"]) == ("display_data", "execute_result")
    assert "text/html" in shown["data"]
    assert "text/plain" in result["data"]
    assert {"metadata"} <= result.keys()


async def test_every_run_carries_a_request_id(client):
    reply = await client.request(
        "POST", "/api/runner/execute", json={"code": "1"}, headers={"X-Request-ID": "mine-1"}
    )
    assert reply.headers["X-Request-ID"] == "mine-1"
