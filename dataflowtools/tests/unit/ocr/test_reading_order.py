"""Columns, rows, headings across columns, vertical lines, tables without rules, and no line ever lost."""

from hypothesis import given, settings
from hypothesis import strategies as st

from dataflowtools.src.logics.ocr.find_blocks import find_blocks
from dataflowtools.src.logics.ocr.join_text import block_text, paragraph_text
from dataflowtools.src.logics.ocr.model import Line, Rect, Word


def line(text, left, top, width=None, height=20):
    return Line(text, 0.9, Rect(left, top, left + (width or 12 * len(text)), top + height).quad)


def texts(lines, **options):
    return [one.text for block in find_blocks(lines, **options) for one in block.lines]


LONG = "a line of running text here"


def test_two_columns_below_a_heading():
    lines = [line("The heading that spans both of the columns below it", 40, 10, 700)]
    left = [line(f"{LONG} L{row}", 40, 60 + 30 * row) for row in range(6)]
    right = [line(f"{LONG} R{row}", 430, 60 + 30 * row) for row in range(6)]
    mixed = [one for pair in zip(left, right, strict=True) for one in pair]
    wanted = [one.text for one in (*lines, *left, *right)]
    assert texts([*mixed, *lines]) == wanted


def test_a_form_is_read_row_by_row():
    rows = [("Name", "Zhang San"), ("Phone", "138 0013 8000"), ("Town", "Beijing"), ("Date", "2026-11-21")]
    lines = [
        line(text, left, 40 * row)
        for row, pair in enumerate(rows)
        for text, left in zip(pair, (20, 200), strict=True)
    ]
    assert texts(lines) == [text for pair in rows for text in pair]


def test_a_line_that_was_read_across_a_gutter_is_divided():
    left = [line(f"{LONG} L{row}", 40, 60 + 30 * row, 340) for row in range(5)]
    right = [line(f"{LONG} R{row}", 420, 60 + 30 * row, 340) for row in range(5)]
    words = [
        Word("left", 0.9, Rect(40, 210, 380, 230).quad),
        Word("right", 0.9, Rect(420, 210, 760, 230).quad),
    ]
    across = Line("left right", 0.9, Rect(40, 210, 760, 230).quad, words)
    assert texts([*left, *right, across]) == [one.text for one in left] + ["left"] + [
        one.text for one in right
    ] + ["right"]


def test_vertical_lines_go_from_right_to_left():
    lines = [
        Line(text, 0.9, Rect(left, 10, left + 30, 400).quad)
        for text, left in (("三列文字", 10), ("二列文字", 70), ("一列文字", 130))
    ]
    blocks = find_blocks(lines)
    assert [one.text for block in blocks for one in block.lines] == ["一列文字", "二列文字", "三列文字"]
    assert all(block.vertical for block in blocks)


def test_short_texts_in_columns_are_a_table():
    rows = [
        ("Item", "Count", "Price"),
        ("Bolt", "120", "0.35"),
        ("Plate", "8", "266.00"),
        ("Sum", "128", "266.35"),
    ]
    lines = [
        line(text, left, 40 * row)
        for row, cells in enumerate(rows)
        for text, left in zip(cells, (20, 200, 400), strict=True)
    ]
    (block,) = find_blocks(lines)
    assert block_text(block).splitlines() == ["\t".join(row) for row in rows]


def test_paragraphs_join_hyphens_and_chinese_without_spaces():
    assert paragraph_text([line("an ex-", 0, 0), line("ample of it", 0, 30)]) == "an example of it"
    assert paragraph_text([line("第一行", 0, 0), line("第二行", 0, 30)]) == "第一行第二行"


PLACES = st.tuples(st.integers(0, 900), st.integers(0, 900), st.integers(5, 300), st.integers(5, 60))


@settings(max_examples=150, deadline=None)
@given(st.lists(PLACES, max_size=25))
def test_no_line_is_lost_or_doubled(places):
    lines = [
        Line(f"n{number}", 0.9, Rect(left, top, left + width, top + height).quad)
        for number, (left, top, width, height) in enumerate(places)
    ]
    found = " ".join(texts(lines)).split()
    assert sorted(found) == sorted(one.text for one in lines)
