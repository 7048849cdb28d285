"""What a refusal says: where, what, why and what to write instead; all of them at once."""

FIELDS = {
    "file",
    "line",
    "column",
    "end_line",
    "end_column",
    "source",
    "caret",
    "what",
    "why",
    "instead",
    "rule",
    "set_by",
}
PROGRAM = """import os
import math
def f(x):
    return x.__class__, eval('1')
class A:
    def __reduce__(self): return 1
print(().__dict__)
"""


def test_all_refusals_of_a_program_come_at_once(guest):
    ran = guest(PROGRAM)
    found = ran.verdict["violations"]
    assert [(one["line"], one["what"]) for one in found] == [
        (1, 'module "os"'),
        (4, 'the attribute "__class__"'),
        (4, "eval()"),
        (6, 'defining "__reduce__"'),
        (7, 'the attribute "__dict__"'),
    ]
    assert all(set(one) == FIELDS for one in found)
    assert all(one["why"] for one in found)
    assert ran.verdict["return_code"] == 1


def test_a_refusal_points_at_its_place(guest):
    (found,) = guest("x = 1\ny = (x, x.__class__)").verdict["violations"]
    assert (found["line"], found["column"], found["end_line"], found["end_column"]) == (2, 11, 2, 20)
    assert found["source"] == "y = (x, x.__class__)"
    assert found["caret"] == "          ^^^^^^^^^"
    assert found["source"][found["column"] - 1 : found["end_column"] - 1] == "__class__"


def test_columns_count_characters_and_carets_count_cells(guest):
    (found,) = guest("值 = '中文' + 变量.__class__").verdict["violations"]
    assert found["source"][found["column"] - 1 : found["end_column"] - 1] == "__class__"
    assert found["caret"].index("^") == len("值 = '中文' + 变量.") + 5


def test_the_readable_text_goes_to_stderr(guest):
    ran = guest("import subprocess")
    assert ran.stderr == (
        '  File "<program>", line 1, column 8\n'
        "    import subprocess\n"
        "           ^^^^^^^^^^\n"
        'PolicyViolation: module "subprocess" is refused: programs may not start processes [import]\n'
        "  Instead: do the work in Python\n"
    )


def test_a_refusal_at_run_time_says_its_line(guest):
    ran = guest("x = 1\nfor n in range(2):\n    getattr(x, '__cl' + 'ass__')")
    (found,) = ran.verdict["violations"]
    assert (found["line"], found["source"]) == (3, "    getattr(x, '__cl' + 'ass__')")
    assert found["what"] == 'the attribute "__class__"'
    assert found["instead"]


def test_a_method_reads_the_namespace_of_its_own_objects_only(guest):
    for read in ("int.__dict__", "json.__dict__", "x.__dict__"):
        ran = guest(f"import json\nclass A:\n    def f(self, x): return {read}\nA().f(json)")
        assert ran.status == "policy_violation", (read, ran)
    ran = guest("class A:\n    def f(self, x): return x.__class__('B', (), {})\nA().f(int)")
    assert ran.status == "policy_violation", ran


def test_only_the_real_name_for_type_checkers_hides_an_import(guest):
    for before in (
        "TYPE_CHECKING = True",
        "from typing import TYPE_CHECKING\nTYPE_CHECKING = 1",
        "import typing as t",
    ):
        name = "t" if "as t" in before else "TYPE_CHECKING"
        ran = guest(f"{before}\nif {name}:\n    import os")
        assert ran.status == "policy_violation", before


def test_advice_names_what_to_write(guest):
    for code, advice in (
        ("import os", "pathlib"),
        ("import pickle", "json"),
        ("eval('1')", "literal_eval"),
        ("x = 1\nx.__class__", "type(x)"),
        ("match 1:\n    case complex(real=r): pass", "case Point() as p"),
    ):
        assert advice in guest(code).verdict["violations"][0]["instead"], code


def test_check_gives_the_same_without_running(guest_python):
    import json
    import subprocess
    from pathlib import Path

    code = f"import json; from coderunner.guest.language import check; print(json.dumps(check({PROGRAM!r}, {{}})))"
    answer = subprocess.run(
        [guest_python, "-c", code], cwd=Path(__file__).parents[4], capture_output=True, check=True, text=True
    )
    found = json.loads(answer.stdout)
    assert [one["line"] for one in found] == [1, 4, 4, 6, 7]
    broken = "import json; from coderunner.guest.language import check; print(json.dumps(check('x = (', {})))"
    answer = subprocess.run(
        [guest_python, "-c", broken],
        cwd=Path(__file__).parents[4],
        capture_output=True,
        check=True,
        text=True,
    )
    assert json.loads(answer.stdout)[0]["rule"] == "syntax"


def test_the_refusals_in_files_of_its_own_come_with_those_of_the_program(guest):
    files = {
        "main.py": "import helper\nimport sys",
        "helper.py": "import deeper\nimport gc",
        "deeper/__init__.py": "x = ().__class__",
    }
    ran = guest(files=files, entrypoint="main.py")
    assert [(one["file"], one["line"]) for one in ran.verdict["violations"]] == [
        ("main.py", 2),
        ("helper.py", 2),
        ("deeper/__init__.py", 1),
    ]
    assert ran.work_dir not in ran.stderr


def test_a_refused_module_is_refused_once(guest):
    assert len(guest("import os\nos.path.join('a')\nos.environ").verdict["violations"]) == 1
