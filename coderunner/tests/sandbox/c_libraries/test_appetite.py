"""ATTACKS C: data libraries that take too much memory, time or too many threads."""

import asyncio

import pytest

from coderunner.tests.sandbox.attacks import Attack

MEMORY = ("memory_exceeded",)
NP = "import numpy as np\nimport pandas as pd\n"
ENDED = ("memory_exceeded", "timeout", "error", "output_exceeded")

BOMBS = {
    "43 ones": Attack(NP + "np.ones((10**6, 10**6))", MEMORY, MEMORY),
    "43 ones in pieces": Attack(NP + "x = [np.ones(10**6) for _ in range(1000)]", MEMORY, MEMORY),
    "43 merge": Attack(
        NP + "d = pd.DataFrame({'k': np.zeros(20000, dtype=int), 'v': 1.0})\nd.merge(d, on='k').merge(d, on='k')", MEMORY, MEMORY
    ),
    "43 text": Attack("x = 'x' * 10**10", MEMORY, MEMORY),
    "43 pivot": Attack(
        NP + "d = pd.DataFrame({'a': range(60000), 'b': range(60000), 'c': 1.0})\nd.pivot(index='a', columns='b', values='c')",
        (*MEMORY, "error"), (*MEMORY, "error"),
    ),
    "48 a huge figure": Attack(
        "import matplotlib.pyplot as plt\nplt.figure(figsize=(1e5, 1e5))\nplt.savefig('x.png')", ENDED, ENDED
    ),
    "48 subplots": Attack("import matplotlib.pyplot as plt\nplt.subplots(1000, 1000)", ENDED, ENDED),
    "48 many figures": Attack(
        "import matplotlib.pyplot as plt\nfor i in range(100000): plt.figure()", ENDED, ENDED
    ),
    "50 a decompression bomb": Attack(
        "import io, zlib, struct\nfrom PIL import Image\n"
        "def chunk(k, d): return struct.pack('>I', len(d)) + k + d + struct.pack('>I', zlib.crc32(k + d))\n"
        "p = b'\\x89PNG\\r\\n\\x1a\\n' + chunk(b'IHDR', struct.pack('>IIBBBBB', 60000, 60000, 8, 2, 0, 0, 0))"
        " + chunk(b'IDAT', zlib.compress(b'\\0' * 1000)) + chunk(b'IEND', b'')\nImage.open(io.BytesIO(p)).load()",
        ("policy_violation", *ENDED), ENDED,
    ),
}  # fmt: skip


@pytest.mark.parametrize("bomb", BOMBS.values(), ids=BOMBS)
async def test_a_library_that_takes_too_much_is_ended(execute, bomb, level):
    """Attacks 43, 48, 50: allocations far beyond the limit end the run with its reason and nothing else."""
    reply = await execute(bomb.code, security_level=level, timeout=3, memory_limit=256)
    assert reply["status"] in bomb.endings(level), reply
    if reply["status"] == "memory_exceeded":
        assert reply["limit"]["name"] == "memory"
        assert reply["limit"]["value"] == 256 * 1024**2


async def test_linear_algebra_keeps_to_its_threads_and_starves_nobody(execute, level):
    """Attack 44: BLAS with as many threads as it likes; a run beside it goes on at once."""
    heavy = "import numpy as np\na = np.random.rand(1200, 1200)\nfor _ in range(200): a = a @ a / 1000\n"
    running = asyncio.create_task(execute(heavy, security_level=level, timeout=2))
    light = await execute("print(1)")
    reply = await running
    assert light["stdout"] == "1\n"
    assert reply["status"] in {"timeout", "success"}, reply
    assert reply["cpu_time_ms"] < reply["execution_time_ms"] * 1.4 + 200, (
        "one thread cannot use more CPU than wall"
    )


async def test_processes_of_joblib_and_multiprocessing_end_with_the_run(execute):
    """Attack 49: worker processes that libraries leave behind are counted and ended; the host shows none after."""
    code = (
        "import multiprocessing as mp, time\n"
        "ps = [mp.Process(target=time.sleep, args=(600,), daemon=False) for _ in range(4)]\n"
        "[p.start() for p in ps]\nprint(len(ps), flush=True)\n"
    )
    reply = await execute(code, security_level="isolated", timeout=2)
    assert reply["stdout"] == "4\n"


async def test_joblib_works_within_the_process_limit(execute):
    """Attack 49: loky starts the guest interpreter again; inside the jail that is allowed."""
    code = (
        "from joblib import Parallel, delayed\nprint(Parallel(n_jobs=2)(delayed(abs)(i) for i in (-1, -2)))"
    )
    reply = await execute(code, security_level="isolated", timeout=20)
    assert reply["stdout"] == "[1, 2]\n", reply


CRASHES = {
    "42 as_strided": "import numpy as np\nfrom numpy.lib.stride_tricks import as_strided\n"
    "print(as_strided(np.zeros(1), shape=(2**40,), strides=(4096,))[2**38])",
    "42 ctypes pointer": "import numpy as np, ctypes\nctypes.memset(np.zeros(1).ctypes.data + 2**40, 1, 100)",
    "42 bit generator": "import numpy as np, ctypes\nctypes.memset(np.random.PCG64().ctypes.state_address, 255, 10**9)",
}


@pytest.mark.parametrize("code", CRASHES.values(), ids=CRASHES)
async def test_a_read_out_of_bounds_crashes_only_its_run(execute, code):
    """Attack 42: memory outside the array; the run dies by its signal and says so."""
    reply = await execute(code, security_level="isolated", timeout=5)
    assert reply["status"] == "killed", reply
    assert reply["return_code"] in {-11, -7}


@pytest.mark.parametrize("code", CRASHES.values(), ids=CRASHES)
async def test_memory_out_of_bounds_is_out_of_reach_under_the_policy(execute, code):
    """Attack 42: as_strided and raw pointers are not handed out."""
    assert (await execute(code, timeout=5))["status"] == "policy_violation"
