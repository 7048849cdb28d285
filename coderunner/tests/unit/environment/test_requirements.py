"""Requirements are data: whatever is sent, only names, versions and sources that have a name come through."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from packaging.requirements import Requirement

from coderunner.src.errors import InvalidProgram, InvalidRequirementText
from coderunner.src.logics.environment.requirements import (
    PackageRules,
    kept_requirement,
    kept_wheel,
    parse_requirements,
    requirement_lines,
)

RULES = PackageRules(frozenset(), frozenset())
HOSTILE = ["--index-url", "-r", "-e", "../x", "@", " @ ", "git+https://", "file:///", "wheel:", "\n", "\0", ";", "#", "$(id)", " --hash=sha256:0", "six"]  # fmt: skip
texts = st.lists(st.one_of(st.sampled_from(HOSTILE), st.text(max_size=8)), max_size=6).map("".join)


def came_through(text):
    try:
        asked = parse_requirements([text])
        RULES.hold_sources(asked, "/packages")
    except InvalidProgram:
        return None
    return asked


@given(texts)
@example("six @ wheel:upload/x/y/six-1.0-py3-none-any.whl")
@example("six @ file://localhost/etc/passwd")
@example("x@git+file:///etc")
def test_what_comes_through_is_one_line_and_no_option(text):
    """Attack 31: nothing that reaches the installer begins with a dash, spans lines or names a place."""
    asked = came_through(text)
    if asked is None:
        return
    (spelt,) = asked.values()
    assert Requirement(spelt).url is None
    assert spelt[0].isalnum()
    assert spelt.splitlines() == [spelt]
    assert parse_requirements([spelt]) == asked  # spelling it again changes nothing


@given(st.lists(texts, max_size=5).map("\n".join))
def test_a_requirements_file_holds_requirements_only(text):
    try:
        lines = requirement_lines(text)
    except InvalidRequirementText:
        return
    for line in lines:
        Requirement(line)
        assert not line.startswith("-")


def test_only_our_own_rows_name_kept_wheels():
    text = kept_requirement("six", "upload/a/b/six-1.0-py3-none-any.whl")
    assert kept_wheel(text) == "upload/a/b/six-1.0-py3-none-any.whl"
    assert parse_requirements([text], kept=True) == {"six": text}
    with pytest.raises(InvalidRequirementText):
        parse_requirements([text])
