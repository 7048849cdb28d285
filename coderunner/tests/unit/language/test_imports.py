"""ATTACKS.md B: imports, module attributes, and files that would shadow libraries."""

import pytest

REFUSED_MODULES = """
os sys subprocess socket ctypes importlib pickle inspect gc builtins shutil signal multiprocessing runpy pkgutil code
pdb os.path _thread _io marshal imp site sysconfig linecache tracemalloc faulthandler atexit codecs mmap
resource fcntl pty select selectors http.client urllib.request ssl asyncio.subprocess concurrent.futures.process
multiprocessing.pool numpy.f2py numpy.ctypeslib pandas.compat pandas.io.common pandas.core.computation
matplotlib.backends matplotlib.backends.backend_agg logging.config string.nothing json.codecs importlib.metadata cffi
_ctypes nothing_of_that_name joblib.externals sklearn.externals coderunner coderunner.guest.language RestrictedPython
""".split()

WALKS = {
    "json": "json.codecs.builtins.open('/etc/passwd')",
    "re": "re.enum.bltns.open('/etc/passwd')",
    "base64": "base64.re.enum.bltns",
    "csv": "csv.re.enum.sys",
    "textwrap": "textwrap.re.enum.sys",
    "datetime": "datetime.sys.modules['os']",
    "statistics": "statistics.sys",
    "calendar": "calendar.sys",
    "typing": "typing.contextlib.os",
    "contextlib": "contextlib.os",
    "uuid": "uuid.os",
    "dataclasses": "dataclasses.builtins",
    "enum": "enum.bltns",
    "urllib.parse": "urllib.parse.sys",
    "random": "random.SystemRandom.__init__.__globals__",
    "logging": "logging.os",
    "pathlib": "pathlib.os",
    "glob": "glob.os",
    "tempfile": "tempfile._os",
    "zipfile": "zipfile.shutil",
    "threading": "threading._sys",
    "asyncio": "asyncio.base_events.subprocess",
    "warnings": "warnings.sys",
    "weakref": "weakref.sys",
    "string": "string._string",
    "sqlite3": "sqlite3.dbapi2.collections",
    "concurrent.futures": "concurrent.futures._base",
}

DATA_WALKS = {
    "pandas compat": ("import pandas", "pandas.compat.sys"),
    "pandas common": ("import pandas", "pandas.io.common.os"),
    "pandas errors": ("import pandas", "pandas.errors.ctypes"),
    "numpy ctypeslib": ("import numpy as np", "np.ctypeslib.ctypes.CDLL(None)"),
    "numpy f2py": ("import numpy as np", "np.f2py.subprocess.getoutput('id')"),
    "matplotlib os": ("import matplotlib", "matplotlib.os"),
    "matplotlib subprocess": ("import matplotlib", "matplotlib.subprocess.check_output('id')"),
    "sklearn warnings": ("import sklearn.calibration", "sklearn.calibration.warnings.sys"),
    "scipy os": ("import scipy.io.wavfile", "scipy.io.wavfile.os"),
    "PIL os": ("import PIL.Image", "PIL.Image.os"),
    "pyplot sys": ("import matplotlib.pyplot as plt", "plt.sys"),
    "pyplot importlib": ("import matplotlib.pyplot as plt", "plt.importlib"),
}


@pytest.mark.parametrize("module", REFUSED_MODULES)
def test_a_module_off_the_list_is_refused_before_anything_runs(guest, module):
    ran = guest(f"print('started')\nimport {module}")
    assert ran.status == "policy_violation"
    assert ran.stdout == ""
    assert ran.verdict["violations"][0]["what"] == f'module "{module}"'
    assert ran.verdict["violations"][0]["line"] == 2


@pytest.mark.parametrize(
    "statement", ["from os import path", "from os.path import join", "import json, os", "import os as o"]
)
def test_every_form_of_import_is_judged(guest, statement):
    assert guest(statement).status == "policy_violation"


@pytest.mark.parametrize("module", WALKS)
def test_no_module_is_had_through_an_attribute(guest, module):
    for expression in (WALKS[module],):
        ran = guest(f"import {module}\nprint('started')\nprint({expression})")
        assert ran.status == "policy_violation", ran
        assert "root:" not in ran.stdout


@pytest.mark.parametrize("module", WALKS)
def test_no_module_is_had_through_getattr(guest, module):
    first = WALKS[module].removeprefix(module + ".").split(".")[0].split("(")[0]
    ran = guest(
        f"import {module} as m\nx = getattr(m, '{first}')\nfor part in ('modules', 'system', 'open', 'path', 'getoutput', '__globals__'):\n    x = getattr(x, part)"
    )
    assert ran.status in ("policy_violation", "error"), ran
    assert ran.verdict["exceptions"][0]["type"].endswith(("AttributeRefused", "AttributeError")), ran


@pytest.mark.parametrize("walk", DATA_WALKS.values(), ids=DATA_WALKS)
def test_no_module_is_had_through_a_data_library(data_guest, walk):
    ran = data_guest(f"{walk[0]}\nprint({walk[1]})")
    assert ran.status in ("policy_violation", "error"), ran
    assert ran.stdout == ""
    if ran.status == "error":
        assert ran.verdict["exceptions"][0]["type"] == "AttributeError", ran


def test_no_module_is_had_by_from_import(guest):
    assert guest("from json import codecs").status == "policy_violation"
    assert guest("from re import enum\nprint(enum.bltns)").status == "policy_violation"


def test_a_module_object_that_came_another_way_hands_nothing_out(guest):
    ran = guest(
        "import logging\nholder = [m for m in [logging.Logger.manager]]\nprint(type(holder[0]).__name__)"
    )
    assert ran.status == "success", ran.stderr


def test_star_imports_bring_no_private_name(guest):
    ran = guest(
        "from random import *\nprint(randint(1, 1))\ntry:\n    _inst\nexcept NameError:\n    print('none')"
    )
    assert ran.stdout == "1\nnone\n", ran


def test_relative_imports_of_the_program_are_refused(guest):
    assert guest("from . import x").status == "policy_violation"


def test_a_file_of_your_own_never_shadows_a_library(guest):
    ran = guest("import json\nprint(json.dumps([1]))", files={"json.py": "dumps = lambda x: 'mine'"})
    assert ran.stdout == "[1]\n"


def test_a_file_named_like_a_data_library_never_shadows_it(data_guest):
    ran = data_guest(
        "import pandas\nprint(pandas.DataFrame({'a': [1]}).a.sum())", files={"pandas.py": "x = 1"}
    )
    assert ran.stdout == "1\n", ran


def test_files_of_your_own_are_imported_under_the_same_policy(guest):
    ran = guest(
        "import helper\nprint(helper.twice(4))", files={"helper.py": "def twice(x):\n    return 2 * x"}
    )
    assert ran.stdout == "8\n", ran
    refused = guest("import helper", files={"helper.py": "x = 1\nimport os"})
    assert refused.status == "policy_violation"
    assert refused.verdict["violations"][0]["file"] == "helper.py"
    assert refused.verdict["violations"][0]["line"] == 2


def test_packages_of_your_own_and_their_relative_imports_work(guest):
    files = {
        "pack/__init__.py": "from .inner import value\n",
        "pack/inner.py": "value = 7\n",
        "pack/other.py": "from . import inner\nfrom .inner import *\nx = inner.value + value",
    }
    ran = guest(
        "import pack\nfrom pack.other import x\nimport pack.inner as i\nprint(pack.value, x, i.value)",
        files=files,
    )
    assert ran.stdout == "7 14 7\n", ran


def test_sitecustomize_and_pth_files_in_the_work_dir_are_ignored(guest):
    ran = guest(
        "print('main')",
        files={
            "sitecustomize.py": "print('site')",
            "usercustomize.py": "print('user')",
            "x.pth": "import os; print('pth')",
        },
    )
    assert ran.stdout == "main\n"


def test_the_operator_widens_and_narrows_the_import_list(guest):
    assert guest("import json", policy={"blocked_modules": ["json"]}).status == "policy_violation"
    assert guest("import math", policy={"allowed_modules": ["json"]}).status == "policy_violation"
    assert guest("import json", policy={"allowed_modules": ["json"]}).status == "success"
    assert (
        guest("import textwrap, colorsys, linecache", policy={"allowed_modules": ["*", "linecache"]}).status
        == "success"
    )
    assert guest("print(sum([1]))", policy={"blocked_functions": ["sum"]}).status == "policy_violation"
    assert (
        guest("import math\nmath.sqrt(4)", policy={"blocked_functions": ["math.sqrt"]}).status
        == "policy_violation"
    )
    assert (
        guest("from math import sqrt", policy={"blocked_functions": ["math.sqrt"]}).status
        == "policy_violation"
    )
    assert (
        guest("import string\nstring.Formatter()", policy={"allowed_functions": ["string.Formatter"]}).status
        == "success"
    )
    assert guest("eval('1')", policy={"allowed_functions": ["eval"]}).status == "policy_violation"
    assert guest("open('x', 'w')", policy={"enable_file_access": False}).status == "policy_violation"
    assert (
        guest("import os\nprint(os.getcwd() != '')", policy={"enable_system_calls": True}).stdout == "True\n"
    )


def test_an_import_in_try_is_still_refused_with_advice(guest):
    ran = guest("try:\n    import requests\nexcept ImportError:\n    pass")
    assert ran.status == "policy_violation"
    assert "network" in ran.verdict["violations"][0]["why"]


TAKEN_FROM_OWN_FILES = {
    "by name": ("from helper import __builtins__ as b\nprint('GOT', b)", "x = 1"),
    "another's loader": ("from helper import __spec__ as b\nprint('GOT', b)", "x = 1"),
    "by a star": (
        "from helper import *\nprint('GOT', b)",
        (
            "class Name(str):\n    asked = 0\n    def startswith(self, *_): return False\n    def __eq__(self, other): return True\n"
            "    def __hash__(self):\n        Name.asked += 1\n        return hash('__builtins__') if Name.asked < 3 else hash('b')\n"
            "__all__ = [Name('b')]"
        ),
    ),
}


@pytest.mark.parametrize(("code", "helper"), TAKEN_FROM_OWN_FILES.values(), ids=TAKEN_FROM_OWN_FILES)
def test_a_file_of_the_program_gives_its_guards_to_nobody(guest, code, helper):
    """Attack 15: the namespace of each own file holds the builtins of the policy; who has them replaces the guards."""
    ran = guest(code, files={"helper.py": helper})
    assert ran.status in {"policy_violation", "error"}, ran
    assert "GOT" not in ran.stdout


def test_ordinary_special_names_are_taken_from_own_files(guest):
    ran = guest(
        "from helper import __version__, __doc__ as d\nfrom helper import *\nprint(__version__, d, x, __package__)",
        files={"helper.py": "'text'\n__version__ = '1.2'\nx = 3"},
    )
    assert ran.stdout.split() == ["1.2", "text", "3", "None"], ran.stderr
