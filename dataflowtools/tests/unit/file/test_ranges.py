"""Byte ranges against an oracle."""

from hypothesis import given
from hypothesis import strategies as st

from dataflowtools.src.driveradapters.file.ranges import Unsatisfiable, parse_ranges

POSITIONS = st.one_of(st.none(), st.integers(0, 30))


@given(
    st.lists(
        st.tuples(POSITIONS, POSITIONS).filter(lambda pair: pair != (None, None)), min_size=1, max_size=6
    ),
    st.integers(0, 20),
)
def test_ranges_cover_exactly_what_was_asked_for_and_never_twice(asked, size_bytes):
    text = ", ".join(f"{'' if a is None else a}-{'' if b is None else b}" for a, b in asked)
    nonsense = any(a is not None and b is not None and b < a for a, b in asked)
    wanted = {position for a, b in asked for position in covered(a, b, size_bytes)}
    try:
        ranges = parse_ranges(f"bytes={text}", size_bytes)
    except Unsatisfiable:
        assert not wanted
        assert not nonsense
        return
    if nonsense:
        assert ranges is None
        return
    positions = [position for found in ranges for position in range(found.first, found.last + 1)]
    assert positions == sorted(wanted)


def covered(first, last, size_bytes):
    if first is None:
        return range(max(0, size_bytes - last), size_bytes)
    return range(first, size_bytes if last is None else min(last + 1, size_bytes))


@given(st.text(max_size=60))
def test_any_text_is_ignored_or_understood(text):
    try:
        parse_ranges(text, 10)
        parse_ranges("bytes=" + text, 10)
    except Unsatisfiable:
        pass
