"""ATTACKS.md J: what people write every day runs the same with and without the policy."""

import pytest

PROGRAMS = {
    "imports for type checkers": "from __future__ import annotations\nfrom typing import TYPE_CHECKING\nimport typing\nif TYPE_CHECKING:\n    import os\nelse:\n    print('runs')\nif typing.TYPE_CHECKING:\n    from subprocess import Popen\ndef f(p: os.PathLike) -> Popen: return 1\nprint(f(2))",
    "its own class and namespace": "class A:\n    def __init__(self, **kw): self.__dict__.update(kw)\n    def copy(self): return self.__class__(**self.__dict__)\n    def __eq__(self, o): return o.__class__ is self.__class__ and self.__dict__ == o.__dict__\nclass D:\n    def __set_name__(self, o, n): self.n = n\n    def __get__(self, i, o=None): return self if i is None else i.__dict__[self.n]\n    def __set__(self, i, v): i.__dict__[self.n] = v\nclass H: x = D()\nh = H(); h.x = 5\nprint(h.x, A(a=1).copy() == A(a=1))",
    "comprehensions": "print([x * y for x in range(3) for y in range(x)], {k: v for k, v in zip('ab', [1, 2])}, {x % 2 for x in range(4)})",
    "generators": "def g(n):\n    for i in range(n):\n        got = yield i\n        if got: print('got', got)\nit = g(3)\nnext(it); it.send('x')\nprint(list(it))\ndef h():\n    r = yield from g(2)\n    return r\nprint(list(h()))",
    "star unpacking": "a, *b, (c, d) = 1, 2, 3, (4, 5)\nprint(a, b, c, d)\nprint([*b, *range(2)], {**{'a': 1}, 'b': 2})\ndef f(*a, k=1, **kw): return a, k, kw\nprint(f(*[1, 2], **{'k': 3, 'z': 4}))",
    "for unpack": "for i, (k, v) in enumerate({'a': 1}.items()):\n    print(i, k, v)",
    "augmented": "d = {'a': 1}\nd['a'] += 1\nl = [1, 2]\nl[0] *= 5\nl[:1] += [9]\nclass A: n = 0\na = A()\na.n += 1\na.n -= 3\nx = 1\nx <<= 3\nprint(d, l, a.n, x)",
    "classes": "class A:\n    '''doc'''\n    n = 1\n    def __init__(self, x): self.x = x\n    def __repr__(self): return f'A({self.x})'\n    def __eq__(self, o): return self.x == o.x\n    def __hash__(self): return hash(self.x)\n    def __add__(self, o): return A(self.x + o.x)\n    def __len__(self): return self.x\n    def __getitem__(self, i): return self.x * i\n    def __call__(self, *a): return a\n    def __enter__(self): return self\n    def __exit__(self, *a): return True\n    @property\n    def double(self): return self.x * 2\n    @double.setter\n    def double(self, v): self.x = v // 2\n    @classmethod\n    def make(cls): return cls(5)\n    @staticmethod\n    def s(): return 's'\na = A(3)\na.double = 8\nwith a: 1 / 0\nprint(a, a == A(4), a + a, len(a), a[2], a(1), A.make(), A.s(), a.double, {a: 1}, A.__doc__, A.__name__, a.__class__.__name__)",
    "inheritance": "class A:\n    def __init__(self, x): self.x = x\n    def hi(self): return 'A'\nclass B(A):\n    def __init__(self, x, y):\n        super().__init__(x)\n        self.y = y\n    def hi(self): return super().hi() + 'B'\nb = B(1, 2)\nprint(b.x, b.y, b.hi(), isinstance(b, A), issubclass(B, A), type(b) is B, type(b).__name__)",
    "private attributes of your own": "class A:\n    def __init__(self): self._x = 1; self.__y = 2\n    def get(self): return self._x, self.__y\n    def _help(self): return 'h'\na = A()\nprint(a.get(), a._x, a._help(), a._A__y)\n_private = 3\nprint(_private)",
    "dataclasses": "from dataclasses import dataclass, field, asdict, replace\n@dataclass(order=True)\nclass P:\n    x: int\n    y: int = 0\n    tags: list[str] = field(default_factory=list)\n    def __post_init__(self): self.y += 1\np = P(1)\np.x += 1\nprint(p, asdict(p), replace(p, x=9), P(1) < P(2))\n@dataclass(frozen=True, slots=True)\nclass F:\n    a: float\nprint(F(1.0))",
    "namedtuples": "from collections import namedtuple\nfrom typing import NamedTuple\nP = namedtuple('P', 'x y')\nclass Q(NamedTuple):\n    a: int\n    b: str = 'b'\nprint(P(1, 2)._asdict(), P(1, 2)._replace(x=5), Q(1), Q._fields)",
    "enums": "from enum import Enum, auto, IntEnum\nclass C(Enum):\n    RED = auto()\n    BLUE = auto()\nprint(C.RED, C['BLUE'], list(C), C.RED.value, C.RED.name, C(1))",
    "abstract classes": "from abc import ABC, abstractmethod, ABCMeta\nclass A(ABC):\n    @abstractmethod\n    def f(self): ...\nclass B(A):\n    def f(self): return 1\nprint(B().f())\ntry: A()\nexcept TypeError as e: print('abstract')\nclass M(metaclass=ABCMeta): pass\nprint(M().__class__.__name__)",
    "protocols and generics": "from typing import Protocol, Generic, TypeVar, Optional, Union, Callable, Any\nT = TypeVar('T')\nclass Stack(Generic[T]):\n    def __init__(self) -> None: self.items: list[T] = []\n    def push(self, x: T) -> None: self.items.append(x)\ns: Stack[int] = Stack()\ns.push(1)\nclass H(Protocol):\n    def hi(self) -> str: ...\ndef f(x: Optional[int], y: 'int | None' = None) -> Union[int, str]: return x or 'none'\nprint(s.items, f(None), f.__annotations__['x'])",
    "match": "def f(x):\n    match x:\n        case 0 | 1: return 'small'\n        case int(n) if n > 100: return f'big {n}'\n        case [a, *rest]: return f'list {a} {rest}'\n        case {'k': v, **others}: return f'dict {v} {others}'\n        case str() as s: return f'str {s}'\n        case None: return 'none'\n        case _: return 'other'\nprint([f(v) for v in (0, 1, 500, [1, 2, 3], {'k': 1, 'z': 2}, 'hi', None, 2.5)])",
    "match of enum members": "from enum import Enum\nclass C(Enum):\n    RED = 1\n    BLUE = 2\ndef f(c):\n    match c:\n        case C.RED: return 'r'\n        case [C.BLUE, x]: return x\n        case C.BLUE: return 'b'\nprint(f(C.RED), f(C.BLUE), f([C.BLUE, 7]))",
    "nested match": "def f(x, y):\n    match x:\n        case int():\n            match y:\n                case 1: return 'one'\n                case _: return 'n'\n        case _: return 's'\nprint(f(1, 1), f(1, 2), f('', 1))",
    "exceptions": "class E(Exception):\n    def __init__(self, m, code): super().__init__(m); self.code = code\ntry:\n    try:\n        raise E('bad', 7)\n    except E as e:\n        raise ValueError('worse') from e\n    finally:\n        print('finally')\nexcept (ValueError, KeyError) as e:\n    print(type(e).__name__, e, e.__cause__.code, e.args)\nelse:\n    print('no')",
    "nonlocal and global": "n = 0\ndef f():\n    global n\n    m = 0\n    def g():\n        nonlocal m\n        m += 1\n        return m\n    n += 1\n    return g() + g()\nprint(f(), n)",
    "walrus and lambda": "print([y for x in range(5) if (y := x * 2) > 4], (lambda a, b=2, *c, **d: a + b)(1))",
    "f-strings": "x = 3.14159\nname = 'n'\nprint(f'{x:.2f} {name!r:>5} {x=} {[i for i in range(2)]} {{}}', f'{x:{5}.{1}}')",
    "format": "print('{} {1}'.format(1) if False else '{:>5}|{a[0]}|{b:%Y}'.format(1, a=[2], b=__import_date) if False else '{:>5}|{}|{a[0]}'.format(1, 2, a=[3]))",
    "format of own attributes": "class A: x = 5\nprint('{a.x:03d}'.format(a=A()), '{0.real}'.format(3), '{:.2%}'.format(0.5), '%s %d' % ('a', 1))",
    "decorators": "import functools\ndef deco(f):\n    @functools.wraps(f)\n    def inner(*a, **k):\n        return ('d', f(*a, **k))\n    return inner\n@deco\ndef f(x): return x\nprint(f(1), f.__name__)\n@functools.lru_cache(None)\ndef fib(n): return n if n < 2 else fib(n - 1) + fib(n - 2)\nprint(fib(50), fib.cache_info().hits)",
    "function attributes": "def f(): f.count += 1\nf.count = 0\nf(); f()\nprint(f.count)",
    "context managers": "import contextlib\n@contextlib.contextmanager\ndef c(x):\n    print('in'); yield x; print('out')\nwith c(1) as a, c(2) as (b) :\n    print(a, b)\nwith contextlib.suppress(ZeroDivisionError): 1 / 0",
    "async": "import asyncio\nclass C:\n    async def __aenter__(self): return self\n    async def __aexit__(self, *a): print('exit')\nasync def gen():\n    for i in range(3):\n        yield i\n        await asyncio.sleep(0)\nasync def main():\n    async with C() as c:\n        print([x async for x in gen()])\n        async for a in gen(): print(a)\n    print(await asyncio.gather(one(1), one(2)))\nasync def one(x):\n    await asyncio.sleep(0)\n    return x\nasyncio.run(main())",
    "builtins": "print(sorted([3, 1], reverse=True), list(zip('ab', [1, 2])), tuple([1]), bytes([65]), bytearray(b'x'), list(enumerate('a')), any([0, 1]), all([]), min(3, 1), max([1, 2], key=lambda v: -v), list(map(str, [1])), list(filter(None, [0, 1])), list(reversed([1, 2])), sum([1], 2), round(2.5), abs(-1), divmod(7, 2), pow(2, 3, 5), hex(255), oct(8), bin(2), chr(65), ord('A'), repr('x'), ascii('é'), set([1]), frozenset([1]), dict(a=1), slice(1), range(2), complex(1, 2), isinstance(1, int), callable(print), hash(1) == 1, id(1) > 0, iter([1]).__class__.__name__, next(iter([1])), len('abc'), format(1, '03d'), int('1'), float('1'), str(1), bool(1), list('a'), memoryview(b'x')[0], vars, object() is not None) if False else print('ok')",
    "more builtins": "print(sorted([3, 1], reverse=True), list(zip('ab', [1, 2])), tuple([1]), bytes([65]), list(enumerate('a')), any([0, 1]), min(3, 1), max([1, 2], key=lambda v: -v), list(map(str, [1])), list(filter(None, [0, 1])), list(reversed([1, 2])), divmod(7, 2), pow(2, 3, 5), frozenset([1]), format(1, '03d'), memoryview(b'x')[0])",
    "files": "with open('a.txt', 'w', encoding='utf-8') as f:\n    f.write('é\\n中')\nwith open('a.txt', encoding='utf-8') as f:\n    print(f.read().splitlines())\nfrom pathlib import Path\nPath('d').mkdir()\nPath('d/数据.txt').write_text('1')\nprint(sorted(p.name for p in Path('.').rglob('*.txt')), Path('d/数据.txt').read_text())\nimport csv, io, json\nw = csv.writer(open('c.csv', 'w', newline=''))\nw.writerow([1, 2])\njson.dump({'a': 1}, open('j.json', 'w'))",
    "recursion": "def f(n): return 0 if n == 0 else 1 + f(n - 1)\nprint(f(900))\ntry: f(10**6)\nexcept RecursionError: print('too deep')",
    "big integers": "print(2 ** 200, 10 ** 30 // 7)",
    "main guard": "def main(): print('main', __name__)\nif __name__ == '__main__':\n    main()",
    "annotations": "x: int = 1\ny: 'undefined'\ndef f(a: int, *, b: 'str' = 'x') -> None:\n    z: list[int] = []\nclass A:\n    a: int\n    b: int = 2\nprint(x, A.__annotations__)",
    "future annotations": "from __future__ import annotations\nfrom dataclasses import dataclass\n@dataclass\nclass A:\n    x: Undefined\nprint(A(1))",
    "slots": "class A:\n    __slots__ = ('x', '_y')\n    def __init__(self): self.x = 1; self._y = 2\nprint(A().x)",
    "operator": "import operator\nprint(operator.itemgetter(1)([1, 2]), operator.attrgetter('real')(3), operator.methodcaller('upper')('a'), operator.add(1, 2))\nfrom operator import attrgetter\nclass A:\n    def __init__(self, v): self.v = v\nprint([a.v for a in sorted([A(2), A(1)], key=attrgetter('v'))])",
    "collections": "from collections import Counter, defaultdict, deque, OrderedDict, ChainMap\nc = Counter('aab')\nd = defaultdict(list)\nd['x'].append(1)\nprint(c.most_common(1), dict(d), deque([1], maxlen=2), OrderedDict(a=1), ChainMap({'a': 1})['a'])",
    "standard library": "import math, random, statistics, itertools, datetime, decimal, fractions, re, json, string, textwrap, time, uuid, hashlib, base64, calendar\nprint(math.pi, statistics.mean([1, 2]), list(itertools.chain([1], [2])), datetime.date(2020, 1, 1).isoformat(), decimal.Decimal('1.10'), fractions.Fraction(1, 3), re.sub('a', 'b', 'aa'), json.dumps({'a': None}), string.ascii_letters[:3], textwrap.shorten('a b c', 8), hashlib.sha256(b'').hexdigest()[:4], base64.b64encode(b'a'))\nrandom.seed(1)\nprint(random.random(), calendar.monthrange(2020, 2))",
    "string template": "from string import Template\nprint(Template('$a ${b}').substitute(a=1, b=2))",
    "threads": "import threading\nl = []\nt = threading.Thread(target=lambda: l.append(1))\nt.start(); t.join()\nprint(l)",
    "print options": "print(1, 2, sep='-', end='!\\n', flush=True)",
    "type comparisons": "print(type(1) == int, type(1) is int, type('') in (str, int), isinstance(int, type), type(int) == type, type(None))",
    "getattr and setattr": "class A: pass\na = A()\nsetattr(a, 'x', 1)\nprint(getattr(a, 'x'), getattr(a, 'y', None), hasattr(a, 'x'), vars(a))\ndelattr(a, 'x')\ntry: a.x\nexcept AttributeError as e: print(e)",
    "sorting with keys": "data = [{'n': 'b', 'v': 1}, {'n': 'a', 'v': 2}]\nprint(sorted(data, key=lambda d: d['n']), max(data, key=lambda d: d['v'])['n'])",
    "del and with targets": "x = [1, 2, 3]\ndel x[0]\nclass A: pass\na = A()\na.z = 1\ndel a.z\nprint(x, hasattr(a, 'z'))\nwith open('t', 'w') as a.f: a.f.write('x')\nfor a.i in range(2): pass\nprint(a.i)",
    "unicode names": "变量 = 1\nclass 类: 值 = 变量\nprint(类.值)",
    "regular expressions": "import re\nm = re.match(r'(?P<a>\\d+)', '12x')\nprint(m.group('a'), m.span())",
    "logging": "import logging\nlogging.basicConfig(level=logging.INFO, format='%(message)s')\nlogging.getLogger(__name__).info('hello')\nprint('logged')",
    "warnings": "import warnings\nwarnings.filterwarnings('ignore')\nwarnings.warn('x')\nwith warnings.catch_warnings():\n    warnings.simplefilter('error')\n    try: warnings.warn('y')\n    except UserWarning as e: print('caught', e)",
    "argparse": "import argparse\np = argparse.ArgumentParser()\np.add_argument('--n', type=int, default=3)\nprint(p.parse_args([]).n, p.parse_args(['--n', '4']).n)",
    "json errors": "import json\ntry:\n    json.loads('{')\nexcept json.decoder.JSONDecodeError as e:\n    print(type(e).__name__, e.pos)",
    "configuration": "import configparser, tarfile, io, fnmatch\nc = configparser.ConfigParser()\nc.read_string('[a]\\nb = 1')\nprint(c['a']['b'], fnmatch.fnmatch('a.py', '*.py'))",
    "custom iterators": "class R:\n    def __init__(self, n): self.n = n\n    def __iter__(self): return self\n    def __next__(self):\n        if self.n == 0: raise StopIteration\n        self.n -= 1\n        return self.n\nprint(list(R(3)), sum(R(4)), *R(2))",
    "new method": "class S:\n    _one = None\n    def __new__(cls):\n        if cls._one is None: cls._one = super().__new__(cls)\n        return cls._one\nprint(S() is S())",
    "getattr method": "class A:\n    def __getattr__(self, name): return name.upper()\nprint(A().hello)",
}
PROGRAMS.pop("builtins")
PROGRAMS["format"] = "print('{:>5}|{}|{a[0]}|{b!r:^7}'.format(1, 2, a=[3], b='x'), '{0}{0}'.format(1))"


@pytest.mark.parametrize("code", PROGRAMS.values(), ids=PROGRAMS)
def test_it_does_the_same_under_the_policy_as_in_plain_python(guest, code):
    plain = guest(code, security_level="isolated")
    assert plain.status == "success", plain.stderr
    restricted = guest(code)
    assert restricted.status == "success", restricted.stderr
    assert (restricted.stdout, restricted.stderr) == (plain.stdout, plain.stderr)
    assert restricted.stdout
    assert restricted.files == plain.files


def test_input_reads_stdin_at_both_levels(guest):
    for level in ("restricted", "isolated"):
        ran = guest(
            "a = input('? ')\nb = input()\nprint(int(a) + int(b))", stdin="1\n2\n", security_level=level
        )
        assert ran.stdout == "? 3\n", ran


def test_input_at_the_end_of_stdin_is_an_eof_error(guest):
    ran = guest("input()")
    assert ran.verdict["exceptions"][0]["type"] == "EOFError"
