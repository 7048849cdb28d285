"""ATTACKS G: memory, output and results that are too much or too strange."""

import asyncio
import base64
import json
from pathlib import Path

import pytest

from coderunner.tests.evidence import until

MEMORY = {
    "79 bytearray": ("x = bytearray(3 * 10 ** 9)", "both"),
    "79 list": ("x = []\nwhile True: x.append('x' * 100000)", "both"),
    "79 small pieces": ("x = []\nwhile True: x.append(object())", "isolated"),
    "79 dict": ("d = {}\ni = 0\nwhile True:\n    d[i] = str(i)\n    i += 1", "both"),
    "79 mmap": ("import mmap\nx = []\nwhile True:\n    m = mmap.mmap(-1, 2 ** 24); m.write(b'x' * 2 ** 24); x.append(m)", "isolated"),
    "79 shared mmap": ("import mmap\nm = mmap.mmap(-1, 2 ** 30)\nfor i in range(0, 2 ** 30, 4096): m[i] = 1", "isolated"),
    "79 shm": ("f = open('/dev/shm/x', 'wb')\nwhile True: f.write(b'x' * 2 ** 20); f.flush()", "isolated"),
    "79 tmp": ("import os\nf = open('/tmp/x', 'wb')\nwhile True: f.write(b'x' * 2 ** 20); f.flush()", "isolated"),
    "79 many processes": (
        "import os, time\nfor _ in range(20):\n    if os.fork() == 0:\n        x = bytearray(os.urandom(2 ** 20)) * 12\n        time.sleep(60)\ntime.sleep(60)",
        "isolated",
    ),
    "79 threads": ("import threading\nx = []\ndef f():\n    while True: x.append(b'x' * 10 ** 6)\n[threading.Thread(target=f).start() for _ in range(8)]", "isolated"),
    "79 catches the error": ("x = []\nwhile True:\n    try: x.append('x' * 10 ** 6)\n    except MemoryError: pass", "both"),
}  # fmt: skip
CASES = [
    (name, code, level)
    for name, (code, levels) in MEMORY.items()
    for level in (("restricted", "isolated") if levels == "both" else ("isolated",))
]


@pytest.mark.parametrize(("name", "code", "level"), CASES, ids=[f"{n} {lv}" for n, _, lv in CASES])
async def test_memory_beyond_the_limit_ends_the_run(execute, service, name, code, level):
    """Attack 79: one block, many small ones, mappings, tmpfs and many processes are all counted together."""
    reply = await execute(code, security_level=level, timeout=4, memory_limit=100, disk_limit=1024)
    own = {
        "79 catches the error": {"timeout"},
        "79 threads": {"success", "error"},
    }  # MemoryError is theirs to handle
    assert reply["status"] in {"memory_exceeded"} | own.get(name, set()), reply
    if reply["status"] == "memory_exceeded":
        assert (reply["limit"]["name"], reply["limit"]["value"]) == ("memory", 100 * 1024**2)
    assert reply["memory_usage_kb"] < 400 * 1024, "it was stopped soon after its limit"


async def test_a_memory_bomb_touches_no_other_run(execute):
    """Attack 79: three bombs at once, and a run with its own memory beside them."""
    bombs = [
        asyncio.create_task(
            execute(MEMORY["79 list"][0], security_level="isolated", timeout=4, memory_limit=100)
        )
        for _ in range(3)
    ]
    beside = await execute("x = bytearray(30 * 10 ** 6)\nprint(len(x))", security_level="isolated")
    assert beside["stdout"] == "30000000\n"
    assert [(await bomb)["status"] for bomb in bombs] == ["memory_exceeded"] * 3


def rss_kb(pid: int) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS"))


FLOODS = {
    "80 stdout": ("while True: print('x' * 1000)", "stdout", "both"),
    "80 stderr": ("import sys\nwhile True: sys.stderr.write('x' * 1000)", "stderr", "isolated"),
    "80 descriptors": ("import os\nwhile True: os.write(1, b'x' * 65536)", "stdout", "isolated"),
    "80 children": ("import os\n[os.fork() for _ in range(3)]\nwhile True: os.write(1, b'x' * 65536)", "stdout", "isolated"),
    "81 one line": ("import sys\nwhile True: sys.stdout.write('x' * 10 ** 6)", "stdout", "isolated"),
}  # fmt: skip
FLOOD_CASES = [
    (name, code, stream, level)
    for name, (code, stream, levels) in FLOODS.items()
    for level in (("restricted", "isolated") if levels == "both" else ("isolated",))
]


@pytest.mark.parametrize(
    ("code", "stream", "level"), [c[1:] for c in FLOOD_CASES], ids=[f"{c[0]} {c[3]}" for c in FLOOD_CASES]
)
async def test_a_flood_is_cut_and_the_service_keeps_its_size(execute, service, code, stream, level):
    """Attacks 80, 81: endless output ends the run at its limit, exactly that much is kept, the service stays flat."""
    before = rss_kb(service.pid)
    flood = asyncio.create_task(
        execute(code, security_level=level, timeout=10, **{f"max_{stream}_bytes": 100_000})
    )
    beside = await execute("print('on')")
    reply = await flood
    assert beside["stdout"] == "on\n"
    assert reply["status"] == "output_exceeded", reply["status"]
    assert (reply["limit"]["name"], reply["limit"]["value"]) == (stream, 100_000)
    assert reply[f"{stream}_truncated"] is True
    assert len(reply[stream]) == 100_000
    assert rss_kb(service.pid) - before < 20 * 1024


async def test_fifty_megabytes_pass_under_a_raised_cap(execute, level):
    """Attack 80 and line J: what is within the limit comes whole."""
    reply = await execute(
        "for _ in range(500): print('x' * 99999)", security_level=level, max_stdout_bytes=60_000_000
    )
    assert (reply["status"], len(reply["stdout"]), reply["stdout_truncated"]) == (
        "success",
        50_000_000,
        False,
    )


STRANGE = {
    "81 binary": ("import sys\nsys.stdout.buffer.write(bytes(range(256)))", "isolated"),
    "81 invalid UTF-8": ("import os\nos.write(1, b'\\xff\\xfe\\xc3(\\xed\\xa0\\x80')", "isolated"),
    "81 escapes": ("print('\\x1b]0;owned\\x07\\x1b[2J\\r\\n\\0end')", "both"),
    "81 lone surrogate": ("import sys\nsys.stdout.reconfigure(errors='surrogatepass')\nprint('\\ud800')", "isolated"),
}  # fmt: skip


@pytest.mark.parametrize(("code", "levels"), STRANGE.values(), ids=STRANGE)
async def test_strange_output_is_valid_json_text(client, code, levels):
    """Attack 81: binary, broken UTF-8, terminal escapes and NULs arrive as text that is valid UTF-8 JSON."""
    for level in ("restricted", "isolated") if levels == "both" else ("isolated",):
        reply = await client.request(
            "POST", "/api/runner/execute", json={"code": code, "security_level": level}
        )
        assert reply.status == 200
        document = json.loads(reply.body.decode("utf-8", "strict"))
        assert document["stdout"], document
        document["stdout"].encode("utf-8")  # no lone surrogates


VALUES = {
    "82 cycle": "x = []\nx.append(x)\nx",
    "82 cycle of dicts": "d = {}\nd['d'] = d\nd",
    "82 nan": "[float('nan'), float('inf'), -float('inf')]",
    "82 huge int": "2 ** 100000",
    "82 bytes": "b'\\xff' * 1000",
    "82 sets": "{1, 2, (3, frozenset({4}))}",
    "82 depth": "x = []\nfor _ in range(100000): x = [x]\nx",
    "82 surrogates": "'\\ud800' * 10",
    "82 keys": "{1: 2, None: 3, (1, 2): 4, '\\udfff': 5}",
    "82 long": "list(range(10 ** 7))",
    "82 text": "'x' * 10 ** 8",
    "82 range": "range(10 ** 30)",
    "82 frame": "import pandas as pd, numpy as np\npd.DataFrame({'a': np.zeros(10 ** 7)})",
    "82 array": "import numpy as np\nnp.full((1000, 1000, 10), np.nan)",
    "82 generator": "(x for x in iter(int, 1))",
    "82 subclass": "class D(dict): pass\nD(a=D(b=1))",
}


@pytest.mark.parametrize("code", VALUES.values(), ids=VALUES)
async def test_every_value_becomes_bounded_valid_json(client, code, level):
    """Attack 82: cycles, depth, size, NaN and odd keys; the reply is strict JSON within the value's limit."""
    body = {"code": code, "security_level": level, "timeout": 10, "max_value_bytes": 100_000}
    reply = await client.request("POST", "/api/runner/execute", json=body, timeout_s=30)
    assert reply.status == 200, reply.body[:500]
    document = json.loads(
        reply.body.decode("utf-8", "strict"), parse_constant=lambda name: pytest.fail(f"{name} is no JSON")
    )
    assert document["status"] in {"success", "memory_exceeded", "error", "policy_violation"}, document
    assert len(json.dumps(document["value"])) <= 120_000


async def test_outputs_are_counted_and_weighed(execute, level):
    """Attack 83: ten thousand displays, and few that are large."""
    many = await execute("for i in range(10000): display(i)", security_level=level, max_outputs=50)
    assert many["status"] in {"success", "output_exceeded"}, many["status"]
    assert len(many["outputs"]) <= 51
    large = await execute(
        "for i in range(100): display('x' * 10 ** 6)", security_level=level, max_output_bytes=2_000_000
    )
    assert large["status"] in {"success", "output_exceeded"}
    assert len(json.dumps(large["outputs"])) <= 2_200_000


async def test_figures_are_counted(execute, level):
    """Attack 83: more open figures than outputs are allowed."""
    code = "import matplotlib.pyplot as plt\nfor i in range(15): plt.figure(); plt.plot([1, 2])"
    reply = await execute(code, security_level=level, max_outputs=3, timeout=20)
    assert len(reply["outputs"]) <= 4, reply["status"]
    assert all(
        base64.b64decode(o["data"]["image/png"]) for o in reply["outputs"] if "image/png" in o.get("data", {})
    )


async def test_markup_is_data_for_the_client_to_sandbox(client, level):
    """Attack 84: script in HTML and SVG stays a string of a JSON document that no browser renders as a page."""
    body = {"code": "class X:\n    def _repr_html_(self): return '<script>alert(1)</script>'\nX()", "security_level": level}  # fmt: skip
    reply = await client.request("POST", "/api/runner/execute", json=body)
    assert reply.headers["Content-Type"].startswith("application/json")
    assert reply.headers.get("X-Content-Type-Options") == "nosniff"


async def test_the_service_is_small_after_all_of_it(service):
    """Attacks 79-83: what floods and bombs left in the service's own memory."""
    until(lambda: rss_kb(service.pid) < 500 * 1024, "the service is below 500 MB")
