"""ATTACKS J: what people do must go on working inside all of these walls."""

import pytest

WORKS = {
    "comprehensions": ("print([x * y for x in range(3) for y in (1, 2) if x])", "[1, 2, 2, 4]"),
    "generators": ("def g():\n    x = yield 1\n    yield x\ni = g()\nprint(next(i), i.send(5), sum(n for n in range(4)))", "1 5 6"),
    "classes": ("class A:\n    def __init__(self, x): self.x = x\n    def __add__(self, o): return A(self.x + o.x)\n    @property\n    def y(self): return self.x * 2\nclass B(A): pass\nprint((B(1) + B(2)).y)", "6"),
    "dataclasses": ("from dataclasses import dataclass, field\n@dataclass(order=True)\nclass P:\n    x: int\n    l: list = field(default_factory=list)\nprint(P(1), P(1) < P(2))", "P(x=1, l=[]) True"),
    "lambdas and closures": ("def f(n):\n    def g(x): return x + n\n    return g\nprint(list(map(f(2), [1, 2])), (lambda *a, **k: (a, k))(1, b=2))", "[3, 4] ((1,), {'b': 2})"),
    "nonlocal": ("def f():\n    n = 0\n    def g():\n        nonlocal n\n        n += 1\n        return n\n    return g\ng = f(); g()\nprint(g())", "2"),
    "recursion to 900": ("def f(n): return 0 if n == 0 else 1 + f(n - 1)\nprint(f(900))", "900"),
    "try and finally": ("try:\n    try: 1 / 0\n    finally: print('f')\nexcept ZeroDivisionError as e: print(e)\nelse: print('no')", "f\ndivision by zero"),
    "builtins": ("print(sorted([2, 1]), list(zip('ab', [1, 2])), tuple([1]), bytes([65]), list(enumerate('a')), any([0, 1]), all([1]), min(2, 1), max([1, 2]))", "[1, 2] [('a', 1), ('b', 2)] (1,) b'A' [(0, 'a')] True True 1 2"),
    "open in the work folder": ("with open('表.txt', 'w') as f: f.write('数据')\nwith open('表.txt') as f: print(f.read())", "数据"),
    "f-strings": ("x = 3.14159\nn = 'a'\nprint(f'{x:.2f} {n!r:>5} {x=:.1f} {\"q\"}')", "3.14   'a' x=3.1 q"),
    "big ints": ("print(2 ** 200 % 10 ** 9)", "835301376"),
    "augmented items": ("d = {'a': 1}\nd['a'] += 1\nl = [1]\nl[0] *= 5\nl += [2]\nprint(d, l)", "{'a': 2} [5, 2]"),
    "slices and unpacking": ("a, *b = range(5)\nprint(a, b[::-1], {**{'x': 1}}, [*b, 9])", "0 [4, 3, 2, 1] {'x': 1} [1, 2, 3, 4, 9]"),
    "match": ("match {'k': [1, 2]}:\n    case {'k': [x, y]}: print(x + y)", "3"),
    "walrus and star": ("print([y for x in range(4) if (y := x * x) > 1])", "[4, 9]"),
    "async": ("import asyncio\nasync def f(x):\n    await asyncio.sleep(0)\n    return x\nasync def main(): return await asyncio.gather(f(1), f(2))\nprint(asyncio.run(main()))", "[1, 2]"),
    "standard library": ("import re, json, math, datetime, collections, itertools, functools, statistics, decimal, fractions, textwrap, csv, io, hashlib, base64, uuid, random, string, heapq, bisect\nprint(re.sub('a', 'b', 'aa'), json.dumps({'a': [1]}), math.pi > 3, collections.Counter('aab')['a'], statistics.mean([1, 2]), hashlib.sha256(b'').hexdigest()[:4])", 'bb {"a": [1]} True 2 1.5 e3b0'),
    "pandas": ("import pandas as pd\ndf = pd.DataFrame({'a': [1, 2, 2], 'b': [3.0, 4, 5]})\ndf['c'] = df.a * df.b\ndf['a'] += 1\nprint(df.groupby('a').c.sum().to_dict(), df.describe().loc['mean', 'b'])", "{2: 3.0, 3: 18.0} 4.0"),
    "numpy": ("import numpy as np\na = np.arange(6).reshape(2, 3)\na[0] += 1\nprint(a.sum(), (a @ a.T).tolist(), np.linalg.norm([3, 4]))", "18 [[14, 26], [26, 50]] 5.0"),
    "scikit-learn": ("from sklearn.linear_model import LinearRegression\nimport numpy as np\nm = LinearRegression().fit(np.array([[1], [2], [3]]), [2, 4, 6])\nprint(round(float(m.predict([[4]])[0]), 6))", "8.0"),
    "scipy": ("from scipy import stats, optimize\nprint(round(float(optimize.brentq(lambda x: x * x - 2, 0, 2)), 4))", "1.4142"),
    "files of numpy": ("import numpy as np\nnp.arange(3).tofile('x.bin')\nprint(np.fromfile('x.bin', dtype=int).tolist())\nnp.save('y.npy', np.ones(2))\nprint(np.load('y.npy').tolist())", "[0, 1, 2]\n[1.0, 1.0]"),
}  # fmt: skip
ISOLATED_ONLY = {
    "threads": ("import threading\nr = []\nts = [threading.Thread(target=r.append, args=(i,)) for i in range(20)]\n[t.start() for t in ts]; [t.join() for t in ts]\nprint(len(r))", "20"),
    "multiprocessing": ("import multiprocessing as mp\nwith mp.Pool(2) as p: print(p.map(abs, [-1, -2]))", "[1, 2]"),
    "a subprocess": ("import subprocess, sys\nprint(subprocess.run([sys.executable, '-c', 'print(5)'], capture_output=True, text=True).stdout.strip())", "5"),
    "temporary files": ("import tempfile\nwith tempfile.NamedTemporaryFile('w+') as f:\n    f.write('x'); f.seek(0); print(f.read())", "x"),
    "sqlite": ("import sqlite3\nc = sqlite3.connect('x.db')\nc.execute('create table t (a)'); c.execute('insert into t values (1)'); c.commit()\nprint(c.execute('select a from t').fetchall())", "[(1,)]"),
    "time zones": ("import zoneinfo, datetime\nprint(datetime.datetime(2026, 1, 1, tzinfo=zoneinfo.ZoneInfo('Asia/Shanghai')).isoformat())", "2026-01-01T00:00:00+08:00"),
}  # fmt: skip


@pytest.mark.parametrize(("code", "said"), WORKS.values(), ids=WORKS)
async def test_ordinary_work_works_at_both_levels(execute, code, said, level):
    """Line J."""
    reply = await execute(code, security_level=level, timeout=20)
    assert (reply["status"], reply["stdout"].strip()) == ("success", said), reply


@pytest.mark.parametrize(("code", "said"), ISOLATED_ONLY.values(), ids=ISOLATED_ONLY)
async def test_full_python_works_when_it_is_asked_for(execute, code, said):
    """Line J, without the language policy."""
    reply = await execute(code, security_level="isolated", timeout=20)
    assert (reply["status"], reply["stdout"].strip()) == ("success", said), reply


async def test_a_plot_with_chinese_labels_is_a_picture(execute, level):
    """Line J: CJK titles are drawn without a warning about missing glyphs."""
    code = "import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.title('销售额')\nplt.savefig('图.png')"
    reply = await execute(code, security_level=level, timeout=20)
    assert reply["status"] == "success", reply
    assert any("image/png" in output.get("data", {}) for output in reply["outputs"])
    assert "Glyph" not in reply["stderr"]
