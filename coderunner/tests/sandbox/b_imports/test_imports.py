"""ATTACKS B: what imports give away, and files of a program that pretend to be libraries."""

import pytest

from coderunner.tests.sandbox.attacks import TRIES, Attack

LOOT = "\nprint(open('@CANARY@').read())"


def loaded(code: str) -> Attack:
    """Refused under the policy; without it the module is there and the host is not."""
    return Attack(code + LOOT, isolated=("error",), raises="FileNotFoundError")


IMPORTS = {
    "24 import os": loaded("import os\nos.listdir('/')"),
    "24 from os": loaded("from os import path"),
    "24 os.path": loaded("import os.path"),
    "24 __import__": loaded("__import__('os')"),
    "24 importlib": loaded("import importlib\nimportlib.import_module('os')"),
    "24 runpy": loaded("import runpy\nrunpy.run_path"),
    "24 pkgutil": loaded("import pkgutil"),
    "24 code": loaded("import code"),
    "24 timeit": loaded("import timeit\ntimeit.timeit('1', number=1)"),
    "24 pdb": loaded("import pdb"),
    "24 subprocess": loaded("import subprocess"),
    "24 socket": loaded("import socket"),
    "24 renamed": loaded("import sys as s\ns.modules['os']"),
    "25 json": Attack("import json\njson.codecs.builtins.open('@CANARY@')", isolated=("error",)),
    "25 re": Attack("import re\nre.enum.bltns.open('@CANARY@')", isolated=("error",)),
    "25 datetime": Attack("import datetime\ndatetime.sys.modules['os'].listdir('@FOLDER@')", isolated=("error",)),
    "25 statistics": Attack("import statistics\nstatistics.sys.modules['io'].open('@CANARY@')", isolated=("error",)),
    "25 typing": Attack("import typing\ntyping.contextlib.os.listdir('@FOLDER@')", isolated=("error",)),
    "25 contextlib": Attack("import contextlib\ncontextlib.os.listdir('@FOLDER@')", isolated=("error",)),
    "25 uuid": Attack("import uuid\nuuid.os.listdir('@FOLDER@')", isolated=("error",)),
    "25 dataclasses": Attack("import dataclasses\ndataclasses.builtins.open('@CANARY@')", isolated=("error",)),
    "25 enum": Attack("import enum\nenum.bltns.open('@CANARY@')", isolated=("error",)),
    "25 io": Attack("import io\nio.open('@CANARY@')", isolated=("error",), restricted=("policy_violation", "error")),
    "25 operator": loaded("import operator\noperator.attrgetter('__class__.__base__.__subclasses__')(())()"),
    "25 collections.abc": Attack(
        "import collections.abc\ncollections.abc.sys.modules['io'].open('@CANARY@')",
        restricted=("policy_violation", "error"),
        isolated=("error",),
    ),
    "25 pandas": Attack("import pandas\npandas.io.common.os.listdir('@FOLDER@')", isolated=("error",)),
    "25 pandas compat": Attack("import pandas\npandas.compat.sys.modules['io'].open('@CANARY@')", isolated=("error",)),
    "25 pandas errors": Attack("import pandas\nprint(pandas.errors.ctypes.CDLL('@CANARY@'))", isolated=("error",)),
    "25 numpy": Attack("import numpy as np\nnp.ctypeslib.ctypes.CDLL('@CANARY@')", isolated=("error",)),
    "25 numpy f2py": Attack(
        "import numpy as np\nimport numpy.f2py\nprint(np.f2py.subprocess.getoutput('cat @CANARY@'))",
        isolated=("error", "success"),
    ),
    "25 matplotlib": Attack("import matplotlib\nmatplotlib.subprocess.check_output('cat @CANARY@', shell=True)", isolated=("error",)),
    "25 sklearn": Attack("import sklearn.calibration\nsklearn.calibration.warnings.sys.modules['io'].open('@CANARY@')", isolated=("error",)),
    "25 scipy": Attack("import scipy.io\nscipy.io.wavfile.os.listdir('@FOLDER@')", isolated=("error",)),
    "25 PIL": Attack("import PIL.Image\nPIL.Image.os.listdir('@FOLDER@')", isolated=("error",)),
    "26 modules": loaded("import sys\nsys.modules['posix'].getpid()"),
    "26 path": loaded("import sys\nsys.path.insert(0, '@FOLDER@')"),
    "26 meta_path": loaded("import sys\nsys.meta_path.clear()"),
    "26 settrace": loaded("import sys\nsys.settrace(lambda *a: None)"),
    "26 audit hook": loaded("import sys\nsys.addaudithook(lambda *a: None)"),
    "27 relative": Attack("from . import os", restricted=("policy_violation", "error"), isolated=("error",), raises="ImportError"),
    "27 star": Attack("from os import *\nlistdir('@FOLDER@')", isolated=("error",), raises="FileNotFoundError"),
    "27 lazy": Attack("lazy import os", restricted=("error",), isolated=("error",), raises="SyntaxError"),
    "30 ctypes": loaded("import ctypes\nctypes.CDLL(None).system(b'cat @CANARY@')"),
    "30 _ctypes": loaded("import _ctypes"),
    "30 executable memory": loaded(
        "import mmap\nm = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)\nm.write(b'\\xc3')"
    ),
}  # fmt: skip


@pytest.mark.parametrize("imported", IMPORTS.values(), ids=IMPORTS)
async def test_an_import_is_refused_or_finds_nothing_of_the_host(attack, imported, level):
    """Attacks 24-27, 30: modules that open files, start programs or call the kernel."""
    await attack(imported, level)


async def test_machine_code_made_by_hand_stays_in_the_jail(attack):
    """Attack 30: open(2) by hand-made machine code, past every library; the kernel's answer is ENOENT (2)."""
    code = (
        "import ctypes, mmap\n"
        "m = mmap.mmap(-1, 4096, prot=7)\n"
        "m.write(bytes.fromhex('b8020000000f05c3'))  # mov eax, 2; syscall; ret\n"
        "f = ctypes.CFUNCTYPE(ctypes.c_long, ctypes.c_char_p, ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(m)))\n"
        "print('held' if f(b'@CANARY@', 0) == -2 else 'GOT')"
    )
    await attack(Attack(code, restricted=("policy_violation",)), "isolated")


SHADOW = "OWNED = 1\nprint('shadow', open('/etc/passwd').read())\ndef dumps(x): return 'shadow'\n"


@pytest.mark.parametrize("library", ["json", "pandas", "os"])
async def test_a_file_named_like_a_library_stays_inside_that_run(execute, level, library):
    """Attack 28: json.py among the program's files; the next run (checked after each case) has the real one."""
    reply = await execute(
        "import json\nprint(json.dumps({}))",
        files={f"{library}.py": SHADOW, "data.txt": "x"},
        security_level=level,
    )
    assert reply["status"] in {"success", "error", "policy_violation"}, reply
    again = await execute("import json\nprint(json.dumps({}))", security_level=level)
    assert again["stdout"] == "{}\n"


STARTERS = {
    "sitecustomize.py": "print('OWNED')",
    "usercustomize.py": "print('OWNED')",
    "x.pth": "import os; print('OWNED')",
    "startup.py": "print('OWNED')",
    "ld.so.preload": "/work/x.so",
    "pyvenv.cfg": "home = /work",
}


async def test_files_that_interpreters_run_by_themselves_are_ignored(execute, level):
    """Attack 29: sitecustomize and its kin in the work folder must not run in the program's interpreter."""
    reply = await execute("print('mine')", files=STARTERS, security_level=level)
    assert (reply["status"], reply["stdout"], reply["stderr"]) == ("success", "mine\n", "")


async def test_files_that_interpreters_run_by_themselves_are_ignored_by_a_second_interpreter(execute):
    """Attack 29: the same for an interpreter that an isolated program starts itself; the paths come from no file of its."""
    code = (
        "import subprocess, sys\n"
        "print(subprocess.run([sys.executable, '-c', 'import sys; print(sys.flags.isolated, \"mine\")'],"
        " capture_output=True, text=True).stdout)"
    )
    reply = await execute(code, files=STARTERS, security_level="isolated")
    assert reply["status"] == "success", reply
    assert "mine" in reply["stdout"], reply
    assert "OWNED" not in reply["stdout"]


@pytest.mark.parametrize(
    "name", ["LD_PRELOAD", "LD_LIBRARY_PATH", "PYTHONPATH", "PYTHONSTARTUP", "PATH", "HOME", "GLIBC_TUNABLES"]
)
async def test_names_that_loaders_read_cannot_be_set(client, name, level):
    """Attack 29: environment variables that make an interpreter or the loader run a file."""
    body = {"code": "print(1)", "env": {name: "/work/x"}, "security_level": level}
    reply = await client.request("POST", "/api/runner/execute", json=body)
    assert reply.status == 422
    assert reply.json()["errors"][0]["pointer"].startswith(f"/env/{name}")


async def test_a_library_of_the_jail_cannot_be_replaced(attack, level):
    """Attacks 29, 55: the guest's packages are read-only even for code that calls the kernel directly."""
    code = TRIES + (
        "import os, json\nhere = os.path.dirname(json.__file__)\n"
        "tries(lambda: open(here + '/x.py', 'w'), lambda: os.mkdir(here + '/x'), lambda: os.remove(json.__file__),"
        " lambda: os.chmod(json.__file__, 0o777))"
    )
    await attack(Attack(code), level)
