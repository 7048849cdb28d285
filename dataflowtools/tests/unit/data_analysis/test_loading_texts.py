"""Text tables as programs write them: titles, separators, decimal marks and line ends."""

import datetime as dt

import polars as pl
import pytest

from dataflowtools.src.errors import CorruptFile
from dataflowtools.tests.unit.data_analysis.tables import codes


def test_lines_that_end_with_a_return_alone_are_lines(read):
    assert read(b"a,b\r1,2\r3,4\r").collected().rows() == [(1, 2), (3, 4)]
    assert read(b"a,b\r\n1,2\r3,4\n5,6\r\n").collected().rows() == [(1, 2), (3, 4), (5, 6)]


def test_a_line_separator_of_unicode_ends_no_line(read):
    assert read("a\u2028b,c\x85d\n1,2\n".encode()).collected().rows(named=True) == [
        {"a\u2028b": 1, "c\x85d": 2}
    ]


@pytest.mark.parametrize("odd_end", ["", 'x"y,1\n'])
@pytest.mark.parametrize(
    ("above", "told"),
    [
        ("Sales report 2024\n\n", ["Sales report 2024"]),
        ("Sales report 2024,,\nfrom the till,,\n", ["Sales report 2024", "from the till"]),
        ("# made by a program\n", ["# made by a program"]),
    ],
)
def test_titles_above_the_header_are_left_out_and_told(read, above, told, odd_end):
    found = read((above + "region,amount,day\nN,5,2024-01-01\nS,6,2024-01-02\n" + odd_end).encode())
    assert found.collected().columns == ["region", "amount", "day"]
    assert found.collected().rows()[0][0] == "N"
    [warning] = [one for one in found.warnings if one["code"] == "rows_above_header"]
    assert warning["rows"] == told
    assert warning["count"] == len(told)


def test_a_header_that_stands_alone_is_no_title(read):
    assert read(b"name\nAnn\nBob\n").collected().columns == ["name"]
    assert read(b"name,\nAnn,1\nBob,2\n").collected().columns == ["name", "column_2"]
    assert read(b"a\n1,2\n3,4\n").collected().columns == ["a", "column_2"]
    people = read(b"name\nSmith, John\nDoe, Jane\n").collected()
    assert people.rows(named=True)[0] == {"name": "Smith", "column_2": " John"}


def test_columns_without_a_name_are_kept(read):
    found = read(b"a,b\n1,2,x\n3,4,y\n")
    assert found.collected().rows(named=True)[0] == {"a": 1, "b": 2, "column_3": "x"}
    assert codes(found) == ["columns_renamed"]
    assert read(b"a,b\n1,2,\n3,4,\n").collected().columns == ["a", "b"]


def test_lines_of_a_text_can_be_skipped(read):
    found = read(b"x;y;z\nnote\na,b\n1,2\n", skip_rows=2)
    assert found.collected().rows(named=True) == [{"a": 1, "b": 2}]
    assert codes(found) == []


@pytest.mark.parametrize("line", ["sep=;", '"sep=;"', "SEP=;"])
def test_a_line_may_name_the_separator(read, line):
    found = read(f"{line}\r\na;b\r\n1;2\r\n".encode())
    assert found.collected().rows(named=True) == [{"a": 1, "b": 2}]
    assert found.source["delimiter"] == ";"


def test_a_decimal_comma_is_found_between_semicolons_and_where_it_is_named(read):
    text = b"a;b;c\n1,5;1.234,56;1,234\n-2;0,5;5,678\n"
    assert read(text).collected().rows() == [(1.5, 1234.56, "1,234"), (-2.0, 0.5, "5,678")]
    assert read(text, decimal=",").collected().rows() == [(1.5, 1234.56, 1.234), (-2.0, 0.5, 5.678)]
    assert read(text, decimal=".").collected().schema["a"] == pl.String


def test_moments_with_a_zone_become_utc(read):
    text = b"t,u\n2024-01-01T10:00:00+08:00,2024-01-01 10:00Z\n2024-01-01T10:00:00.5Z,2024-01-01 10:00:00 -0130\n"
    day = dt.datetime(2024, 1, 1)  # tables hold UTC without saying so
    first, second = read(text).collected().rows()
    assert first == (day.replace(hour=2), day.replace(hour=10))
    assert second == (day.replace(hour=10, microsecond=500_000), day.replace(hour=11, minute=30))


def test_a_value_far_down_that_is_no_date_is_kept(read):
    lines = ["day", *["2024-01-01"] * 6000, "unknown"]
    assert read("\n".join(lines).encode()).collected().to_series()[-1] == "unknown"


@pytest.mark.parametrize("encoding", ["gb18030", "utf-16", "utf-8-sig"])
def test_json_is_read_in_the_encoding_that_it_is_in(read, encoding):
    found = read('[{"名": "张三"}]'.encode(encoding), "a.json")
    assert found.collected().rows(named=True) == [{"名": "张三"}]


def test_json_of_one_value_a_line_is_read_whatever_its_name(read):
    for name in ("a.json", "a.jsonl"):
        assert read(b'{"a": 1}\n\n{"a": 2}\n', name).collected()["a"].to_list() == [1, 2]
        with pytest.raises(CorruptFile, match="line 3, column 2"):
            read(b'{"a": 1}\n\n{oops}\n', name)


@pytest.mark.timeout(60)
def test_a_table_of_thousands_of_columns_is_read_while_one_waits(read):
    names = [f"c{number}" for number in range(6000)]
    text = ",".join(names) + "\n" + ",".join(str(number) for number in range(6000)) + "\n"
    assert read(text.encode()).collected().row(0) == tuple(range(6000))
