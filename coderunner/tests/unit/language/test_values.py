"""The documented mapping from Python values to JSON."""

import pytest

PLAIN = {
    "__import__('collections').deque([1, 2])": [1, 2],
    "__import__('collections').UserDict(a=1)": {"a": 1},
    "__import__('collections').UserList([1])": [1],
    "__import__('types').SimpleNamespace(a=1)": {"a": 1},
    "__import__('types').MappingProxyType({'a': 1})": {"a": 1},
    "__import__('array').array('i', [1])": [1],
    "[{'a': 1}.keys(), {'a': 1}.values(), {'a': 1}.items()]": [["a"], [1], [["a", 1]]],
    "None": None,
    "True": True,
    "1": 1,
    "1.5": 1.5,
    "'x'": "x",
    "[1, (2, 3)]": [1, [2, 3]],
    "{1: 'a', None: 2, True: 3, 'k': 4, 2.5: 5}": {"1": 3, "null": 2, "k": 4, "2.5": 5},
    "{3, 1, 2}": [1, 2, 3],
    "frozenset('ba')": ["a", "b"],
    "float('nan')": None,
    "[float('inf')]": [None],
    "2**53": 2**53,
    "2**53 + 1": str(2**53 + 1),
    "-2**70": str(-(2**70)),
    "b'\\x00\\xff'": "AP8=",
    "bytearray(b'a')": "YQ==",
    "1+2j": {"real": 1.0, "imag": 2.0},
    "range(3)": [0, 1, 2],
    "__import__('datetime').date(2020, 1, 2)": "2020-01-02",
    "__import__('datetime').datetime(2020, 1, 2, 3, 4, 5)": "2020-01-02T03:04:05",
    "__import__('datetime').datetime(2020, 1, 2, tzinfo=__import__('datetime').timezone.utc)": "2020-01-02T00:00:00+00:00",
    "__import__('datetime').time(3, 4)": "03:04:00",
    "__import__('datetime').timedelta(days=1, hours=2, seconds=3)": "P1DT2H0M3S",
    "__import__('decimal').Decimal('1.10')": "1.10",
    "__import__('fractions').Fraction(1, 3)": "1/3",
    "__import__('uuid').UUID(int=1)": "00000000-0000-0000-0000-000000000001",
    "__import__('pathlib').PurePosixPath('a/b')": "a/b",
    "__import__('collections').OrderedDict(a=1)": {"a": 1},
    "__import__('collections').Counter('aa')": {"a": 2},
    "__import__('collections').namedtuple('P', 'x y')(1, 2)": {"x": 1, "y": 2},
    "__import__('http').HTTPStatus.OK": 200,
    "__import__('dataclasses').make_dataclass('D', ['x'])(1)": {"x": 1},
    "'\\ud800'": "\\ud800",
}
DATA = {
    "np.array([(1, 2.0)], dtype=[('a', 'i4'), ('b', 'f8')])": [{"a": 1, "b": 2.0}],
    "np.array([(1, 2.0)], dtype=[('a', 'i4'), ('b', 'f8')])[0]": {"a": 1, "b": 2.0},
    "pd.DataFrame([[1, 2]], columns=['a', 'a'])": {
        "columns": ["a", "a.1"],
        "records": [{"a": 1, "a.1": 2}],
        "index": None,
        "shape": [1, 2],
        "truncated": False,
    },
    "pd.DataFrame([[1]], columns=pd.MultiIndex.from_tuples([('x', 1)]))": {
        "columns": ["x.1"],
        "records": [{"x.1": 1}],
        "index": None,
        "shape": [1, 1],
        "truncated": False,
    },
    "np.int64(5)": 5,
    "np.float32(0.5)": 0.5,
    "np.float64('nan')": None,
    "np.bool_(True)": True,
    "np.str_('x')": "x",
    "np.array([[1, 2], [3, 4]])": [[1, 2], [3, 4]],
    "np.array([1.0, np.nan])": [1.0, None],
    "np.array(['2020-01-01', 'NaT'], dtype='datetime64[D]')": ["2020-01-01", None],
    "np.datetime64('2020-01-01')": "2020-01-01",
    "np.ma.array([1, 2], mask=[0, 1])": [1, None],
    "np.array(5)": 5,
    "np.array([1+2j])": [{"real": 1.0, "imag": 2.0}],
    "pd.Timestamp('2020-01-02')": "2020-01-02T00:00:00",
    "pd.NaT": None,
    "pd.NA": None,
    "pd.Timedelta('1h')": "P0DT1H0M0S",
    "pd.Period('2020-01', 'M')": "2020-01",
    "pd.Index([1, 2])": [1, 2],
    "pd.DataFrame({'a': [1, None], 'b': ['x', None]})": {
        "columns": ["a", "b"],
        "records": [{"a": 1.0, "b": "x"}, {"a": None, "b": None}],
        "index": None,
        "shape": [2, 2],
        "truncated": False,
    },
    "pd.DataFrame({'a': [1]}, index=['r'])": {
        "columns": ["a"],
        "records": [{"a": 1}],
        "index": ["r"],
        "shape": [1, 1],
        "truncated": False,
    },
    "pd.DataFrame({'t': pd.to_datetime(['2020-01-01'])})": {
        "columns": ["t"],
        "records": [{"t": "2020-01-01T00:00:00"}],
        "index": None,
        "shape": [1, 1],
        "truncated": False,
    },
    "pd.Series([1, 2], name='s')": {
        "name": "s",
        "index": [0, 1],
        "values": [1, 2],
        "length": 2,
        "truncated": False,
    },
    "pd.Categorical(['a', 'b'])": ["a", "b"],
    "{'m': np.float64(1.5), 's': pd.Series([True])}": {
        "m": 1.5,
        "s": {"name": None, "index": [0], "values": [True], "length": 1, "truncated": False},
    },
    "__import__('sympy').Symbol('x') ** 2": "x**2",
    "__import__('pyarrow').table({'a': [1]})": [{"a": 1}],
}


@pytest.mark.parametrize(("code", "expected"), PLAIN.items(), ids=PLAIN)
def test_a_plain_value_maps(guest, code, expected):
    ran = guest(code, security_level="isolated")
    assert ran.status == "success", ran.stderr
    assert ran.value == expected
    assert type(ran.value) is type(expected)
    assert ran.verdict["value_truncated"] is False


@pytest.mark.parametrize(("code", "expected"), DATA.items(), ids=DATA)
def test_a_library_value_maps(data_guest, code, expected):
    ran = data_guest(f"import numpy as np, pandas as pd\n{code}", security_level="isolated")
    assert ran.status == "success", ran.stderr
    assert ran.value == expected


def test_a_large_frame_is_cut_and_says_its_true_shape(data_guest):
    ran = data_guest("import pandas as pd\npd.DataFrame({'a': range(10**6)})", limits={"value_bytes": 50_000})
    assert ran.value["shape"] == [10**6, 1]
    assert ran.value["truncated"] is True
    assert ran.verdict["value_truncated"] is True
    assert 0 < len(ran.value["records"]) < 2000


def test_a_frame_that_is_cut_still_names_its_columns(data_guest):
    ran = data_guest(
        "import pandas as pd, numpy as np\npd.DataFrame(np.zeros((999, 50)))", limits={"value_bytes": 50_000}
    )
    assert ran.value["columns"] == [str(number) for number in range(50)]
    assert ran.value["truncated"]


def test_cycles_and_depth_are_bounded(guest):
    assert guest("x = []\nx.append(x)\nx").value == ["<cycle>"]
    ran = guest("x = []\nfor _ in range(1000): x = [x]\nx")
    assert ran.verdict["value_truncated"] is True


def test_a_semicolon_keeps_the_last_value_back(guest):
    assert guest("5;").value is None
    assert guest("5;  # five").outputs == []
    assert guest("5  # five;").value == 5


def test_a_function_is_called_with_mapped_parameters(guest):
    code = (
        "import datetime, decimal\nfrom dataclasses import dataclass\nfrom enum import Enum\n"
        "class Color(Enum):\n    RED = 'red'\n@dataclass\nclass P:\n    x: int\n    when: datetime.date\n"
        "def f(day: datetime.date, price: decimal.Decimal, tags: set, points: list[P], color: Color, data: bytes, "
        "gap: datetime.timedelta = None, maybe: datetime.date | None = None, text: 'datetime.date' = None, n: float = 1, *, raw=None):\n"
        "    return [type(v).__name__ for v in (day, price, tags, points[0], points[0].when, color, data, gap, maybe, text, n, raw)]\n"
    )
    parameters = {
        "day": "2020-01-02",
        "price": "1.10",
        "tags": ["a"],
        "points": [{"x": 1, "when": "2020-01-01"}],
        "color": "red",
        "data": "AA==",
        "gap": 5,
        "maybe": "2020-01-01",
        "text": "2020-01-01",
        "n": 2,
        "raw": {"a": 1},
    }
    for level in ("restricted", "isolated"):
        ran = guest(code, function_name="f", parameters=parameters, security_level=level)
        assert ran.status == "success", ran.stderr
        assert ran.value == [
            "date",
            "Decimal",
            "set",
            "P",
            "date",
            "Color",
            "bytes",
            "timedelta",
            "date",
            "date",
            "float",
            "dict",
        ]


def test_a_parameter_that_does_not_fit_is_named(guest):
    ran = guest(
        "import datetime\ndef f(day: datetime.date): return 1", function_name="f", parameters={"day": "soon"}
    )
    assert ran.status == "error"
    assert "parameter 'day': 'soon' is no date" in ran.verdict["exceptions"][0]["message"]
    missing = guest("def f(a): return a", function_name="f")
    assert missing.verdict["exceptions"][0]["type"] == "TypeError"
    unknown = guest("def f(a): return a\ndef g(): pass", function_name="h")
    assert "'h'; it defines f, g" in unknown.verdict["exceptions"][0]["message"]


def test_a_frame_parameter_and_an_async_function(data_guest, guest):
    ran = data_guest(
        "import pandas as pd\ndef f(df: pd.DataFrame): return int(df.a.sum())",
        function_name="f",
        parameters={"df": [{"a": 1}, {"a": 2}]},
    )
    assert ran.value == 3
    assert guest("async def f(x): return x + 1", function_name="f", parameters={"x": 1}).value == 2


def test_parameters_without_a_function_are_variables(guest):
    assert guest("a + b", parameters={"a": 1, "b": 2}).value == 3


def test_an_entrypoint_runs_as_a_script(guest):
    files = {
        "pack/main.py": "import sys\nfrom helper import x\nprint(sys.argv[1:], __name__, __file__.endswith('pack/main.py'), x)",
        "pack/helper.py": "x = 5",
    }
    ran = guest(files=files, entrypoint="pack/main.py", args=["a", "b"], security_level="isolated")
    assert ran.stdout == "['a', 'b'] __main__ True 5\n", ran
    files["pack/main.py"] = "from helper import x\nprint(__name__, x)"
    assert guest(files=files, entrypoint="pack/main.py").stdout == "__main__ 5\n"
    ran = guest(
        files={"main.py": "import helper\nprint(helper.x, __name__)", "helper.py": "x = 5"},
        entrypoint="main.py",
    )
    assert ran.stdout == "5 __main__\n", ran


def test_main_is_a_real_module_at_the_isolated_level(guest):
    code = "import pickle, sys\nfrom dataclasses import dataclass\n@dataclass\nclass A:\n    x: int\nprint(pickle.loads(pickle.dumps(A(1))), sys.modules['__main__'].A is A, sys.path[0] == __import__('os').getcwd())"
    ran = guest(code, security_level="isolated")
    assert ran.stdout == "A(x=1) True True\n", ran
