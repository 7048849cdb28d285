"""What the language policy costs, in the guest interpreter: prints JSON for benchmarks/language.py.

Every figure is the same program at `isolated` (plain Python) and at `restricted`, each in a fresh forked child of a
warm parent, turn and turn about: CPU milliseconds, the least of several, so that a busy machine does not count.
"""

import gc
import json
import os
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
    "pandas merge": "import numpy as np, pandas as pd\nd = pd.DataFrame({'k': np.arange(3 * 10**5)})\nfor _ in range(40): d.merge(d, on='k')",
    "pandas apply": "import numpy as np, pandas as pd\npd.Series(np.arange(3 * 10**5)).apply(lambda v: v + 1)",
    "numpy linear algebra": "import numpy as np\nm = np.random.default_rng(0).random((500, 500))\nfor _ in range(10): np.linalg.inv(m)",
    "numpy sort": "import numpy as np\nfor _ in range(5): np.sort(np.random.default_rng(0).random(10**6))",
    "sklearn forest": "from sklearn.ensemble import RandomForestClassifier\nfrom sklearn.datasets import load_iris\nRandomForestClassifier(100).fit(*load_iris(return_X_y=True))",
}
RUNS = {
    "print(1)": "print(1)",
    "10 lines": "x = [i * 2 for i in range(10)]\nfor y in x:\n    if y > 5:\n        print(y)\nd = {'a': 1}\nd['a'] += 1\nprint(d, sum(x))",
}


def cpu_ms(code, level):
    """CPU milliseconds of one run in one child."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        (language.touch_data_science if "pandas" in sys.modules else language.touch_slim)()
        started = time.process_time()
        verdict = language.run(
            {"code": code, "files": {}, "security_level": level, "policy": {}, "limits": {}},
            lambda _: None,
        )
        spent = (time.process_time() - started) * 1000
        os.write(writer, (repr(spent) if verdict["status"] == "success" else str(verdict)).encode())
        os._exit(0)
    os.close(writer)
    text = os.read(reader, 10_000).decode()
    os.close(reader)
    os.waitpid(pid, 0)
    return float(text)


def compare(programs, times):
    """Each program at both levels, and how many times plain Python the restricted one takes."""
    found = {}
    for name, code in programs.items():
        pairs = [(cpu_ms(code, "isolated"), cpu_ms(code, "restricted")) for _ in range(times)]
        plain, restricted = (min(column) for column in zip(*pairs, strict=True))
        found[name] = {
            "isolated_ms": round(plain, 2),
            "restricted_ms": round(restricted, 2),
            "ratio": round(restricted / plain, 2),
        }
    return found


def main():
    language.warm_slim()
    gc.freeze()
    found = {
        "one run, whole": compare(RUNS, 41),
        "a million attribute reads": compare(READS, 7),
        "a million of other things": compare(OTHER, 5),
    }
    language.warm_data_science()
    gc.freeze()
    found["inside the data libraries"] = compare(LIBRARIES, 7)
    print(json.dumps(found))


if __name__ == "__main__":
    main()
