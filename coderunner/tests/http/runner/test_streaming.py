"""POST /api/runner/execute with Accept: text/event-stream."""

import asyncio
import contextlib
import json
import time
from dataclasses import dataclass

import pytest

from coderunner.tests.evidence import until
from servicekit.testing import assert_problem

PATH = "/api/runner/execute"
STREAM = {"Accept": "text/event-stream"}


@dataclass
class Event:
    kind: str
    number: str
    data: dict
    at_s: float


class Stream:
    def __init__(self, reader, writer):
        self.reader, self.writer = reader, writer
        self.headers = ""

    async def __aiter__(self):
        self.headers = (await self.reader.readuntil(b"\r\n\r\n")).decode()
        rest = b""
        while True:
            size = int(await self.reader.readline(), 16)
            rest += (await self.reader.readexactly(size + 2))[:size]
            while b"\n\n" in rest:
                text, _, rest = rest.partition(b"\n\n")
                fields = dict(
                    line.split(": ", 1) for line in text.decode().splitlines() if not line.startswith(":")
                )
                if fields:
                    yield Event(
                        fields["event"], fields.get("id", ""), json.loads(fields["data"]), time.monotonic()
                    )
            if size == 0:
                return


@contextlib.asynccontextmanager
async def streaming(service, body):
    host, port = service.base_url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port), limit=2**26)
    payload = json.dumps(body).encode()
    head = f"POST {PATH} HTTP/1.1\r\nHost: x\r\nAccept: text/event-stream\r\nContent-Type: application/json\r\nContent-Length: {len(payload)}\r\n\r\n"
    writer.write(head.encode() + payload)
    try:
        yield Stream(reader, writer)
    finally:
        writer.close()


async def events_of(service, body):
    async with asyncio.timeout(30), streaming(service, body) as stream:
        return [event async for event in stream]


@pytest.mark.parametrize("level", ["restricted", "isolated"])
async def test_lines_come_when_they_are_printed(service, level):
    """The program never ends of itself: whatever arrives has come while it ran."""
    code = "import time\nn = 0\nwhile True:\n    print(n)\n    n += 1\n    time.sleep(0.02)"
    seen = ""
    async with (
        asyncio.timeout(60),
        streaming(service, {"code": code, "security_level": level, "timeout": 30}) as stream,
    ):
        async for event in stream:
            assert event.kind in {"start", "stdout"}
            seen += event.data.get("text", "")
            if seen.count("\n") >= 5:
                break
    assert seen.startswith("0\n1\n2\n3\n4\n")
    await asyncio.to_thread(until, lambda: running(service) == 0, "the run is gone", deadline_s=60)


async def test_everything_comes_in_its_order_with_growing_numbers(service):
    code = "print('a')\ndisplay(1)\nprint('b')\ndisplay(2)\n'end'"
    events = await events_of(service, {"code": code})
    kinds = [event.kind for event in events]
    assert (kinds[0], kinds[-1]) == ("start", "result")
    said = [
        event.data.get("text") or event.data["output"]["data"]["text/plain"]
        for event in events[1:-1]
        if event.kind in {"stdout", "output"}
    ]
    text = "".join(event.data["text"] for event in events if event.kind == "stdout")
    assert text == "a\nb\n"
    assert said.index("1") < said.index("2")
    assert any("a\n" in one for one in said[: said.index("1")]), (
        "text printed before an output comes before it"
    )
    assert [event.data["seq"] for event in events[1:-1]] == list(range(1, len(events) - 1))
    result = events[-1].data
    assert (result["status"], result["value"], result["stdout"]) == ("success", "end", "a\nb\n")
    assert result["execution_id"] == events[0].data["execution_id"]


async def test_both_streams_are_told_apart(service):
    code = "import sys\nprint('o', flush=True)\nprint('e', file=sys.stderr, flush=True)"
    events = await events_of(service, {"code": code, "security_level": "isolated"})
    assert {event.kind: event.data["text"] for event in events if event.kind in {"stdout", "stderr"}} == {
        "stdout": "o\n",
        "stderr": "e\n",
    }


async def test_a_character_that_is_cut_in_two_arrives_whole(service):
    code = "import os, time\nos.write(1, b'\\xe6\\x95')\ntime.sleep(0.2)\nos.write(1, b'\\xb0\\n')"
    events = await events_of(service, {"code": code, "security_level": "isolated"})
    assert "".join(event.data["text"] for event in events if event.kind == "stdout") == "数\n"


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"code": "1 / 0"}, "error"),
        ({"code": "import os"}, "policy_violation"),
        ({"code": "while True: pass", "timeout": 0.3}, "timeout"),
        ({"code": "while True: print('x' * 100)", "max_stdout_bytes": 10_000}, "output_exceeded"),
    ],
    ids=["error", "refused", "timeout", "flood"],
)
async def test_every_verdict_is_a_result_event(service, body, status):
    events = await events_of(service, body)
    assert (events[-1].kind, events[-1].data["status"]) == ("result", status)


async def test_a_request_that_is_wrong_is_an_ordinary_problem(client):
    for body, code in (
        ({"code": 1}, "validation_failed"),
        ({"code": "1", "timeout": 999}, "limit_above_maximum"),
    ):
        assert_problem(await client.request("POST", PATH, json=body, headers=STREAM), 422, code)


async def test_nothing_on_the_way_may_buffer(service):
    async with streaming(service, {"code": "print(1)"}) as stream:
        assert [event.kind async for event in stream][-1] == "result"
        assert "text/event-stream" in stream.headers
        assert "no-cache" in stream.headers or "no-store" in stream.headers
        assert "X-Accel-Buffering: no" in stream.headers


def running(service):
    pools = service.sandbox()["pools"].values()
    return sum(pool["children"] - pool["parked"] for pool in pools)


async def test_a_client_that_leaves_a_stream_ends_its_run(service):
    body = {
        "code": "import time\nwhile True:\n    print('x', flush=True)\n    time.sleep(0.05)",
        "timeout": 20,
    }
    async with streaming(service, body) as stream:
        async for event in stream:
            if event.kind == "stdout":
                break
    await asyncio.to_thread(until, lambda: running(service) == 0, "the run is gone", deadline_s=15)


async def test_twenty_streams_at_once_each_get_their_own(service):
    async def one(number):
        code = f"import time\nfor i in range(5):\n    print({number} * 1000 + i, flush=True)\n    time.sleep(0.01)"
        events = await events_of(service, {"code": code, "security_level": "isolated", "timeout": 20})
        return "".join(event.data["text"] for event in events if event.kind == "stdout").split()

    for number, lines in enumerate(await asyncio.gather(*map(one, range(20)))):
        assert lines == [str(number * 1000 + i) for i in range(5)]
