"""Names for display."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataflowtools.src.logics.file.clean_names import MAX_NAME_BYTES, clean_name, extension_of


@given(st.text(max_size=400))
def test_a_clean_name_is_no_path_has_nothing_unseen_and_stays_clean(name):
    clean = clean_name(name)
    assert clean
    assert len(clean.encode()) <= MAX_NAME_BYTES
    assert not set(clean) & set("/\\\0\r\n\u202e\u2066\ufeff")
    assert clean.strip(".") != ""
    assert clean_name(clean) == clean


@pytest.mark.parametrize(
    ("name", "extension"),
    [("a.PDF", "pdf"), ("a.tar.gz", "gz"), (".bashrc", ""), ("noext", ""), ("a.", ""), ("文.docx", "docx")],
)
def test_extensions(name, extension):
    assert extension_of(name) == extension
