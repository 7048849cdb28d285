"""ATTACKS I: what one run could leave for the next, and what ends in the middle of things."""

import asyncio
import json
import os
import tempfile
from pathlib import Path

import pytest

from coderunner.tests.evidence import processes_of
from coderunner.tests.running import ROOT, running_service
from coderunner.tests.sandbox.attacks import LEVELS
from servicekit.testing import Client, assert_problem

POISONS = [
    "import json\njson.dumps = lambda *a, **k: 'owned'",
    "import builtins\nbuiltins.sorted = builtins.len = lambda *a: 'owned'",
    "import warnings\nwarnings.simplefilter('error')",
    "import locale\nlocale.setlocale(locale.LC_ALL, 'C')",
    "import random\nrandom.seed(1)",
    "import sys\nsys.setrecursionlimit(50)",
    "import sys\nsys.stdout = None\nsys.modules.clear()",
    "import gc\ngc.disable()\ngc.set_threshold(1)",
    "import os\nos.environ.clear()\nos.chdir('/')",
    "import numpy as np\nnp.seterr(all='raise')\nnp.random.seed(1)\nnp.sum = None",
    "import matplotlib as m\nm.rcParams['figure.dpi'] = 7\nimport pandas as pd\npd.set_option('display.max_rows', 1)\npd.DataFrame.sum = None",
    "import decimal\ndecimal.getcontext().prec = 1",
    "import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)",
    "import atexit, os\natexit.register(os._exit, 7)",
]
CLEAN = """
import builtins, decimal, gc, json, locale, os, random, sys, warnings
import matplotlib as m, numpy as np, pandas as pd
[json.dumps({'a': 1}), sorted('ba'), sys.getrecursionlimit() > 900, gc.isenabled(), os.getcwd(), np.geterr()['divide'],
 int(np.sum([1, 2])), m.rcParams['figure.dpi'], pd.get_option('display.max_rows'), int(pd.Series([1, 2]).sum()), decimal.getcontext().prec,
 len(warnings.filters) < 100]
"""


async def test_what_a_run_changes_is_gone_with_it(execute):
    """Attack 97: monkeypatches, locale, RNG, recursion limit and options in one run; the next finds all as it was."""
    first = await execute(CLEAN, security_level="isolated")
    for _ in range(2):
        poisoned = await asyncio.gather(*(execute(code, security_level="isolated") for code in POISONS))
        assert {reply["status"] for reply in poisoned} <= {"success", "error", "killed"}
    again = await execute(CLEAN, security_level="isolated")
    assert first["status"] == again["status"] == "success", (first, again)
    assert first["value"] == again["value"]


async def test_every_run_has_a_process_of_its_own(execute):
    """Attacks 97, 98: sixty runs leave a mark in their process; none finds another's."""
    code = "import builtins\nseen = hasattr(builtins, 'mark')\nbuiltins.mark = 1\nprint(seen)"
    replies = await asyncio.gather(*(execute(code, security_level="isolated") for _ in range(60)))
    assert {reply["stdout"] for reply in replies} == {"False\n"}


ENDINGS = ["os._exit(1)", "os.kill(os.getpid(), 9)", "os.close(3)", "print('x', flush=True); os.abort()",
           "import ctypes; ctypes.string_at(0)", "os.kill(1, 9)", "os.kill(-1, 9)"]  # fmt: skip


async def test_a_crash_at_any_point_leaves_no_dirty_child(execute):
    """Attack 98: crashes in the middle, at the end and while output streams; every child is used once only."""
    for _ in range(3):
        await asyncio.gather(*(execute(f"import os\n{code}", security_level="isolated") for code in ENDINGS))
    replies = await asyncio.gather(*(execute("print(6 * 7)") for _ in range(30)))
    assert {reply["stdout"] for reply in replies} == {"42\n"}


@pytest.mark.parametrize("after_s", [0.0, 0.001, 0.005, 0.02, 0.1])
async def test_a_run_that_is_cancelled_at_any_point_leaves_nothing(service, after_s):
    """Attack 98: the client leaves before, while and after its program starts (leftovers are checked after each case)."""
    host, port = service.base_url.removeprefix("http://").split(":")
    body = json.dumps({"code": "import time\nprint('x', flush=True)\ntime.sleep(30)"}).encode()
    head = f"POST /api/runner/execute HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    for _ in range(5):
        _, writer = await asyncio.open_connection(host, int(port))
        writer.write(head.encode() + body)
        await writer.drain()
        await asyncio.sleep(after_s)
        writer.transport.abort()


async def test_randomness_is_fresh_in_every_child(execute):
    """Attack 99: forks of one parent would share seeds; random, numpy, uuid and secrets must all differ."""
    code = (
        "import random, uuid, secrets, numpy as np, os, tempfile\n"
        "[random.random(), str(uuid.uuid4()), str(uuid.uuid1()), secrets.token_hex(), float(np.random.rand()),"
        " float(np.random.default_rng().random()), next(tempfile._get_candidate_names())]"
    )
    values = [(await execute(code, security_level="isolated"))["value"] for _ in range(8)]
    for kind in zip(*values, strict=True):
        assert len(set(kind)) == 8, kind


async def test_no_secret_of_the_service_is_in_a_childs_memory(execute):
    """Attack 99: the program reads all of its own memory and looks for the service's secrets and source."""
    code = (
        "import re\nneedle = re.compile(b'[C]ANARY-e1f7|[D]B_PASSWORD|[A]PI_KEY_FILE')\nhits = []\n"  # must not match itself
        "with open('/proc/self/maps') as maps, open('/proc/self/mem', 'rb', 0) as memory:\n"
        "    for line in maps:\n        match = re.match(r'([0-9a-f]+)-([0-9a-f]+) r', line)\n"
        "        if not match: continue\n        start, end = (int(x, 16) for x in match.groups())\n"
        "        try:\n            memory.seek(start); data = memory.read(min(end - start, 2 ** 26))\n"
        "        except (OSError, ValueError, OverflowError): continue\n"
        "        hits += needle.findall(data)\nprint(hits)"
    )
    reply = await execute(code, security_level="isolated", timeout=10)
    assert reply["stdout"] == "[]\n", reply


async def test_hash_seeds_differ_between_parents_only(execute):
    """Attack 99: what a fork cannot refresh is one value per parent; docs/security.md says so."""
    seeds = {
        (await execute("hash('x')", security_level=level))["value"] for level in LEVELS for _ in range(2)
    }
    assert len(seeds) == 1


async def test_errors_show_the_programs_frames_only(execute, service, level):
    """Attack 104: tracebacks, refusals and crashes name no class, path or module of the service."""
    programs = ["1 / 0", "import nothing_at_all", "raise SystemExit(object())", "def f(:", "f'{1:{2}'", "import json\njson.loads('{')",
                "import collections\ncollections.namedtuple('a', 'b b')", "open('/nowhere')"]  # fmt: skip
    replies = await asyncio.gather(*(execute(code, security_level=level) for code in programs))
    for reply in replies:
        text = json.dumps(reply)
        assert "coderunner.src" not in text, text
        assert str(ROOT) not in text
        assert str(service.home) not in text


async def test_one_runs_result_is_unreadable_for_another_caller(client):
    """Attack 96: there is no address at which a synchronous run could be fetched; unknown ones are 404."""
    for path in ("/api/execution/exec_0", "/api/runner/execute/exec_0"):
        assert_problem(await client.request("GET", path), 404, "not_found")


@pytest.fixture
def open_folder():
    """A folder that every user of the host may enter; pytest's own are closed."""
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        yield Path(folder)


NO_SANDBOX = {
    "92 no interpreter": ({"GUEST_DIR": "/nonexistent"}, "init_site_packages.sh"),
    "92 an interpreter that does not start": ({"GUEST_DIR": "@BROKEN@"}, "init_site_packages.sh"),
}


@pytest.mark.parametrize(("env", "remedy"), NO_SANDBOX.values(), ids=NO_SANDBOX)
async def test_a_sandbox_that_cannot_be_built_runs_nothing_and_says_what_to_do(open_folder, env, remedy):
    """Attack 92: no guest interpreter, or a broken one: every run is refused and health names the remedy."""
    broken = open_folder / "bin"
    broken.mkdir()
    (broken / "python").write_text("#!/bin/false\n")
    for path in (broken / "python", broken):
        os.chmod(path, 0o755)
    env = {name: value.replace("@BROKEN@", str(open_folder)) for name, value in env.items()}
    with running_service(env=env, until_refused=True) as service:
        client = Client(service.base_url)
        problem = assert_problem(
            await client.request("POST", "/api/runner/execute", json={"code": "print(1)"}),
            503,
            "sandbox_refused",
        )
        assert remedy in problem["detail"]
        status, health = service.health()
        assert status == 503
        assert remedy in health["checks"]["sandbox"]["detail"]
        assert processes_of(service.pid) == []
        client.close()
