"""ATTACKS A-23, G-82, I-104: no object of a program breaks its own verdict."""

import json

import pytest

BOTH = pytest.mark.parametrize("level", ["restricted", "isolated"])

EVIL_VALUES = {
    "repr raises": "class X:\n    def __repr__(self): raise ValueError('no')\nX()",
    "repr raises SystemExit": "class X:\n    def __repr__(self): raise SystemExit(9)\nX()",
    "repr raises KeyboardInterrupt": "class X:\n    def __repr__(self): raise KeyboardInterrupt\nX()",
    "repr gives no text": "class X:\n    def __repr__(self): return 5\nX()",
    "repr recurses": "class X:\n    def __repr__(self): return repr(self)\nX()",
    "repr is huge": "class X:\n    def __repr__(self): return 'x' * 10**7\nX()",
    "html raises": "class X:\n    def _repr_html_(self): raise MemoryError\nX()",
    "html is no text": "class X:\n    def _repr_html_(self): return 5\nX()",
    "mimebundle is nonsense": "class X:\n    def _repr_mimebundle_(self, **k): return {1: 2, 'text/html': object()}\nX()",
    "str subclass": "class S(str):\n    def __str__(self): return 5\n    def __repr__(self): raise ValueError\nS('x')",
    "dict subclass with evil keys": "class D(dict):\n    def keys(self): raise SystemExit\n    def items(self): raise SystemExit\n    def __iter__(self): raise SystemExit\n    def __repr__(self): raise SystemExit\nD(a=1)",
    "list subclass with evil iter": "class L(list):\n    def __iter__(self): raise SystemExit\n    def __len__(self): return -5\nL([1])",
    "int subclass": "class I(int):\n    def __repr__(self): raise SystemExit\n    def __eq__(self, o): raise SystemExit\n    def __hash__(self): return 1\nI(5)",
    "float subclass": "class F(float):\n    def __repr__(self): raise SystemExit\nF(5)",
    "evil key": "class K:\n    def __hash__(self): return 1\n    def __str__(self): raise SystemExit\n    def __repr__(self): raise SystemExit\n{K(): 1}",
    "cycle": "x = []\nx.append(x)\nx",
    "cycle of dicts": "x = {}\nx['x'] = x\nx",
    "deep nesting": "x = []\nfor _ in range(100000): x = [x]\nx",
    "not a number": "[float('nan'), float('inf'), -float('inf')]",
    "huge integer": "[2**53, 2**53 + 1, -2**60]",
    "integer beyond text": "10**5000",
    "integer far beyond text": "1 << 10**6",
    "lone surrogate": "'\\ud800x'",
    "lone surrogate key": "{'\\ud800': 1}",
    "bytes": "b'\\xff\\x00'",
    "sets": "[{3, 1, 2}, frozenset('ab'), {1, 'a', None}]",
    "endless generator": "def g():\n    while True: yield 1\ng()",
    "class": "class X: pass\nX",
    "function": "lambda: 1",
    "module": "import math\nmath",
    "exception": "ValueError('x')",
    "enum": "from enum import Enum\nclass E(Enum):\n    A = object()\nE.A",
    "dataclass with evil field": "from dataclasses import dataclass\nclass X:\n    def __repr__(self): raise SystemExit\n@dataclass\nclass D:\n    x: object\nD(X())",
    "big list": "list(range(10**6))",
    "big text": "'x' * 10**7",
    "getattr answers all": "class X:\n    def __getattr__(self, n): return self\n    def __call__(self, *a, **k): return self\n    def __repr__(self): return 'all'\nX()",
}
EVIL_ERRORS = {
    "str raises": "class E(Exception):\n    def __str__(self): raise ValueError\nraise E",
    "str exits": "class E(Exception):\n    def __str__(self): raise SystemExit(0)\nraise E",
    "str gives no text": "class E(Exception):\n    def __str__(self): return 5\nraise E",
    "str recurses": "class E(Exception):\n    def __str__(self): return str(self)\nraise E",
    "str is huge": "raise ValueError('x' * 10**7)",
    "base exception": "class E(BaseException): pass\nraise E('x')",
    "keyboard interrupt": "raise KeyboardInterrupt",
    "generator exit": "raise GeneratorExit",
    "group": "raise ExceptionGroup('g', [ValueError(1), ExceptionGroup('h', [TypeError(2)])])",
    "chain": "try:\n    1 / 0\nexcept ZeroDivisionError as e:\n    raise ValueError('x') from e",
    "long chain": "def f(n):\n    try:\n        if n == 0: raise ValueError\n        f(n - 1)\n    except ValueError as e:\n        raise ValueError(n) from e\nf(100)",
    "surrogate message": "raise ValueError('\\ud800')",
    "recursion": "def f(): f()\nf()",
    "name lies": "class E(Exception): pass\nE.__name__ = 'x' * 100\nraise E",
    "notes": "e = ValueError('x')\ne.add_note('note')\nraise e",
    "syntax error raised": "raise SyntaxError('mine')",
    "stop iteration": "next(iter([]))",
}


@BOTH
@pytest.mark.parametrize("code", EVIL_VALUES.values(), ids=EVIL_VALUES)
def test_an_evil_value_is_shown_bounded(guest, code, level):
    ran = guest(code, security_level=level, limits={"value_bytes": 100_000})
    assert ran.status == "success", ran.stderr[-2000:]
    assert len(json.dumps(ran.verdict, allow_nan=False)) < 500_000
    assert len(json.dumps(ran.outputs, allow_nan=False)) < 10_000_000
    assert len(ran.bundle("text/plain")) < 25_000
    json.dumps([ran.verdict, ran.outputs], ensure_ascii=False).encode("utf-8")


@BOTH
@pytest.mark.parametrize("code", EVIL_VALUES.values(), ids=EVIL_VALUES)
def test_an_evil_value_can_be_displayed_and_printed_around(guest, code, level):
    body, _, last = code.rpartition("\n")
    ran = guest(f"{body}\ndisplay({last})\nprint('after')", security_level=level)
    assert ran.status == "success", ran.stderr[-2000:]
    assert ran.stdout == "after\n"
    assert ran.outputs[0]["output_type"] == "display_data"


@BOTH
@pytest.mark.parametrize("code", EVIL_ERRORS.values(), ids=EVIL_ERRORS)
def test_an_evil_error_is_reported_bounded(guest, code, level):
    ran = guest(code, security_level=level)
    assert ran.status == "error", ran
    assert ran.verdict["return_code"] == 1
    (error,) = ran.verdict["exceptions"]
    assert error["type"]
    assert len(error["traceback"]) < 100_000
    assert ran.stderr
    assert ran.outputs[-1]["output_type"] == "error"


BROKEN_INTERPRETERS = {
    "builtins": "import builtins\nfor n in ('len', 'isinstance', 'repr', 'str', 'type', 'getattr', 'dict', 'list', 'open', 'Exception', 'BaseException'):\n    setattr(builtins, n, None)",
    "all builtins gone": "import builtins\nbuiltins.__dict__.clear()",
    "json": "import json\njson.dumps = json.loads = json.JSONEncoder = None",
    "stdout": "import sys\nsys.stdout = None",
    "stdout with evil flush": "import sys\nclass S:\n    def write(self, t): raise SystemExit\n    def flush(self): raise SystemExit\nsys.stdout = sys.stderr = S()",
    "stdout closed": "import sys\nsys.stdout.close()",
    "modules gone": "import sys\nsys.modules.clear()",
    "os.write": "import os\nos.write = os.getcwd = None",
    "recursion limit": "import sys\nsys.setrecursionlimit(50)",
    "traceback": "import traceback, linecache\ntraceback.walk_tb = traceback.FrameSummary = None\nlinecache.getline = None",
    "excepthook": "import sys\nsys.excepthook = lambda *a: 1 / 0",
    "threading": "import threading\nthreading._shutdown = None",
    "atexit": "import atexit\natexit.register(lambda: 1 / 0)",
    "trace": "import sys\nsys.settrace(lambda *a: 1 / 0)",
    "profile": "import sys\nsys.setprofile(lambda *a: 1 / 0)",
}


@pytest.mark.parametrize("code", BROKEN_INTERPRETERS.values(), ids=BROKEN_INTERPRETERS)
def test_a_program_that_breaks_its_interpreter_still_gets_a_verdict(guest, code):
    ran = guest(f"{code}\n{{'a': [1]}}", security_level="isolated")
    assert ran.status in ("success", "error"), ran
    failing = guest(f"{code}\nraise ValueError('mine')", security_level="isolated")
    assert failing.status == "error", failing


def test_threads_and_exit_handlers_finish_before_the_verdict(guest):
    code = "import threading, atexit\natexit.register(lambda: print('exit'))\nthreading.Timer(0.05, lambda: print('thread')).start()\nprint('main')"
    assert guest(code, security_level="isolated").stdout == "main\nthread\nexit\n"


def test_exit_codes_are_those_of_python(guest):
    for level in ("restricted", "isolated"):
        for code, expected, status in (
            ("exit()", 0, "success"),
            ("exit(0)", 0, "success"),
            ("exit(3)", 3, "error"),
            ("exit(True)", 1, "error"),
            ("raise SystemExit(256 + 7)", 7, "error"),
            ("raise SystemExit([1])", 1, "error"),
        ):
            ran = guest(
                ("import sys\nexit = sys.exit\n" if level == "isolated" else "") + code, security_level=level
            )
            assert (ran.verdict["return_code"], ran.status) == (expected, status), (code, ran)
            assert ran.verdict["exceptions"] == []
        ran = guest("raise SystemExit('sorry')", security_level=level)
        assert (ran.stderr, ran.verdict["return_code"]) == ("sorry\n", 1)


def test_a_memory_error_is_told_apart(guest):
    assert guest("raise MemoryError").verdict["memory_error"] is True
    assert guest("raise ValueError").verdict["memory_error"] is False


@BOTH
def test_tracebacks_show_the_programs_frames_and_no_path_of_the_host(data_guest, level):
    code = "import pandas as pd\ndef f(x):\n    return pd.DataFrame({'a': [x]})['nothing']\n\nf(1)\n"
    ran = data_guest(code, security_level=level)
    text = ran.verdict["exceptions"][0]["traceback"]
    assert 'File "<program>", line 5, in <module>\n    f(1)\n' in text
    assert "line 3, in f\n    return pd.DataFrame" in text
    assert "[inside pandas/core/" in text
    assert text.endswith("KeyError: 'nothing'\n")
    assert ran.verdict["exceptions"][0]["line"] == 3
    assert ran.stderr == text
    for host in ("site-packages", "/usr/lib", "coderunner", "/var/lib", ran.work_dir):
        assert host not in text


def test_a_syntax_error_is_shown_as_python_shows_it(guest):
    for level in ("restricted", "isolated"):
        ran = guest("x = 1\nprint(x", security_level=level)
        assert ran.status == "error"
        (error,) = ran.verdict["exceptions"]
        assert (error["type"], error["line"], error["column"]) == ("SyntaxError", 2, 6)
        assert (
            error["traceback"]
            == "  File \"<program>\", line 2\n    print(x\n         ^\nSyntaxError: '(' was never closed\n"
        )
        assert ran.stderr == error["traceback"]


@pytest.mark.parametrize("level", ["restricted", "isolated"])
@pytest.mark.parametrize(
    "source",
    [
        "(" * 100_000,
        "[" * 90 + "]" * 90,
        "1" + "+1" * 100_000,
        "x" + ".a" * 20_000,
        "f" + "(1)" * 5_000,
        "-" * 50_000 + "1",
        "not " * 50_000 + "1",
        "if 1:\n" + "".join(" " * n + "if 1:\n" for n in range(1, 99)) + " " * 100 + "pass",
        "x = " + "[" * 150 + "]" * 150,
    ],
    ids=[
        "parens",
        "ninety lists",
        "long sum",
        "long chain",
        "calls",
        "minus",
        "nots",
        "deep blocks",
        "lists",
    ],
)
def test_sources_made_to_exhaust_the_compiler_end_in_a_verdict(guest, source, level):
    ran = guest(source, security_level=level)
    assert ran.status in ("success", "error")


def test_a_thread_that_fails_shows_the_programs_frames_only(guest):
    for level in ("restricted", "isolated"):
        ran = guest(
            "import threading\ndef f(): 1 / 0\nt = threading.Thread(target=f, name='worker')\nt.start(); t.join()\nprint('on')",
            security_level=level,
        )
        assert ran.stdout == "on\n"
        assert "Exception in thread worker:" in ran.stderr
        assert 'File "<program>", line 2, in f' in ran.stderr
        assert "/usr/lib" not in ran.stderr


def test_no_two_children_draw_the_same(data_guest):
    code = "import random, uuid, numpy as np\nprint(random.random(), uuid.uuid4(), uuid.uuid1(), np.random.rand(), np.random.default_rng().random())"
    drawn = [data_guest(code).stdout.split() for _ in range(3)]
    assert all(len(set(column)) == 3 for column in zip(*drawn, strict=True)), drawn


def test_a_line_is_handed_on_when_it_is_printed(guest):
    """Lines leave at once; the program below is killed by its own exit and loses nothing it has printed."""
    ran = guest("import os\nprint('line')\nos.write(1, b'raw\\n')", security_level="isolated")
    assert ran.stdout == "line\nraw\n"
