"""Whatever is written as an expression is refused or computed; it never reaches Python, files or the network."""

import ast
import sys
from contextlib import contextmanager

import polars as pl
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dataflowtools.src.drivenadapters.analysis.expressions.compile import compile_expression
from dataflowtools.src.drivenadapters.analysis.expressions.functions import FUNCTIONS
from dataflowtools.src.drivenadapters.analysis.failures import told
from dataflowtools.src.errors import DataflowError, RequestRefused

FRAME = pl.DataFrame(
    {"i": [1, None, 3], "x": [1.5, -2.0, None], "s": ["a", None, "中 b"], "b": [True, None, False]}
).with_columns(d=pl.lit("2024-02-29").str.to_date())
_FORBIDDEN = (
    "open", "socket.", "subprocess.", "os.", "exec", "compile", "ctypes.", "pty.", "shutil.", "tempfile.", "urllib.",
    "import", "marshal.", "pickle.", "code.", "sys.settrace", "http.", "winreg.", "glob.",
)  # fmt: skip
_watch: list[list[str]] = []


def _hook(event, arguments):
    if _watch and event.startswith(_FORBIDDEN):
        _watch[-1].append(f"{event} {arguments!r:.200}")


sys.addaudithook(_hook)


@contextmanager
def watched():
    """Record whatever the interpreter itself says it does beyond computing."""
    seen: list[str] = []
    _watch.append(seen)
    try:
        yield seen
    finally:
        _watch.pop()


def compute(text):
    try:
        with told():
            FRAME.select(compile_expression(text, FRAME.schema).expr.alias("r"))
    except RequestRefused:
        return False
    return True


for _text in ("i + 1", "@", "nope", "matches(s, '(')", "i * 9223372036854775807"):
    compute(_text)  # whatever is imported at the first use is imported before anything is watched

_NAMES = st.sampled_from(["i", "x", "s", "b", "d", "`i`", "nope", "__class__", "os", "pl", "self", "中"])
_LITERALS = st.sampled_from(
    ["1", "-2", "0", "2.5", "1e308", "'a'", '"b"', "''", "true", "false", "null", "'/etc/passwd'", "'%Y'"]
)
_OPERATORS = st.sampled_from(
    ["+", "-", "*", "/", "//", "%", "**", "=", "!=", "<", ">=", " and ", " or ", " in ", ".", "@"]
)
_CALLS = st.sampled_from(
    [*FUNCTIONS, "eval", "open", "__import__", "system", "getattr", "read_csv", "map_elements"]
)


def _grown(inner):
    return st.one_of(
        st.tuples(inner, _OPERATORS, inner).map("".join),
        st.tuples(_CALLS, st.lists(inner, max_size=3)).map(lambda part: f"{part[0]}({', '.join(part[1])})"),
        inner.map(lambda text: f"({text})"),
        inner.map(lambda text: f"not {text}"),
        st.tuples(inner, inner, inner).map(lambda part: f"if({part[0]}, {part[1]}, {part[2]})"),
        st.tuples(inner, inner).map(lambda part: f"case when {part[0]} then {part[1]} end"),
    )


@settings(max_examples=700, deadline=None, database=None)
@given(st.recursive(_NAMES | _LITERALS, _grown, max_leaves=12))
@example("@os.system('id')")
@example("__import__('os').system('id')")
@example("().__class__.__bases__[0].__subclasses__()")
@example("s.str.eval('1')")
@example("(lambda: 1)()")
def test_whatever_is_written_reaches_nothing_but_the_table(text):
    with watched() as seen:
        compute(text)
    assert seen == []


@settings(max_examples=500, deadline=None, database=None)
@given(st.text(max_size=60))
def test_any_text_is_computed_or_refused(text):
    with watched() as seen:
        compute(text)
    assert seen == []


_PYTHON = [
    "print(1)", "[1 for _ in ()]", "{'a': 1}", "i if b else x", "f'{i}'", "i.real", "i[0]", "*i", "i @ x", "await i",
    "yield i", "lambda: i", "i := 1", "~i", "i << 1", "i & x", "i | x", "1j", "0x10", "1_000", "b''", "...", "i is x",
    "`i`.a", "s.format(1)", "'%s' % s",
]  # fmt: skip


def test_what_only_python_knows_is_refused():
    for text in _PYTHON:
        assert not compute(text), text
    assert sum(_parses(text) for text in _PYTHON) > 15  # most of them are Python indeed


def _parses(text):
    try:
        ast.parse(text)
    except SyntaxError:
        return False
    return True


def test_errors_of_the_tree_are_all_that_is_raised():
    assert issubclass(RequestRefused, DataflowError)
