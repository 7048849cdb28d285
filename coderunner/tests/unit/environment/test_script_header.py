"""Headers are read as PEP 723 says, and whatever is sent costs no more than a look at each line."""

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coderunner.src.common.program import Program, SecurityLevel
from coderunner.src.errors import InvalidProgram, ScriptHeaderInvalid
from coderunner.src.logics.environment.script_header import _block, script_header

# the reference of the specification
REFERENCE = re.compile(r"(?m)^# /// (?P<type>[a-zA-Z0-9-]+)$\s(?P<content>(^#(| .*)$\s)+)^# ///$")
LINES = [
    "# /// script",
    "# ///",
    "# /// other",
    "#",
    "# x = 1",
    "#no",
    "",
    "print(1)",
    "# /// script ",
    "# /// a b",
]
texts = st.lists(st.one_of(st.sampled_from(LINES), st.text(alphabet="#/ ax=", max_size=6)), max_size=12)


def reference(text):
    found = [match for match in REFERENCE.finditer(text) if match["type"] == "script"]
    if len(found) > 1:
        return "more than one"
    lines = found[0]["content"].splitlines(keepends=True) if found else []
    content = "".join(line[2:] if line.startswith("# ") else line[1:] for line in lines)
    return content.removesuffix("\n") if found else None


def ours(text):
    try:
        return _block(text, "/code")
    except ScriptHeaderInvalid:
        return "more than one"


@given(texts.map("\n".join))
def test_blocks_are_found_as_the_specification_finds_them(text):
    assert ours(text) == reference(text)


def program(code):
    return Program(code, SecurityLevel.ISOLATED)


def test_windows_line_ends_are_understood():
    header = script_header(program('# /// script\r\n# dependencies = ["six"]\r\n# ///\r\nprint(1)\r\n'))
    assert header.dependencies == {"six": "six"}


def test_the_entrypoints_header_counts():
    made = Program(
        "",
        SecurityLevel.ISOLATED,
        entrypoint="a/b.py",
        files={"a/b.py": "# /// script\n# dependencies = [1]\n# ///"},
    )
    with pytest.raises(ScriptHeaderInvalid) as refused:
        script_header(made)
    assert refused.value.errors[0]["pointer"] == "/files/a~1b.py"


@pytest.mark.parametrize(
    "text",
    [
        "# /// script\n" * 800_000,
        "# /// script\n\n" * 700_000,
        "# /// script\n# x\n" * 500_000,
        "# /// script\n#" + " " * 9_000_000,
        "# /// script\n# x = " + "[" * 60_000 + "\n# ///\n",
        "# /// script\n# x = " + "{a=" * 20_000 + "\n# ///\n",
    ],
    ids=["openings", "broken openings", "comments", "one long line", "brackets", "tables"],
)
def test_ten_megabytes_of_openings_cost_little(text):
    began = time.process_time()
    try:
        script_header(program(text))
    except InvalidProgram as refused:
        assert str(refused)  # noqa: PT017 - it may be refused or not, but in words
    assert time.process_time() - began < 5
