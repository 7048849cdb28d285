"""Which parent a program needs: a look at its text that must not miss a library."""

import ast
import sys
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coderunner.src.logics.runner.imports_scan import Preload, needs_libraries, preload_for

STANDARD = frozenset(sys.stdlib_module_names)

PLAIN = ["print(1)", "import json, re", "from os.path import join", "import os.path as p", "x = 'import pandas'", "# import numpy", "from . import x",
         "important = 1", "if x:\n    import json", ""]  # fmt: skip
LIBRARIES = ["import pandas", "import json, numpy as np", "from sklearn.linear_model import X", "x = 1; import pandas", "if 1: import pandas",
             "def f():\n    from scipy import stats", "\timport pandas", "__import__('x')", "import importlib\nimportlib.import_module('x')",
             "import pandas as pd # x", "from pandas import (\n DataFrame)", "try: import torch\nexcept: pass"]  # fmt: skip


@pytest.mark.parametrize("source", PLAIN)
def test_the_standard_library_needs_no_libraries(source):
    assert not needs_libraries([source], STANDARD) or "'" in source


@pytest.mark.parametrize("source", LIBRARIES)
def test_a_library_is_seen_wherever_its_import_stands(source):
    assert needs_libraries([source], STANDARD)


def test_a_programs_own_modules_are_no_libraries():
    assert not needs_libraries(
        ["import tools\nfrom shop.cart import x"], STANDARD, frozenset({"tools", "shop"})
    )


PRELOADS = {
    "import json": Preload.SLIM,
    "import pandas as pd\nprint(pd.DataFrame({'a': [1]}).describe())": Preload.TABLES,
    "from numpy import array\nimport re": Preload.TABLES,
    "import pandas as pd\npd.DataFrame({'a': [1]}).plot()": Preload.DATA_SCIENCE,
    "import pandas as pd\ndf.corr(method='spearman')": Preload.DATA_SCIENCE,
    "import pandas, sklearn": Preload.DATA_SCIENCE,
    "import matplotlib.pyplot as plt": Preload.DATA_SCIENCE,
    "__import__(name)": Preload.DATA_SCIENCE,
}


@pytest.mark.parametrize(("source", "preload"), PRELOADS.items())
def test_the_smallest_parent_that_has_the_libraries_is_chosen(source, preload):
    assert preload_for([source], STANDARD) is preload


NAMES = st.sampled_from(["json", "os", "pandas", "numpy.linalg", "re", "sklearn", "mine"])
STATEMENTS = st.one_of(
    st.lists(NAMES, min_size=1, max_size=3).map(lambda names: "import " + ", ".join(names)),
    NAMES.map(lambda name: f"from {name} import x"),
    st.sampled_from(["x = 1", "print('a')", "# nothing"]),
)


@given(st.lists(STATEMENTS, max_size=8), st.sampled_from(["\n", "\nif 1:\n    ", "; "]))
def test_no_import_that_the_parser_sees_is_missed(statements, between):
    source = between.join(statements)
    try:
        tree = ast.parse(source)
    except SyntaxError:
        return
    imported = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            imported |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            imported.add(node.module.partition(".")[0])
    if imported - STANDARD:
        assert needs_libraries([source], STANDARD)


def test_a_hostile_text_is_looked_at_in_bounded_time():
    texts = [
        "import " * 200_000,
        "import" + " " * 2_000_000,
        "\n" * 5_000_000 + "import",
        "import a," * 300_000,
        ";import\t" * 200_000,
    ]
    started = time.process_time()
    for text in texts:
        needs_libraries([text], STANDARD)
    assert time.process_time() - started < 5
