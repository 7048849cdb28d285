"""Tracebacks show the program's frames, and say everything else in a line."""


def test_sources_of_compiled_libraries_are_not_the_programs(data_guest):
    code = "import pandas as pd\ndef f():\n    return pd.DataFrame({'a': [1]})['b']\nf()"
    for level in ("restricted", "isolated"):
        ran = data_guest(code, security_level=level)
        (failure,) = ran.verdict["exceptions"]
        assert failure["line"] == 3
        assert ".pyx" not in failure["traceback"]
        assert failure["traceback"].startswith("KeyError: 'b'\n\nThe above exception was the direct cause")
        assert "[inside pandas/core/" in failure["traceback"]


def test_a_recursion_is_read_at_a_glance(guest):
    for level in ("restricted", "isolated"):
        text = guest("def f(n):\n    return f(n + 1)\nf(0)", security_level=level).stderr
        assert text.count("line 2, in f") == 3
        assert "[Previous line repeated 9" in text
        assert text.endswith("RecursionError: maximum recursion depth exceeded\n")


def test_traceback_gives_text_and_no_frames(guest):
    code = "import traceback\ntry: 1 / 0\nexcept ZeroDivisionError as error:\n    print(traceback.format_exc(), traceback.format_exception(error)[-1])"
    ran = guest(code)
    assert ran.status == "success", ran.stderr
    assert 'File "<program>", line 2' in ran.stdout
    assert "/coderunner/" not in ran.stdout
    for member in ("extract_stack", "walk_tb", "TracebackException", "sys"):
        assert guest(f"import traceback\ntraceback.{member}").status == "policy_violation"
