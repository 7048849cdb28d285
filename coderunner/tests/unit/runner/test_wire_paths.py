"""Paths and names on the wire: whatever passes stays beneath the work folder."""

import os

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import ValidationError

from coderunner.src.driveradapters.runner.wire import ExecuteBody

PIECES = st.sampled_from(
    ["a", "..", ".", "", "/", "\\", "\0", "é", "b.py", " ", "~", "con", "%2e", "x" * 256, "\n", "\x7f", "数"]
)
PATHS = st.one_of(st.text(max_size=40), st.lists(PIECES, max_size=6).map("/".join))


@given(PATHS)
@example("a/../../x")
@example("a/./b")
@example("/a")
def test_a_path_that_passes_stands_beneath_the_folder_in_one_spelling(path):
    try:
        body = ExecuteBody(code="1", files={path: ""})
    except ValidationError:
        return
    (kept,) = body.files
    joined = os.path.normpath(os.path.join("/box", kept))
    assert joined == f"/box/{kept}"
    assert not any(ord(character) < 32 for character in kept)
    assert all(len(part.encode("utf-8", "surrogatepass")) <= 255 for part in kept.split("/"))


@pytest.mark.parametrize("path", ["a.py", "a/b/c.txt", "数据/表.csv", "a b", ".hidden", "a..b", "..a", "~"])
def test_ordinary_paths_pass(path):
    assert list(ExecuteBody(code="1", files={path: ""}).files) == [path]


@given(st.dictionaries(PATHS, st.just(""), max_size=5))
def test_no_file_is_another_files_folder(files):
    try:
        body = ExecuteBody(code="1", files=files)
    except ValidationError:
        return
    for path in body.files:
        assert not any(other.startswith(path + "/") for other in body.files)


@given(st.text(max_size=30))
@example("LD_PRELOAD")
@example("PYTHONPATH")
def test_an_environment_name_that_passes_is_harmless(name):
    try:
        ExecuteBody(code="1", env={name: "x"})
    except ValidationError:
        return
    assert name.isidentifier()
    assert name.isascii()
    assert not name.startswith(("LD_", "PYTHON", "GLIBC_", "MALLOC_"))
    assert name not in {"PATH", "HOME", "TMPDIR"}


@given(st.text(max_size=30))
def test_a_function_name_that_passes_is_a_plain_name(name):
    try:
        ExecuteBody(code="1", function_name=name)
    except ValidationError:
        return
    assert name.isidentifier()
    assert not name.startswith("_")
