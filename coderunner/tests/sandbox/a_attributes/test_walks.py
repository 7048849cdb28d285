"""ATTACKS A: walks over attributes and objects to something that opens files.

Under the policy each is refused, with the line and the reason. Without it the walk itself is ordinary Python; what it
reaches must still find nothing of the host: every program ends by reading the bait, and must get FileNotFoundError.
"""

import pytest

from coderunner.tests.sandbox.attacks import Attack

LOOT = "\nprint(open('@CANARY@').read())"
GONE = "FileNotFoundError"


def walk(code: str) -> Attack:
    return Attack(code + LOOT, isolated=("error",), raises=GONE)


WALKS = {
    "1 subclasses to a shell": walk(
        "for c in ().__class__.__base__.__subclasses__():\n"
        "    if c.__name__ == '_wrap_close':\n"
        "        c.__init__.__globals__['__builtins__']['open']('@CANARY@')"
    ),
    "1 subclasses to a loader": walk(
        "for c in ''.__class__.__mro__[-1].__subclasses__():\n"
        "    if c.__name__ == 'FileLoader': print(c('x', '@CANARY@').get_data('@CANARY@'))"
    ),
    "2 getattr with a built name": walk("getattr((), '__cl' + 'ass__')"),
    "2 getattr with a default": walk("getattr((), '__cl' + 'ass__', None).__base__"),
    "3 a str subclass as name": walk("class S(str): pass\ngetattr((), S('__class__'))"),
    "4 format": walk("'{0.__class__.__base__}'.format(1)"),
    "4 format_map": walk("'{a.__class__}'.format_map({'a': 1})"),
    "4 unbound format": walk("str.format('{0.__class__}', 1)"),
    "5 string.Formatter": walk("import string\nstring.Formatter().get_field('0.__class__', [1], {})"),
    "5 Formatter.vformat": walk("import string\nstring.Formatter().vformat('{0.__class__}', [1], {})"),
    "5 UserString.format": walk("import collections\ncollections.UserString('{0.__class__}').format(1)"),
    "6 f-string": walk("f'{().__class__.__base__}'"),
    "6 nested f-string": walk("f'{1:{().__class__}}' if False else f'{().__class__}'"),
    "7 generator frame": walk("g = (x for x in [1])\ng.gi_frame.f_builtins['open']"),
    "7 coroutine code": walk("async def f(): pass\nc = f()\nc.cr_code\nc.close()"),
    "7 async generator frame": walk("async def f():\n    yield 1\nf().ag_frame"),
    "8 traceback": walk("try:\n    1 / 0\nexcept Exception as e:\n    e.__traceback__.tb_frame.f_back"),
    "8 with_traceback": walk(
        "try:\n    1 / 0\nexcept Exception as e:\n    e.with_traceback(None).__context__"
    ),
    "9 AttributeError.obj": walk("try:\n    (1).nothing\nexcept AttributeError as e:\n    e.obj"),
    "10 except star": walk("try:\n    pass\nexcept* ValueError:\n    pass"),
    "11 match": walk("match 1:\n    case object(__dict__=d): pass\n    case _: pass"),
    "12 three-argument type": walk("type('X', (object,), {'__getitem__': print})"),
    "12 metaclass": walk("class M(type): pass\nclass X(metaclass=M): pass"),
    "12 del": walk("class X:\n    def __del__(self): pass\nX()"),
    "13 decorators": Attack(
        "@exec\n@input\nclass X: pass" + LOOT,
        isolated=("error",),
        raises="EOFError",
    ),
    "14 guard as a parameter": walk("def f(_getattr_): pass"),
    "14 guard as a positional-only": walk("def f(_getattr_, /): pass"),
    "14 guard as a global": walk("_write_ = 1\n_print_ = 2"),
    "15 del builtins": Attack("del __builtins__" + LOOT, isolated=("error",), raises=GONE),
    "15 global builtins": Attack(
        "def f():\n    global __builtins__\n    __builtins__ = dict(open=open)\nf()" + LOOT,
        isolated=("error",),
    ),
    "15 walrus": walk("(_getattr_ := getattr)"),
    "16 attrgetter": walk("import operator\noperator.attrgetter('__class__.__base__')(())"),
    "16 methodcaller": walk("import operator\noperator.methodcaller('__reduce_ex__', 2)(1)"),
    "16 reduce": walk("import functools\nfunctools.reduce(getattr, ['__class__', '__base__'], ())"),
    "16 partial": walk("import functools\nfunctools.partial(getattr, ())('__class__')"),
    "17 mro and dispatch": walk("getattr(type(1).mro()[1], '__subclasses__')()"),
    "18 full width": walk("().__ｃlass__"),
    "18 ligature": walk("x = [().__claſs__] if False else [().__𝒸lass__]"),
    "19 Printer": walk("license._Printer__filenames if hasattr(__builtins__, 'license') else 1"),
    "20 _getframe": walk("import sys\nsys._getframe(0).f_back"),
    "20 inspect.stack": walk("import inspect\ninspect.stack()"),
    "20 gc": walk("import gc\ngc.get_objects()"),
    "21 closure": walk("def f(x):\n    return lambda: x\nf(1).__closure__"),
    "21 replaced code": walk("def f(): pass\nf.__code__.replace(co_consts=())"),
    "22 globals of print": walk("print.__self__"),
    "22 globals of display": walk("display.__func__.__globals__"),
    "22 globals of open": walk("getattr(open, '__self__', None) or open.__globals__"),
}


@pytest.mark.parametrize("walk", WALKS.values(), ids=WALKS)
async def test_a_walk_is_refused_or_leads_to_nothing_of_the_host(attack, walk, level):
    """Attacks 1-22: the walk gives the policy's refusal; without the policy, an empty file system."""
    await attack(walk, level)


async def test_every_frame_below_the_program_holds_no_secret_of_the_service(execute):
    """Attack 20: an isolated program walks its frames to the bottom and prints all it finds; judge by the reply."""
    reply = await execute(
        "import sys, gc\nf = sys._getframe()\nwhile f:\n    print(f.f_code.co_filename, repr(f.f_globals), repr(f.f_locals))\n"
        "    f = f.f_back\nprint([repr(o)[:200] for o in gc.get_objects() if isinstance(o, (str, bytes, dict))][:20000])",
        security_level="isolated", max_stdout_bytes=60_000_000,
    )  # fmt: skip
    assert reply["status"] == "success"
    assert "/coderunner/src/" not in reply["stdout"]
    assert "DB_PASSWORD" not in reply["stdout"]


SPELLINGS = {
    "18 utf-7": "# coding: utf-7\n+AHA-rint('x')",
    "18 NUL": "print('x')\0",
    "18 bidi": "x\u202e = 1",
}


@pytest.mark.parametrize("code", SPELLINGS.values(), ids=SPELLINGS)
async def test_a_strange_spelling_is_a_syntax_error(execute, code, level):
    """Attack 18: text that editors and parsers read differently must not run as something else."""
    reply = await execute(code, security_level=level)
    assert reply["status"] == "error", reply
    assert reply["exceptions"][0]["type"] in {"SyntaxError", "ValueError", "UnicodeEncodeError", "NameError"}


UNAVAILABLE = ["license()", "credits()", "copyright()", "exit.__class__", "quit.__class__", "help()"]


@pytest.mark.parametrize("code", UNAVAILABLE)
async def test_what_site_adds_is_not_there(execute, code):
    """Attack 19: the readers that `site` puts into builtins open files of their own."""
    reply = await execute(code)
    assert reply["status"] in {"policy_violation", "error"}, reply


HAND_MADE = """
def f(): pass
code = f.__code__.replace(co_code=bytes([100, 255, 100, 254, 83, 0]), co_consts=(), co_stacksize=10)
f.__code__ = code
f()
"""


async def test_hand_made_bytecode_ends_only_its_own_run(attack):
    """Attack 21: LOAD_CONST beyond the constants reads memory out of bounds; a crash is reported as a crash."""
    found = Attack(HAND_MADE, isolated=("killed", "error", "success"))
    await attack(found, "restricted")
    reply = await attack(found, "isolated")
    assert reply["status"] != "success" or reply["value"] is None


SERIALIZED = {
    "23 str": "class X:\n    def __str__(self): return open('@CANARY@').read()\n    __repr__ = __str__\nX()",
    "23 html": "class X:\n    def _repr_html_(self): return open('@CANARY@').read()\nX()",
    "23 mime bundle": "class X:\n    def _repr_mimebundle_(self, **k): return {'text/plain': open('@CANARY@').read()}\nX()",
    "23 keys": "class X(dict):\n    def keys(self): return open('@CANARY@').read()\nX(a=1)",
    "23 items": "class X(dict):\n    def items(self): open('@FOLDER@/open/owned', 'w')\nX(a=1)",
    "23 iter": "class X(list):\n    def __iter__(self): open('@FOLDER@/open/owned', 'w')\nX([1])",
    "23 reduce": "class X:\n    def __reduce__(self): return (open, ('@FOLDER@/open/owned', 'w'))\n[X()]",
    "23 float": "class X(float):\n    def __repr__(self): return open('@CANARY@').read()\nX(1.5)",
    "23 exit code": "class X(int):\n    def __index__(self): return open('@CANARY@').read()\nraise SystemExit(X(3))",
    "23 exception text": "class X(Exception):\n    def __str__(self): return open('@CANARY@').read()\nraise X",
}


@pytest.mark.parametrize("code", SERIALIZED.values(), ids=SERIALIZED)
async def test_what_the_result_serializer_calls_runs_inside_the_jail(attack, code, level):
    """Attack 23: methods that a serializer calls reach for the bait; they must run where there is none."""
    anyhow = ("success", "error", "policy_violation")
    await attack(Attack(code, restricted=anyhow, isolated=anyhow), level)
