"""Property: a program within the policy prints the same and raises the same as in plain Python."""

import re

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

NAMES = ["a", "b", "c", "d"]
INTEGERS = st.integers(-5, 5).map(str)
TEXTS = st.sampled_from(["''", "'x'", "'ab'", "'中'"])
names = st.sampled_from(NAMES)


def expressions(depth: int = 3) -> st.SearchStrategy[str]:
    leaf = st.one_of(
        INTEGERS, TEXTS, names, st.sampled_from(["None", "True", "[]", "{}", "()", "box", "1.5"])
    )
    return st.recursive(leaf, _grown, max_leaves=depth * 3)


def _grown(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    binary = st.tuples(
        inner, st.sampled_from("+ - * // % << & | == != < <= in is and or".split()), inner
    ).map(lambda p: f"({p[0]} {p[1]} {p[2]})")
    return st.one_of(
        binary,
        st.lists(inner, max_size=3).map(lambda items: f"[{', '.join(items)}]"),
        st.lists(inner, min_size=1, max_size=3).map(lambda items: f"({', '.join(items)},)"),
        st.tuples(inner, inner).map(lambda p: f"{{{p[0]}: {p[1]}}}"),
        st.tuples(inner, inner).map(lambda p: f"{p[0]}[{p[1]}]"),
        st.tuples(inner, INTEGERS, INTEGERS).map(lambda p: f"{p[0]}[{p[1]}:{p[2]}]"),
        st.tuples(inner, inner, inner).map(lambda p: f"({p[0]} if {p[1]} else {p[2]})"),
        st.tuples(
            st.sampled_from(
                "len sorted list tuple sum min max str repr bool abs set reversed enumerate zip iter type".split()
            ),
            inner,
        ).map(lambda p: f"{p[0]}({p[1]})"),
        st.tuples(inner, names, inner).map(lambda p: f"[{p[0]} for {p[1]} in {p[2]}]"),
        st.tuples(inner, names, inner, inner).map(
            lambda p: f"{{{p[0]}: {p[1]} for {p[1]} in {p[2]} if {p[3]}}}"
        ),
        st.tuples(
            inner,
            st.sampled_from(
                ["x", "y", "real", "upper", "append", "items", "copy", "nothing", "double", "_hidden"]
            ),
        ).map(lambda p: f"({p[0]}).{p[1]}"),
        st.tuples(
            inner,
            st.sampled_from(["upper()", "append(1)", "items()", "copy()", "add(2)", "count('x')", "pop()"]),
        ).map(lambda p: f"({p[0]}).{p[1]}"),
        st.tuples(names, inner).map(lambda p: f"(lambda {p[0]}: {p[1]})"),
        st.tuples(names, inner, inner).map(lambda p: f"(lambda {p[0]}: {p[1]})({p[2]})"),
        inner.map(lambda e: f"f'{{({e})!r}}'".replace("'''", "''") if "'" not in e else f"str({e})"),
        st.tuples(inner, inner).map(lambda p: f"'{{}}-{{!r}}'.format({p[0]}, {p[1]})"),
        st.tuples(inner, inner).map(lambda p: f"[*{p[0]}, {p[1]}]"),
        st.tuples(inner, inner).map(lambda p: f"pair({p[0]}, {p[1]})"),
        st.tuples(inner).map(lambda p: f"Box({p[0]})"),
        st.tuples(inner).map(lambda p: f"(e := {p[0]})"),
        inner.map(lambda e: f"not {e}"),
        inner.map(lambda e: f"getattr({e}, 'x', 7)"),
    )


def statements(depth: int = 2) -> st.SearchStrategy[list[str]]:
    simple = st.one_of(
        st.tuples(names, expressions()).map(lambda p: [f"{p[0]} = {p[1]}"]),
        st.tuples(names, st.sampled_from("+ - * // |".split()), expressions()).map(
            lambda p: [f"{p[0]} {p[1]}= {p[2]}"]
        ),
        st.tuples(names, expressions(1), st.sampled_from(["+", "*"]), expressions(1)).map(
            lambda p: [f"{p[0]}[{p[1]}] {p[2]}= {p[3]}"]
        ),
        st.tuples(names, expressions(1), expressions(1)).map(lambda p: [f"{p[0]}[{p[1]}] = {p[2]}"]),
        expressions().map(lambda e: [f"box.x = {e}"]),
        expressions().map(lambda e: [f"box.x += {e}"]),
        expressions().map(lambda e: [f"box.fresh = {e}", "del box.fresh"]),
        st.tuples(names, names, expressions()).map(lambda p: [f"{p[0]}, {p[1]} = {p[2]}"]),
        st.tuples(names, names, expressions()).map(lambda p: [f"{p[0]}, *{p[1]} = {p[2]}"]),
        st.tuples(names, expressions()).map(lambda p: [f"{p[0]}: int = {p[1]}"]),
        expressions().map(lambda e: [f"print({e})"]),
        expressions().map(lambda e: [f"assert {e}"]),
        names.map(lambda n: [f"del {n}"]),
    )
    return simple if depth == 0 else st.one_of(simple, simple, _blocks(depth - 1))


def _blocks(depth: int) -> st.SearchStrategy[list[str]]:
    body = st.lists(statements(depth), min_size=1, max_size=3).map(
        lambda groups: ["    " + line for group in groups for line in group]
    )
    return st.one_of(
        st.tuples(expressions(), body, body).map(lambda p: [f"if {p[0]}:", *p[1], "else:", *p[2]]),
        st.tuples(names, expressions(), body).map(lambda p: [f"for {p[0]} in {p[1]}:", *p[2]]),
        st.tuples(names, names, expressions(), body).map(
            lambda p: [f"for {p[0]}, {p[1]} in enumerate({p[2]}):", *p[3]]
        ),
        st.tuples(body, body, body).map(
            lambda p: [
                "try:",
                *p[0],
                "except (TypeError, ValueError) as error:",
                "    print(type(error).__name__, error)",
                *p[1],
                "finally:",
                *p[2],
            ]
        ),
        st.tuples(names, body, expressions()).map(
            lambda p: [f"def f({p[0]}=1):", *p[1], f"    return {p[2]}", "print(f())"]
        ),
        st.tuples(body, expressions()).map(
            lambda p: ["def g():", *p[0], f"    yield {p[1]}", "print(list(g()))"]
        ),
        st.tuples(body, expressions()).map(
            lambda p: [
                "class C(Box):",
                *p[0],
                "    def m(self):",
                f"        return self.x, {p[1]}",
                "print(C(3).m())",
            ]
        ),
        st.tuples(names, expressions(), body).map(lambda p: [f"with Box({p[1]}) as {p[0]}:", *p[2]]),
        st.tuples(expressions(), body, body).map(
            lambda p: [
                f"match {p[0]}:",
                "    case [first, *rest]:",
                "        print(first, rest)",
                *(f"    {line}" for line in p[1]),
                "    case {'x': found}:",
                "        print(found)",
                "    case Box.kind | 0 | None:",
                "        print('kind')",
                "    case other:",
                *(f"    {line}" for line in p[2]),
            ]
        ),
    )


PRELUDE = """
class Box:
    kind = 'kind'
    def __init__(self, x): self.x = x; self._hidden = 1; self.y = None
    def __repr__(self): return f'Box({self.x!r})'
    def __eq__(self, other): return isinstance(other, Box) and self.x == other.x
    def __hash__(self): return 1
    def __add__(self, other): return Box(self.x + other)
    def __enter__(self): return self
    def __exit__(self, kind, error, trace): return kind is not None and issubclass(kind, KeyError)
    def add(self, n): self.x += n; return self
    @property
    def double(self): return self.x * 2
def pair(a, b=2, *c, **d): return a, b
a, b, c, d = 1, 'xy', [3, 1, 2], {'x': 1}
box = Box(5)
"""
REPORTED = ["except Exception as error:", "    print(type(error).__name__, error)"]
INDEPENDENT = "a, b, c, d, box = 1, 'xy', [3, 1, 2], {'x': 1}, Box(5)"


def _program(groups: list[list[str]]) -> str:
    """Each group on its own, so that one that fails does not hide the next; the last may fail for good."""
    *first, last = groups
    guarded = [
        line for group in first for line in ("try:", *(f"    {one}" for one in group), *REPORTED, INDEPENDENT)
    ]
    return PRELUDE + "\n".join([*guarded, *last])


programs = st.lists(statements(), min_size=2, max_size=10).map(_program)


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(program=programs)
def test_a_program_within_the_policy_behaves_as_in_plain_python(guest, program):
    plain = guest(program, security_level="isolated")
    restricted = guest(program)
    assert restricted.status == plain.status, (restricted.stderr, plain.stderr, program)
    assert _steady(restricted.stdout) == _steady(plain.stdout)
    assert [_kind(error) for error in restricted.verdict["exceptions"]] == [
        _kind(error) for error in plain.verdict["exceptions"]
    ]
    assert _steady(str(restricted.value)) == _steady(str(plain.value))


def _kind(error):
    return error["type"], _steady(error["message"]), error["line"]


def _steady(text: str) -> str:
    """Addresses differ from process to process."""
    return re.sub(r"0x[0-9a-f]+", "0x", text)
