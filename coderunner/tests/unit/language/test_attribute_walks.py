"""ATTACKS.md A: attribute and object walks, each of which the policy refuses or leaves harmless."""

import pytest

REFUSED_BEFORE_RUNNING = {
    "subclass walk": "().__class__.__base__.__subclasses__()",
    "class of a literal": "''.__class__",
    "f-string dunder": "f'{().__class__}'",
    "globals of a function": "def f(): pass\nf.__globals__",
    "code of a function": "def f(): pass\nf.__code__",
    "closure": "def f(x):\n    return lambda: x\nf(1).__closure__",
    "generator frame": "g = (x for x in [1])\ng.gi_frame",
    "generator code": "g = (x for x in [1])\ng.gi_code",
    "coroutine frame": "async def f(): pass\nf().cr_frame",
    "async generator frame": "async def f():\n    yield 1\nf().ag_frame",
    "traceback": "try:\n    1/0\nexcept Exception as e:\n    e.__traceback__.tb_frame.f_back",
    "traceback frame": "def f(e): return e.tb_frame",
    "frame back": "def f(x): return x.f_back",
    "exception context": "try:\n    1/0\nexcept Exception as e:\n    e.__context__",
    "except star": "try:\n    pass\nexcept* ValueError:\n    pass",
    "match keyword attributes": "match 1:\n    case object(__dict__=d): pass",
    "match plain attributes": "import json\nmatch json:\n    case object(codecs=c): print(c)",
    "match dotted class": "import json\nmatch json:\n    case json.JSONDecoder(): pass",
    "reading mro": "int.__mro__",
    "init_subclass walk": "int.__subclasses__()",
    "decorator exec": "@exec\n@input\nclass X: pass",
    "exec": "exec('1')",
    "eval": "eval('1')",
    "compile": "compile('1', '', 'eval')",
    "alias of eval": "e = eval",
    "globals": "globals()",
    "locals": "locals()",
    "breakpoint": "breakpoint()",
    "import function": "__import__('os')",
    "builtins name": "__builtins__",
    "loader name": "__loader__",
    "spec name": "__spec__",
    "global builtins": "def f():\n    global __builtins__\n    __builtins__ = {}",
    "delete builtins": "del __builtins__",
    "walrus builtins": "(__builtins__ := {})",
    "guard as parameter": "def f(_getattr_): pass",
    "guard as positional-only": "def f(_getattr_, /): pass",
    "guard as keyword-only": "def f(*, _write_): pass",
    "guard as star": "def f(*_getitem_): pass",
    "guard as double star": "def f(**_print_): pass",
    "guard as lambda argument": "lambda _getiter_: 1",
    "guard as global": "_getattr_ = 1",
    "guard by import": "import math as _getattr_",
    "guard by except": "try:\n    1/0\nexcept Exception as _getattr_: pass",
    "guard by for": "for _write_ in []: pass",
    "guard by with": "with open('x') as _getattr_: pass",
    "guard by match": "match 1:\n    case _getattr_: pass",
    "guard by class": "class _getattr_: pass",
    "guard by def": "def _getattr_(): pass",
    "metaclass keyword from dict": "class X(**{'metaclass': type}): pass",
    "getattribute method": "class X:\n    def __getattribute__(self, name): return 1",
    "reduce method": "class X:\n    def __reduce__(self): return (print, ('x',))",
    "class attribute in a class body": "class X:\n    __class__ = int",
    "match args in a class body": "class X:\n    __match_args__ = ('__dict__',)",
    "del method": "class X:\n    def __del__(self): pass",
    "setstate": "class X:\n    def __setstate__(self, s): pass",
    "instance dict": "class X: pass\nX().__dict__",
    "help": "help(int)",
    "license": "license()",
    "full-width dunder": "().__ｃlass__",
    "mathematical alphanumeric": "().__𝒸lass__",
    "operator dunder path": "import operator\noperator.__dict__",
    "string.Formatter": "import string\nstring.Formatter()",
    "string.Formatter by from": "from string import Formatter",
    "module dict": "import math\nmath.__dict__",
    "module loader": "import math\nmath.__loader__",
    "function wrapped": "def f(): pass\nf.__wrapped__",
    "bound self": "[].append.__self__",
    "private of a library": "import random\nrandom._os",
    "typing evaluation": "import typing\ntyping.get_type_hints(int)",
    "types.FunctionType": "import types\ntypes.FunctionType",
    "types.CodeType by from": "from types import CodeType",
    "asyncio subprocess": "import asyncio\nasyncio.create_subprocess_shell('id')",
    "annotation with a walk": "x: ().__class__ = 1",
    "default with a walk": "def f(x=().__class__): pass",
    "augmented private attribute": "import random\nrandom._inst += 1",
}

REFUSED_WHILE_RUNNING = {
    "getattr with built name": "getattr((), '__cl' + 'ass__')",
    "getattr with default": "print(getattr((), '__cl' + 'ass__', None))",
    "getattr with a str subclass": "class S(str): pass\ngetattr((), S('__class__'))",
    "getattr through map": "list(map(getattr, [()], ['__class__']))",
    "getattr through reduce": "import functools\nfunctools.reduce(getattr, ['__class__', '__base__'], ())",
    "getattr through partial": "import functools\nfunctools.partial(getattr, ())('__class__')",
    "format walk": "'{0.__class__}'.format(1)",
    "format nested walk": "'{0:{1.__class__}}'.format(1, 2)",
    "format index then attribute": "'{0[0].__class__}'.format([1])",
    "format_map walk": "'{a.__class__}'.format_map({'a': 1})",
    "unbound format": "str.format('{0.__class__}', 1)",
    "unbound format through map": "list(map(str.format, ['{0.__class__}'], [1]))",
    "subclass format": "class S(str): pass\nS('{0.__class__}').format(1)",
    "super format": "class S(str):\n    def f(self): return super().format(1)\nS('{0.__class__}').f()",
    "UserString format": "import collections\ncollections.UserString('{0.__class__}').format(1)",
    "attrgetter": "import operator\noperator.attrgetter('__class__.__base__')(())",
    "attrgetter by from": "from operator import attrgetter\nattrgetter('__class__')(())",
    "methodcaller": "import operator\noperator.methodcaller('__reduce_ex__', 2)(1)",
    "type with three arguments": "type('X', (object,), {'__getitem__': print})",
    "type of type with three arguments": "type(int)('X', (object,), {})",
    "subclass of type": "class M(type): pass",
    "metaclass of your own": "def m(*a): return 1\nclass X(metaclass=m): pass",
    "ABCMeta called": "import abc\nabc.ABCMeta('X', (), {})",
    "metaclass of an ABC called": "import abc\nclass A(abc.ABC): pass\ntype(A)('X', (), {})",
    "setattr of a dunder": "class A: pass\nsetattr(A, '__class__', int)",
    "setattr with built name": "class A: pass\nsetattr(A(), '__cl' + 'ass__', int)",
    "delattr on a library": "import json\ndelattr(json, 'dumps')",
    "write to a module": "import json\njson.dumps = print",
    "write to a library class": "import collections\ncollections.OrderedDict.x = 1",
    "write to a builtin class": "int.x = 1",
    "AttributeError.obj": "try:\n    (1).nothing\nexcept AttributeError as e:\n    e.obj",
    "vars of a module": "import math\nvars(math)",
    "vars without argument": "vars()",
    "frames by name": "g = (x for x in [1])\ngetattr(g, 'gi_' + 'frame')",
    "dunder new by name": "getattr(object, '__new__')",
    "wraps copies by name": "import functools\nclass A: pass\na = A()\nfunctools.update_wrapper(a, functools.reduce, assigned=('__self__',), updated=())",
    "wraps copies globals": "import functools, textwrap\nclass A: pass\na = A()\nfunctools.wraps(textwrap.wrap, assigned=('__globals__',), updated=())(a)\nprint(vars(a)['__globals__']['re'])",
    "wraps from another module": "import contextlib, textwrap\nclass A: pass\na = A()\ncontextlib.wraps(textwrap.wrap, assigned=('__globals__',), updated=())(a)",
    "open of a descriptor": "open(3, 'wb')",
    "open of a descriptor by io": "import io\nio.open(3, 'wb')",
    "open of a descriptor by pathlib": "import pathlib\nlist(map(open, [3]))",
    "open with an opener": "open('x', opener=lambda p, f: 3)",
    "open of a bool": "open(True)",
    "super getattr": "import enum\nclass A(enum.Enum):\n    X = 1\n    def f(self): return getattr(super(), '__getattr__')\nA.X.f()",
    "private of a library written": "import random\nrandom.Random()._x = 1",
    "setattr of a private of a library": "import random\nsetattr(random.Random(), 'gauss_next', 1)\nsetattr(random.Random(), '_x', 1)\nrandom.Random()._y = 1",
    "sqlite by address": "import sqlite3\nsqlite3.connect('file:/var/tmp/guest-escape.db?mode=rwc', uri=True)",
    "private of a library by name": "import random\ngetattr(random, '_os')",
}

HARMLESS = {
    "type mro": "print(type(1).mro())",
    "add_note": "try:\n    1/0\nexcept ZeroDivisionError as e:\n    e.add_note('x'); print(e.args)",
    "NameError name": "try:\n    nothing\nexcept NameError as e:\n    print(e.name)",
    "descriptor": "class D:\n    def __get__(self, o, t): return 1\n    def __set_name__(self, o, n): print(n)\nclass X:\n    d = D()\nprint(X().d)",
    "class getitem": "class X:\n    def __class_getitem__(cls, item): return item\nprint(X[int])",
    "init subclass": "class X:\n    def __init_subclass__(cls, **k): print(cls.__name__, k)\nclass Y(X, a=1): pass",
    "hasattr of a dunder": "print(hasattr((), '__class__'))",
}


@pytest.mark.parametrize("code", REFUSED_BEFORE_RUNNING.values(), ids=REFUSED_BEFORE_RUNNING)
def test_a_walk_that_the_source_shows_is_refused_before_anything_runs(guest, code):
    ran = guest("print('started')\n" + code)
    assert ran.status == "policy_violation", ran
    assert ran.stdout == ""
    found = ran.verdict["violations"]
    assert all(one["line"] >= 2 and one["why"] and one["rule"] for one in found), found
    assert "PolicyViolation" in ran.stderr


@pytest.mark.parametrize("code", REFUSED_WHILE_RUNNING.values(), ids=REFUSED_WHILE_RUNNING)
def test_a_walk_built_at_run_time_is_refused_when_it_happens(guest, code):
    ran = guest("print('started')\n" + code)
    assert ran.status == "policy_violation", ran
    assert ran.stdout == "started\n"
    assert len(ran.verdict["violations"]) == 1


@pytest.mark.parametrize("code", HARMLESS.values(), ids=HARMLESS)
def test_what_leads_nowhere_stays_allowed(guest, code):
    ran = guest(code)
    assert ran.status == "success", ran.stderr
    assert ran.stdout


def test_a_refusal_caught_by_the_program_hands_nothing_out(guest):
    ran = guest("try:\n    x = getattr((), '__cl' + 'ass__')\nexcept Exception as e:\n    x = None\nprint(x)")
    assert ran.status == "success"
    assert ran.stdout == "None\n"


@pytest.mark.parametrize("name", ["print", "open", "display", "type", "getattr", "vars", "exit"])
def test_callables_we_inject_lead_nowhere(guest, name):
    for attribute in (
        "__globals__",
        "__self__",
        "__closure__",
        "__code__",
        "__func__",
        "__wrapped__",
        "__dict__",
    ):
        ran = guest(f"getattr({name}, '{attribute}')")
        assert ran.status == "policy_violation", (attribute, ran)


def test_a_coding_line_does_not_change_how_source_is_read(guest):
    ran = guest("# coding: utf-7\nprint('+AGU-')")
    assert ran.stdout == "+AGU-\n"


def test_a_nul_in_the_source_is_a_syntax_error(guest):
    ran = guest("print(1)\0")
    assert ran.status == "error"
    assert ran.verdict["exceptions"][0]["type"] in ("SyntaxError", "ValueError")


def test_a_byte_order_mark_is_ignored(guest):
    assert guest("\ufeffprint(1)").stdout == "1\n"
