"""What the language policy costs: per run, per attribute read, and inside the data libraries.

    GUEST_PYTHON -m benchmarks.language      (from the root, with the guest interpreter)

Every figure is the same program at `isolated` (plain Python) and at `restricted`, each in a fresh forked
child of a warm parent; the median of several.
"""

import gc
import os
import statistics
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from coderunner.guest import language

PREPARE = (
    "class P:\n    def __init__(self): self.x = 1\n    def m(self): pass\np = P()\nimport math\nlst = []\n"
)
LOOP = PREPARE + "def main():\n    for i in range(10**6): {}\nmain()"
READS = {
    "attribute of an object": LOOP.format("p.x"),
    "method of an object": LOOP.format("p.m"),
    "function of a module": LOOP.format("math.sqrt"),
    "constant of a module": LOOP.format("math.pi"),
    "method of a list": LOOP.format("lst.append"),
    "attribute of a class": LOOP.format("P.m"),
}
OTHER = {
    "attribute written": LOOP.format("p.x = i"),
    "item read and written": PREPARE
    + "d = {}\ndef main():\n    for i in range(10**6): d[0] = i; d[0]\nmain()",
    "function calls": PREPARE + "def f(n): return n if n < 2 else f(n - 1) + f(n - 2)\nf(24)",
    "comprehensions": "sum([x * x for x in range(10**6)])",
}
LIBRARIES = {
    "pandas groupby": "import numpy as np, pandas as pd\nd = pd.DataFrame({'g': np.arange(10**6) % 100, 'v': np.arange(10.0**6)})\nfor _ in range(5): d.groupby('g').v.agg(['mean', 'std'])",
    "pandas merge": "import numpy as np, pandas as pd\nd = pd.DataFrame({'k': np.arange(3 * 10**5)})\nfor _ in range(4): d.merge(d, on='k')",
    "pandas apply": "import numpy as np, pandas as pd\npd.Series(np.arange(3 * 10**5)).apply(lambda v: v + 1)",
    "numpy linear algebra": "import numpy as np\nm = np.random.default_rng(0).random((500, 500))\nfor _ in range(10): np.linalg.inv(m)",
    "numpy sort": "import numpy as np\nfor _ in range(5): np.sort(np.random.default_rng(0).random(10**6))",
    "sklearn forest": "from sklearn.ensemble import RandomForestClassifier\nfrom sklearn.datasets import load_iris\nRandomForestClassifier(100).fit(*load_iris(return_X_y=True))",
}
RUNS = {
    "print(1)": "print(1)",
    "10 lines": "x = [i * 2 for i in range(10)]\nfor y in x:\n    if y > 5:\n        print(y)\nd = {'a': 1}\nd['a'] += 1\nprint(d, sum(x))",
}


def measured(code, level):
    """Milliseconds in `run` and of the program alone, in one child."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        (language.touch_data_science if "pandas" in sys.modules else language.touch_slim)()
        started = time.perf_counter()
        verdict = language.run(
            {"code": code, "files": {}, "security_level": level, "policy": {}, "limits": {}},
            lambda _: None,
        )
        whole = (time.perf_counter() - started) * 1000
        assert verdict["status"] == "success", verdict
        os.write(writer, f"{whole} {verdict['timing']['run_ms']}".encode())
        os._exit(0)
    os.close(writer)
    text = os.read(reader, 1000).decode()
    os.close(reader)
    os.waitpid(pid, 0)
    return tuple(map(float, text.split()))


def median(code, level, which, times):
    return statistics.median(measured(code, level)[which] for _ in range(times))


def compare(title, programs, which, times):
    print(f"\n| {title} | isolated ms | restricted ms | ratio |\n|---|---|---|---|")
    for name, code in programs.items():
        plain, restricted = median(code, "isolated", which, times), median(code, "restricted", which, times)
        print(f"| {name} | {plain:.2f} | {restricted:.2f} | {restricted / plain:.2f} |")


def main():
    started = time.perf_counter()
    language.warm_slim()
    print(f"warm_slim: {(time.perf_counter() - started) * 1000:.0f} ms")
    gc.freeze()
    compare("one run, whole", RUNS, 0, 41)
    compare("a million attribute reads in a function", READS, 1, 5)
    compare("a million of other things", OTHER, 1, 5)
    started = time.perf_counter()
    language.warm_data_science()
    print(f"\nwarm_data_science: {(time.perf_counter() - started) * 1000:.0f} ms")
    started = time.perf_counter()
    language.touch_data_science()
    print(f"touch_data_science: {(time.perf_counter() - started) * 1000:.1f} ms")
    gc.freeze()
    compare("inside the data libraries", LIBRARIES, 1, 5)


if __name__ == "__main__":
    main()
