"""What the DataFlow platform's own runner gets wrong, one by one: here each of it holds."""

import asyncio

import pytest

MAIN = """
def main(number: int, text: str, items: list, options: dict):
    print("seen")
    return number + 1, text.upper(), items[::-1], options["k"]
"""


async def test_main_takes_what_flows_give_and_returns_a_tuple(execute):
    """An int, a string, an array and an object; what it prints is kept beside what it returns."""
    given = {"number": 1, "text": "a", "items": [1, 2], "options": {"k": None}}
    reply = await execute(MAIN, function_name="main", parameters=given)
    assert (reply["value"], reply["stdout"]) == ([2, "A", [2, 1], None], "seen\n")


async def test_a_parameter_of_another_type_is_told_and_shifts_no_other(execute):
    given = {"number": 1.5, "text": "a", "items": [1], "options": {"k": 1}}
    reply = await execute(MAIN, function_name="main", parameters=given)
    assert [error["message"] for error in reply["exceptions"]] == [
        "parameter 'number': 1.5 is no int: a number was given"
    ]


async def test_a_result_that_is_no_json_is_its_text(execute):
    reply = await execute("def main(): return object", function_name="main", security_level="isolated")
    assert reply["status"] == "success"
    assert "object" in reply["value"]


@pytest.mark.parametrize(
    "code",
    ["import os.path", "import posix", "import shutil", "import importlib", "import ctypes", "import sys"],
)
async def test_modules_that_lead_out_are_refused_by_whatever_name(execute, code):
    assert (await execute(code))["status"] == "policy_violation"


async def test_attributes_are_guarded(execute):
    assert (await execute("().__class__.__base__.__subclasses__()"))["status"] == "policy_violation"


async def test_a_loop_ends_at_its_timeout_and_the_next_run_finds_a_free_place(execute):
    looping = execute("while True: pass", timeout=0.5)
    replies = await asyncio.gather(looping, *(execute(f"print({n})") for n in range(4)))
    assert [reply["status"] for reply in replies] == ["timeout", *["success"] * 4]


async def test_what_runs_print_at_the_same_time_stays_apart(execute):
    code = "import time\nfor _ in range(20):\n    print({n})\n    time.sleep(0.002)"
    replies = await asyncio.gather(*(execute(code.format(n=n)) for n in range(8)))
    assert [reply["stdout"] for reply in replies] == [f"{n}\n" * 20 for n in range(8)]


async def test_headers_never_become_code(client):
    headers = {"x-as-address": "'); print('injected'); ('", "x-authorization": "Bearer '+str(1)+'"}
    body = {"code": "print('mine')", "security_level": "isolated"}
    reply = await client.request("POST", "/api/runner/execute", json=body, headers=headers)
    assert reply.json()["stdout"] == "mine\n"


async def test_memory_is_bounded(execute):
    reply = await execute("x = bytearray(600 << 20)", memory_limit=80)
    assert reply["status"] == "memory_exceeded"
