"""A call is held against the function's signature before anything of the program runs."""

import datetime as dt

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

LEVELS = ("restricted", "isolated")


def call(guest, code, /, level="isolated", name="f", **parameters):
    return guest(code, function_name=name, parameters=parameters, security_level=level)


def messages(ran):
    assert ran.status == "error", ran.verdict
    return [error["message"] for error in ran.verdict["exceptions"]]


@pytest.mark.parametrize("level", LEVELS)
def test_everything_that_is_wrong_with_a_call_is_said_at_once_and_nothing_runs(guest, level):
    code = "print('ran')\ndef f(a: int, b, *, c: str = 'x'): return a"
    ran = call(guest, code, level, a="1", z=1)
    assert messages(ran) == [
        "f() needs the parameter 'b'",
        "f() has no parameter 'z'; it takes a, b, c",
        "parameter 'a': '1' is no int: a string was given",
    ]
    assert ran.stdout == ""
    assert {error["type"] for error in ran.verdict["exceptions"]} == {"TypeError"}
    assert {error["line"] for error in ran.verdict["exceptions"]} == {2}
    assert "f() needs the parameter 'b'" in ran.stderr


@pytest.mark.parametrize("level", LEVELS)
def test_a_function_that_is_not_there_is_told_before_anything_runs(guest, level):
    ran = call(guest, "print('ran')\ndef g(): ...\ndef _h(): ...", level)
    assert messages(ran) == ["the program defines no function 'f'; it defines g"]
    assert (ran.stdout, ran.verdict["exceptions"][0]["type"]) == ("", "LookupError")


@pytest.mark.parametrize(
    "code",
    [
        "f = lambda a: a",
        "from math import *\ndef g(a): return a\nf = g",
        "globals()['f'] = lambda a: a",
        "def make():\n    global f\n    def f(a): return a\nmake()",
        "import functools\n@functools.cache\ndef f(a): return a",
        "class f:\n    def __new__(cls, a): return a",
        "if True:\n    def f(a): return a\nelse:\n    def f(b): return b",
        "def f(b): return b\ndef f(a): return a",
        "match [lambda a: a]:\n    case [f]: pass",
        "exec('def f(a): return a')",
    ],
)
def test_what_only_running_can_tell_is_left_to_the_run(guest, code):
    ran = call(guest, code, a=1)
    assert ran.value == 1, ran.stderr


@pytest.mark.parametrize(
    ("annotation", "good", "bad"),
    [
        ("int", [1, 2.0, -3], ["1", 1.5, True, None, [1]]),
        ("float", [1, 1.5], ["1", True, None]),
        ("str", ["", "x"], [1, None, ["x"]]),
        ("bool", [True], [1, "true", None]),
        ("list", [[], [1, "a"]], [{}, "ab", None]),
        ("dict", [{}, {"a": 1}], [[], "ab"]),
        ("None", [None], [0, ""]),
        ("int | None", [1, None], ["1"]),
        ("Optional[int]", [1, None], ["1"]),
        ("Union[int, str]", [1, "1"], [None, [1]]),
        ("list[int]", [[], [1]], [["a"], 1, [None]]),
        ("List[List[int]]", [[[1]]], [[1]]),
        ("dict[str, float]", [{"a": 1}], [{"a": "b"}, [1]]),
        ("Dict[int, str]", [{"1": "b"}], [{"x": "b"}]),
        ("tuple[int, str]", [[1, "a"]], [[1], [1, 2], "ab"]),
        ("tuple[int, ...]", [[], [1, 2]], [["a"]]),
        ("set[int]", [[1, 1]], [["a"], [[1]]]),
        ("Literal['a', 1]", ["a", 1], ["b", 2, True, None]),
        ("Annotated[int, 'big']", [1], ["1"]),
        ("Sequence[int]", [[1]], [["a"]]),
        ("Mapping[str, int]", [{"a": 1}], [{"a": "b"}, [1]]),
        ("'int'", [1], ["1"]),
        ("date", ["2024-02-29"], ["2023-02-29", 5]),
        ("dt.datetime", ["2024-02-29T10:00:00Z"], ["noon"]),
        ("Decimal", ["1.10", 5, 0.5], ["x", None, [1]]),
        ("uuid.UUID", ["12345678-1234-5678-1234-567812345678"], ["x"]),
        ("bytes", ["AAEC"], ["é", "A"]),
        ("dt.timedelta", [90, "1:30:00", "PT1H30M", "-P1DT2H"], ["soon"]),
        ("Color", ["red"], ["green"]),
        ("Point", [{"x": 1, "y": 2}], [{"x": "a", "y": 2}, {"x": 1}, {"x": 1, "y": 2, "z": 3}, 5]),
        ("list[Point]", [[{"x": 1, "y": 2}]], [[{"x": 1}]]),
        ("Any", [None, 1, "x"], []),
        ("object", [None, 1, "x"], []),
        ("Unknown", [None, 1, "x"], []),
    ],
)
def test_values_are_held_against_annotations(guest, annotation, good, bad):
    head = (
        "import datetime as dt, uuid\nfrom datetime import date\nfrom decimal import Decimal\nfrom enum import Enum\n"
        "from dataclasses import dataclass\nfrom typing import *\nclass Unknown: ...\n"
        "class Color(Enum):\n    RED = 'red'\n@dataclass\nclass Base:\n    x: int\n@dataclass\nclass Point(Base):\n    y: int\n"
    )
    for future in ("", "from __future__ import annotations\n"):
        code = f"{future}{head}def f(a: {annotation}): return 'fits'"
        for value in good:
            ran = call(guest, code, a=value)
            assert ran.value == "fits", (annotation, value, ran.stderr)
        for value in bad:
            (message,) = messages(call(guest, code, a=value))
            assert message.startswith(f"parameter 'a': {value!r} is no "), message


def test_names_of_types_that_the_program_has_given_another_meaning_are_the_programs(guest):
    code = "class int: ...\ndef f(a: int): return a"
    assert call(guest, code, a="x").value == "x"


def test_a_default_of_none_welcomes_null(guest):
    code = "def f(a: int = None, *, b: 'list[int]' = None): return [a, b]"
    assert call(guest, code, a=None, b=None).value == [None, None]
    assert messages(call(guest, code, a="x")) == ["parameter 'a': 'x' is no int: a string was given"]


def test_positional_only_parameters_are_given_by_name(guest):
    code = "def f(a, b=2, c=3, /, d=4, **more): return [a, b, c, d, more]"
    assert call(guest, code, a=1, c=5, e=6).value == [1, 2, 5, 4, {"e": 6}]
    assert messages(call(guest, code, c=5)) == ["f() needs the parameter 'a'"]


@pytest.mark.parametrize("level", LEVELS)
def test_frames_arrays_and_timestamps_come_as_what_they_are_annotated(data_guest, level):
    code = (
        "from __future__ import annotations\nimport numpy as np\nimport pandas as pd\nimport numpy.typing as npt\n"
        "def f(table: pd.DataFrame, one: pd.Series, array: np.ndarray, more: npt.NDArray, when: pd.Timestamp, "
        "maybe: pd.DataFrame | None = None):\n"
        "    return [type(x).__name__ for x in (table, one, array, more, when, maybe)]"
    )
    good = {"table": [{"a": 1}], "one": [1, 2], "array": [1], "more": [[1]], "when": "2024-01-01"}
    ran = data_guest(code, function_name="f", parameters=good, security_level=level)
    assert ran.value == ["DataFrame", "Series", "ndarray", "ndarray", "Timestamp", "NoneType"], ran.stderr
    bad = {"table": "a,b", "one": 5, "array": 5, "more": "x", "when": [1]}
    ran = data_guest(code, function_name="f", parameters=bad, security_level=level)
    assert [message.split("'")[1] for message in messages(ran)] == list(bad)


def test_what_a_reply_says_of_a_frame_is_a_frame_again(data_guest):
    code = "import pandas as pd\ndef f(table: pd.DataFrame, one: pd.Series): return [table, one]"
    table = {
        "columns": ["b", "a"],
        "records": [{"b": 1, "a": "x"}, {"b": 2, "a": "y"}],
        "index": ["r1", "r2"],
    }
    first = data_guest(
        code,
        function_name="f",
        parameters={"table": table, "one": {"name": "s", "values": [1, 2], "index": [5, 6]}},
    )
    assert first.value[0].items() >= table.items()
    again = data_guest(code, function_name="f", parameters={"table": first.value[0], "one": first.value[1]})
    assert again.value == first.value


VALUES = st.one_of(
    st.dates().map(lambda v: ("dt.date", v)),
    st.datetimes().map(lambda v: ("dt.datetime", v)),
    st.datetimes(timezones=st.just(dt.UTC)).map(lambda v: ("dt.datetime", v)),
    st.times().map(lambda v: ("dt.time", v)),
    st.timedeltas(dt.timedelta(days=-20_000), dt.timedelta(days=20_000)).map(lambda v: ("dt.timedelta", v)),
    st.decimals(allow_nan=False).map(lambda v: ("decimal.Decimal", v)),
    st.uuids().map(lambda v: ("uuid.UUID", v)),
    st.binary(max_size=50).map(lambda v: ("bytes", v)),
    st.frozensets(st.integers(-(2**53), 2**53)).map(lambda v: ("frozenset[int]", v)),
    st.fractions().map(lambda v: ("fractions.Fraction", v)),
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(VALUES)
def test_what_a_reply_says_of_a_value_is_that_value_again(guest, typed):
    kind, value = typed
    head = "import datetime as dt, decimal, uuid, fractions\n"
    namespace = f"datetime.{value!r}" if isinstance(value, (dt.date, dt.time, dt.timedelta)) else repr(value)
    said = guest(
        f"import datetime\nfrom uuid import UUID\nfrom decimal import Decimal\nfrom fractions import Fraction\n{namespace.replace('datetime.datetime.', 'datetime.')}",
        security_level="isolated",
    )
    assert said.status == "success", said.stderr
    code = f"{head}def f(a: {kind}): return [a, type(a).__name__]"
    again = call(guest, code, a=said.value)
    assert again.value == [said.value, type(value).__name__], again.stderr


def test_the_schema_that_parsing_tells_and_the_call_agree_on_names(guest):
    code = "def f(a, /, b, *rest, c=1): return [a, b, rest, c]"
    assert call(guest, code, a=1, b=2).value == [1, 2, [], 1]
    assert messages(call(guest, code, a=1, b=2, rest=[3])) == [
        "f() has no parameter 'rest'; it takes a, b, c"
    ]


def test_annotations_are_never_evaluated_by_us(guest):
    code = "from __future__ import annotations\ndef f(a: print('evaluated'), b: __import__('os').x): return a"
    ran = call(guest, code, a=1, b=2)
    assert (ran.value, ran.stdout) == (1, "")


@pytest.mark.parametrize("level", LEVELS)
def test_arguments_by_place_come_before_those_by_name(guest, level):
    code = (
        "import datetime as dt\ndef f(a: dt.date, b=2, *rest, c=3, **more): return [str(a), b, rest, c, more]"
    )
    ran = guest(code, function_name="f", arguments=["2024-01-02"], parameters={"c": 4}, security_level=level)
    assert ran.value == ["2024-01-02", 2, [], 4, {}], ran.stderr
    ran = guest(code, function_name="f", arguments=["2024-01-02", 1, 5, 6], security_level=level)
    assert ran.value == ["2024-01-02", 1, [5, 6], 3, {}]


def test_arguments_by_place_that_do_not_fit_are_told(guest):
    code = "def f(a: int, b=2, /, c=3): return [a, b, c]"
    ran = guest(
        code, function_name="f", arguments=["x", 1, 2, 3], parameters={"a": 1}, security_level="isolated"
    )
    assert messages(ran) == [
        "f() was given the parameter 'a' twice",
        "f() takes 3 positional arguments, and 4 were given",
        "parameter 'a': 'x' is no int: a string was given",
    ]
    ran = guest(
        code, function_name="f", arguments=[1], parameters={"b": 5, "c": 6}, security_level="isolated"
    )
    assert ran.value == [1, 5, 6]
    ran = guest("f = print", function_name="f", arguments=[1, 2], security_level="isolated")
    assert ran.stdout == "1 2\n"


def test_a_tuple_is_told_from_a_list(guest):
    kinds = {"(1, 2)": True, "[1, 2]": False, "()": True, "1": False, "{'a': (1,)}": False}
    for code, is_tuple in kinds.items():
        assert guest(code, security_level="isolated").verdict["value_is_tuple"] is is_tuple, code
