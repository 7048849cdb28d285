"""Delimited text: rows 34, 35 and 36."""

import csv
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dataflowtools.src import errors
from dataflowtools.src.drivenadapters.documents import csv_handler
from dataflowtools.tests.unit.documents.making import read

CHINESE = "名称,城市,数量\n苹果公司,北京市,3\n电脑设备,上海市,5\n"
JAPANESE = "名前,都市\nりんご,東京都\nみかんジュース,大阪府\n"


@pytest.mark.parametrize(
    ("text", "encoding", "reported"),
    [
        (CHINESE, "gb18030", "gb18030"),
        (CHINESE, "utf-8", "utf-8"),
        (CHINESE, "utf-8-sig", "utf-8-sig"),
        (CHINESE, "utf-16", "utf-16"),
        (CHINESE, "utf-16-le", "utf-16-le"),
        (JAPANESE, "shift_jis", "cp932"),
        (JAPANESE, "euc_jp", "euc_jp"),
        ("名前,都市\n田中,東京\nさくら,大阪\n", "shift_jis", "cp932"),
        ("商品名,価格\nりんご,100\n", "shift_jis", "cp932"),
        ("주문 번호,날짜\n서울특별시 강남구,오늘\n", "cp949", "cp949"),
        ("名稱,城市,數量\n蘋果公司,臺北市,3\n電腦設備,高雄市,5\n", "big5", "big5"),
        ("이름,도시\n사과,서울\n", "cp949", "cp949"),
        ("Größe,Straße\nMüller,Köln\n", "cp1252", "cp1252"),
        ("имя,город\nЯблоко,Москва\n", "cp1251", "cp1251"),
    ],
)
def test_encodings_are_found_and_reported(text, encoding, reported):
    answer = read(text.encode(encoding), "a.csv")
    assert answer.grid() == [line.split(",") for line in text.splitlines()]
    assert answer.metadata["encoding"] == reported


def test_an_encoding_can_be_chosen_and_a_wrong_one_is_refused():
    data = "naïve,2\n".encode("cp1252")
    assert read(data, "a.csv", encoding="latin-1").grid() == [["naïve", "2"]]
    assert "undecodable" in read(data, "a.csv", encoding="utf-8").codes
    for wrong in ("nope", "rot13", "zip", "unicode_escape", "utf-7"):
        with pytest.raises(errors.InvalidSelection):
            read(data, "a.csv", encoding=wrong)


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found(delimiter):
    text = "\n".join(
        delimiter.join(row)
        for row in (["a", "b,x" if delimiter != "," else "b", "c"], ["1", "2", "3"], ["4", "5", "6"])
    )
    answer = read(text.encode(), "a.csv")
    assert answer.metadata["delimiter"] == delimiter
    assert answer.grid()[1] == ["1", "2", "3"]


def test_broken_rows_are_listed_with_their_lines():
    answer = read(b'a,b,c\n1,2,3\n4,5\n6,7,8,9\n"open,10,11\n12,13,14\n', "a.csv")
    assert answer.metadata["bad_rows"] == [
        {"line": 3, "fault": "ragged_row", "fields": 2},
        {"line": 4, "fault": "ragged_row", "fields": 4},
        {"line": 5, "fault": "unclosed_quote", "fields": 3},
    ]
    assert answer.grid()[-1] == ["12", "13", "14"]
    assert [warning["where"] for warning in answer.warnings] == ["line 3", "line 4", "line 5"]


def test_a_record_over_several_lines_counts_its_first():
    answer = read(b'a,b\n"two\nlines",x\nshort\n', "a.csv")
    assert answer.grid()[1] == ["two\nlines", "x"]
    assert answer.metadata["bad_rows"] == [{"line": 4, "fault": "ragged_row", "fields": 1}]


def test_nul_bytes_are_left_out_and_told():
    answer = read(b"a,b\n1\0,2\n", "a.csv")
    assert answer.grid() == [["a", "b"], ["1", "2"]]
    assert answer.codes == ["nul_bytes"]


def test_a_line_without_end_is_too_large():
    with pytest.raises(errors.DocumentTooLarge):
        read(b"x" * (csv_handler.MAX_LINE_CHARACTERS + 10), "a.csv")
    with pytest.raises(errors.DocumentTooLarge):
        read(b"a,b\n" + b'"' + b"x" * (csv_handler.MAX_LINE_CHARACTERS + 10), "a.csv")


def test_names_that_are_empty_or_twice_get_unique_ones_beside_the_rows():
    answer = read(b"a,,a,a_2\n1,2,3,4\n", "a.csv")
    assert answer.grid()[0] == ["a", "", "a", "a_2"]
    assert answer.metadata["column_names"] == ["a", "column_2", "a_3", "a_2"]
    assert answer.codes == ["column_names"]


def test_a_header_without_rows_and_blank_lines_are_answers():
    assert read(b"a,b\n", "a.csv").grid() == [["a", "b"]]
    assert read(b"\n\n", "a.csv").tables == []


def test_rows_are_limited_and_rectangles_cut_out():
    data = b"a,b\n" + b"1,2\n" * 5000
    answer = read(data, "a.csv", max_rows=10)
    assert len(answer.grid()) == 10
    assert "rows_truncated" in answer.codes
    assert read(data, "a.csv", cells="B1:B2").grid() == [["b"], ["2"]]


FIELD = st.text(
    st.characters(blacklist_categories=("Cs",), blacklist_characters="\0\r\ufffd\x1c\x1d\x1e\x85"),
    max_size=20,
)


@given(st.lists(st.lists(FIELD, min_size=2, max_size=5), min_size=1, max_size=8), st.sampled_from(",;\t|"))
@settings(max_examples=60, deadline=None)
def test_whatever_the_standard_library_writes_is_read_back(rows, delimiter):
    rows = [row for row in rows if any(row)]
    held = io.StringIO()
    csv.writer(held, delimiter=delimiter, lineterminator="\r\n").writerows(rows)
    if rows and held.getvalue().strip("\r\n \t,;|\ufeff"):
        answer = read(b"\xef\xbb\xbf" + held.getvalue().encode(), "a.csv", delimiter=delimiter)
        assert [[cell.replace("\r\n", "\n") for cell in row] for row in answer.grid()] == rows


@given(st.binary(min_size=1, max_size=300))
@settings(max_examples=60, deadline=None)
def test_any_bytes_at_all_are_an_answer_or_a_clear_error(data):
    try:
        answer = read(data, "a.csv")
    except errors.RequestRefused:
        return
    assert isinstance(answer.blocks, list)


def test_a_line_that_names_the_separator_is_no_row():
    answer = read(b'"sep=;"\r\na;b\r\n1,5;"x\r\ny"\r\n1;2;3\r\n', "a.csv")
    assert answer.grid()[:2] == [["a", "b"], ["1,5", "x\r\ny"]]
    assert (answer.metadata["delimiter"], answer.metadata["column_names"]) == (";", ["a", "b"])
    assert [row["line"] for row in answer.metadata["bad_rows"]] == [5]
