"""Files of every format read as what was written, and files that are not what they should be."""

import csv
import datetime as dt
import io
import zipfile

import openpyxl
import polars as pl
import pytest
import xlsxwriter
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dataflowtools.src.drivenadapters.analysis.output.writers import write_table
from dataflowtools.src.errors import (
    CorruptFile,
    DecompressionLimit,
    EmptyFile,
    InvalidSelection,
    PasswordRequired,
    SheetTooLarge,
    TableTooLarge,
    TypeMismatch,
    UnsupportedType,
)
from dataflowtools.src.logics.data_analysis.limits import AnalysisLimits
from dataflowtools.src.logics.data_analysis.output import Output
from dataflowtools.tests.unit.data_analysis.tables import codes, frames, plain, same

CELLS = st.text(alphabet="ab中,;\t|\"'\n é1", max_size=6).map(lambda text: text.strip("\n\"' ") or "x")


@settings(max_examples=120, deadline=None, database=None, suppress_health_check=list(HealthCheck))
@given(
    rows=st.lists(st.lists(CELLS, min_size=3, max_size=3), min_size=2, max_size=8),
    delimiter=st.sampled_from(",;\t|"),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "gb18030"]),
    ending=st.sampled_from(["\n", "\r\n"]),
)
def test_csv_reads_as_the_standard_library_reads_it(read, rows, delimiter, encoding, ending):
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter, lineterminator=ending)
    writer.writerows([["名称", "bb", "cc"], *rows])
    table = read(
        text.getvalue().encode(encoding),
        delimiter=delimiter,
        encoding=encoding,
        infer_types=False,
        missing=[],
    )
    assert table.frame.columns == ["名称", "bb", "cc"]
    wanted = list(csv.reader(io.StringIO(text.getvalue(), newline=""), delimiter=delimiter))[1:]
    assert [list(row) for row in table.frame.rows()] == wanted


PLAIN = "名称,城市,价格\n苹果手机,北京,100\n笔记本电脑,上海,200\n无线耳机,广州,300\n"


@pytest.mark.parametrize(
    ("encoding", "found"),
    [
        ("utf-8", "utf-8"),
        ("utf-8-sig", "utf-8-sig"),
        ("gbk", "gb18030"),
        ("gb18030", "gb18030"),
        ("utf-16", "utf-16"),
        ("utf-16-le", "utf-16-le"),
    ],
)
def test_the_encoding_is_found_and_told(read, encoding, found):
    table = read(PLAIN.encode(encoding))
    assert table.source["encoding"] == found
    assert table.frame.columns == ["名称", "城市", "价格"]
    assert table.frame["价格"].to_list() == [100, 200, 300]


def test_japanese_and_overrides(read):
    text = "品名,値段\nりんごジュース,100\nみかんの皮,200\n"
    assert read(text.encode("shift_jis")).frame.columns == ["品名", "値段"]
    assert read("é;1\nü;2\n".encode("cp1252"), encoding="latin-1", header=False).frame[
        "column_1"
    ].to_list() == ["é", "ü"]
    with pytest.raises(InvalidSelection):
        read(b"a,b\n1,2\n", encoding="nonsense")


def test_bytes_of_mixed_encodings_are_replaced_and_counted(read):
    table = read("名称,n\n苹果,1\n".encode() + "香蕉,2\n".encode("gbk"), encoding="utf-8")
    assert table.frame.height == 2
    late = "n,名\n" + "1,苹果\n" * 200_000
    table = read(late.encode() + b"2,\xff\xfe\n")
    assert table.frame.height == 200_001
    assert "undecodable_characters" in codes(table)


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found(read, delimiter):
    content = "\n".join(
        delimiter.join(row) for row in (["a", "b", "c"], ["1,5", "x y", "2"], ["3", "z", "4"])
    )
    if delimiter == ",":
        content = content.replace("1,5", "15")
    table = read(content.encode(), "a.txt")
    assert table.source["delimiter"] == delimiter
    assert table.frame.columns == ["a", "b", "c"]


def test_types_are_inferred_only_where_every_value_allows(read):
    content = "n,x,code,big,flag,day,time,mixed,none\n1,1.5,007,123456789012345678901,true,2024-02-29,2024-01-01 10:00:00,1,\n-2,NA,100,1,FALSE,,2024-01-01T11:30,x,\n"
    table = read(content.encode())
    dtypes = dict(table.frame.schema)
    assert dtypes == {
        "n": pl.Int64, "x": pl.Float64, "code": pl.String, "big": pl.String, "flag": pl.Boolean, "day": pl.Date,
        "time": pl.Datetime("us"), "mixed": pl.String, "none": pl.String,
    }  # fmt: skip
    assert table.frame["code"].to_list() == ["007", "100"]
    assert table.frame["time"].to_list()[1] == dt.datetime(2024, 1, 1, 11, 30)
    assert read(content.encode(), infer_types=False).frame.dtypes == [pl.String] * 9
    assert read(content.encode(), text_columns=["n"]).frame["n"].to_list() == ["1", "-2"]


def test_a_value_far_down_changes_the_type_of_its_column(read):
    start = "a,b,c,d\n" + "1,1,2024-01-01,true\n" * 6000
    table = read((start + "1.5,x,soon,maybe\n").encode())
    assert table.frame.dtypes == [pl.Float64, pl.String, pl.String, pl.String]
    assert table.frame.row(-1) == (1.5, "x", "soon", "maybe")
    assert table.frame["b"][0] == "1"


def test_rows_too_short_and_too_long_are_listed_by_line(read):
    content = b'a,b,c\n1,2,3\n4,5\n\n"x\ny",6,7\n8,9,10,11\n12,13,14\n'
    table = read(content)
    assert table.frame["a"].to_list() == ["1", "4", "x\ny", "8", "12"]
    warning = table.warnings[0]
    assert (warning["code"], warning["count"]) == ("bad_rows", 2)
    assert warning["rows"] == [{"line": 3, "fields": 2}, {"line": 7, "fields": 4}]
    assert read(content, bad_rows="drop").frame.height == 3
    with pytest.raises(CorruptFile, match="lines 3, 7"):
        read(content, bad_rows="refuse")


def test_a_quote_that_is_never_closed_is_told_with_its_line(read):
    with pytest.raises(CorruptFile, match="line 3"):
        read(b'a,b\n1,2\n"3,4\n5,6\n')
    assert read(b'a,b\n1,2\n"3,4\n5,6\n', quote="").frame.height == 3


def test_quotes_inside_of_texts_are_texts(read):
    assert read(b'a,b\n5" pipe,1\n6" pipe,2\n').frame["a"].to_list() == ['5" pipe', '6" pipe']


def test_nul_bytes_are_left_out_and_counted(read):
    table = read(b"a,b\nx\0y,1\nz,2\n")
    assert table.frame["a"].to_list() == ["xy", "z"]
    assert codes(table) == ["nul_bytes"]


def test_a_line_without_end_is_refused(read):
    with pytest.raises(TableTooLarge, match="Line 2"):
        read(b"a,b\n" + b"x" * 5000 + b"\n", limits=AnalysisLimits(line_bytes=1000))


def test_names_that_are_missing_or_double_are_made_unique_and_told(read):
    table = read(b"a,,a,a_2,\n1,2,3,4,5\n")
    assert table.frame.columns == ["a", "column_2", "a_3", "a_2", "column_5"]
    assert table.warnings[0]["columns"][0] == {"position": 2, "from": "", "to": "column_2"}


@pytest.mark.parametrize(
    ("content", "columns"), [(b"a,b\n", ["a", "b"]), (b"a,b", ["a", "b"]), (b"a", ["a"])]
)
def test_a_header_alone_is_a_table_without_rows(read, content, columns):
    table = read(content)
    assert (table.frame.columns, table.frame.height) == (columns, 0)


def test_a_file_without_a_byte_and_files_that_are_no_tables(read):
    with pytest.raises(EmptyFile):
        read(b"")
    with pytest.raises(UnsupportedType):
        read(b"%PDF-1.7\n", "a.pdf")
    with pytest.raises(UnsupportedType):
        read(b"\x89PNG\r\n\x1a\n\0\0\0", "a.png")
    with pytest.raises(TypeMismatch):
        read(b"PAR1\0\0", "a.csv", format="xlsx")


def test_rows_beyond_the_limit_are_refused(read):
    with pytest.raises(TableTooLarge):
        read(b"a\n" + b"1\n" * 100, limits=AnalysisLimits(rows=50))


def test_a_large_csv_is_streamed_and_gives_the_same(read):
    content = "名,n,d\n" + "".join(f"x{k % 7},{k},2024-01-{k % 28 + 1:02}\n" for k in range(20_000))
    held = read(content.encode())
    streamed = read(content.encode(), limits=AnalysisLimits(stream_bytes=1000))
    assert streamed.frame.equals(held.frame)


@settings(max_examples=40, deadline=None, database=None, suppress_health_check=list(HealthCheck))
@given(frame=frames("i", "x", "k", "b", "d", "t", min_rows=1))
@pytest.mark.parametrize("form", ["csv", "tsv", "xlsx", "parquet", "arrow", "json", "ndjson"])
def test_what_is_written_is_read_back(read, tmp_path_factory, form, frame):
    folder = tmp_path_factory.mktemp("write")
    frame = frame.with_row_index("n")  # a sheet does not keep empty rows at its end
    with (folder / "out").open("wb") as file:
        write_table(frame.lazy(), Output(format=form), file, folder)
    table = read((folder / "out").read_bytes(), f"t.{form}").frame
    assert table.columns == frame.columns
    for name in frame.columns:
        assert same(table[name], frame[name]), (name, plain(table[name]), plain(frame[name]))


def workbook(build):
    content = io.BytesIO()
    book = xlsxwriter.Workbook(content)
    build(book)
    book.close()
    return content.getvalue()


def test_a_sheet_with_dates_booleans_and_whole_numbers(read):
    def build(book):
        sheet = book.add_worksheet("数据")
        day = book.add_format({"num_format": "yyyy-mm-dd"})
        for row, cells in enumerate(
            [["名", "n", "x", "flag", "day"], ["甲", 1, 1.5, True, None], ["乙", 2, None, False, None]]
        ):
            sheet.write_row(row, 0, cells)
        sheet.write_datetime(1, 4, dt.datetime(2024, 2, 29), day)
        book.add_worksheet("hidden").hide()

    table = read(workbook(build), "a.xlsx")
    assert table.frame.dtypes == [pl.String, pl.Int64, pl.Float64, pl.Boolean, pl.Date]
    assert table.frame["day"].to_list() == [dt.date(2024, 2, 29), None]
    assert table.source["sheets"] == [{"name": "数据", "hidden": False}, {"name": "hidden", "hidden": True}]


def test_sheets_by_name_and_number(read):
    def build(book):
        for number in (1, 2):
            book.add_worksheet(f"s{number}").write_row(0, 0, ["a"])
            book.get_worksheet_by_name(f"s{number}").write_row(1, 0, [number])

    content = workbook(build)
    assert read(content, "a.xlsx", sheet="s2").frame["a"].to_list() == [2]
    assert read(content, "a.xlsx", sheet=2).frame["a"].to_list() == [2]
    for wrong in ("s3", 0, 9):
        with pytest.raises(InvalidSelection, match="'s1', 's2'"):
            read(content, "a.xlsx", sheet=wrong)


def test_the_1904_calendar_and_serial_60(read):
    content = io.BytesIO()
    book = openpyxl.Workbook()
    book.epoch = openpyxl.utils.datetime.CALENDAR_MAC_1904
    sheet = book.active
    sheet.append(["d"])
    sheet.append([dt.datetime(2024, 2, 29)])
    book.save(content)
    assert read(content.getvalue(), "a.xlsx").frame["d"].to_list() == [dt.date(2024, 2, 29)]

    def build(book):
        sheet, day = book.add_worksheet(), book.add_format({"num_format": "yyyy-mm-dd"})
        sheet.write_row(0, 0, ["d"])
        for row, serial in enumerate([59, 61], start=1):
            sheet.write_number(row, 0, serial, day)

    assert read(workbook(build), "a.xlsx").frame["d"].to_list() == [
        dt.date(1900, 2, 28),
        dt.date(1900, 3, 1),
    ]


def test_formulas_without_a_value_and_error_cells_are_told(read):
    content = io.BytesIO()
    book = openpyxl.Workbook()
    book.active.append(["n", "double", "bad"])
    book.active.append([1, "=A2*2", "#N/A"])
    book.active.append([2, "=A3*2", "ok"])
    book.save(content)
    table = read(content.getvalue(), "a.xlsx")
    found = {warning["code"]: warning for warning in table.warnings}
    assert found["formula_without_value"]["count"] == 2
    assert found["formula_without_value"]["cells"][0] == {"cell": "B2", "formula": "=A2*2"}
    assert found["error_cells"]["cells"] == [{"cell": "C2", "error": "#N/A"}]
    assert table.frame["n"].to_list() == [1, 2]
    assert table.frame["double"].to_list() == [None, None]


def test_merged_cells_are_told_and_filled_when_asked(read):
    def build(book):
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["city", "n"])
        sheet.merge_range(1, 0, 3, 0, "北京")
        sheet.write_column(1, 1, [1, 2, 3])

    content = workbook(build)
    table = read(content, "a.xlsx")
    assert table.frame["city"].to_list() == ["北京", None, None]
    assert (codes(table), table.source["merged_areas"]) == (["merged_cells"], ["A2:A4"])
    assert read(content, "a.xlsx", fill_merged=True).frame["city"].to_list() == ["北京"] * 3


def test_headers_of_several_rows_and_rows_above(read):
    def build(book):
        sheet = book.add_worksheet()
        for row, cells in enumerate([["title"], ["2023", None, "2024"], ["q1", "q2", "q1"], [1, 2, 3]]):
            sheet.write_row(row, 0, cells)

    table = read(workbook(build), "a.xlsx", skip_rows=1, header_rows=2)
    assert table.frame.columns == ["2023 q1", "2023 q2", "2024 q1"]
    assert table.frame.rows() == [(1, 2, 3)]


def test_double_names_in_a_sheet_are_told(read):
    table = read(
        workbook(lambda book: book.add_worksheet().write_row(0, 0, ["a", "a", None, "b"]) or None), "a.xlsx"
    )
    assert table.frame.columns == ["a", "a_2", "column_3", "b"]
    assert table.frame.height == 0


def rewritten(content, part, change):
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for entry in old.infolist():
            data = old.read(entry)
            new.writestr(entry.filename, change(data) if entry.filename == part else data)
    return out.getvalue()


SHEET = "xl/worksheets/sheet1.xml"


def simple(book):
    book.add_worksheet().write_row(0, 0, ["a"])
    book.get_worksheet_by_name("Sheet1").write_row(1, 0, [1])


@pytest.mark.parametrize(
    "cell",
    [
        b'<c r="XFD1048576"><v>1</v></c>',
        b"<c r='XFD1048576'><v>1</v></c>",
        b'<c\nr="XFD1048576"><v>1</v></c>',
        b'<c r = "ZZZ999999"><v>1</v></c>',
    ],
)
def test_a_cell_in_the_far_corner_is_refused_before_it_is_read(read, cell):
    content = rewritten(
        workbook(simple),
        SHEET,
        lambda xml: xml.replace(b"</sheetData>", b'<row r="1048576">' + cell + b"</row></sheetData>"),
    )
    with pytest.raises(SheetTooLarge):
        read(content, "a.xlsx")


def test_bombs_and_broken_files(read):
    bomb = rewritten(
        workbook(simple),
        SHEET,
        lambda xml: xml.replace(b"</sheetData>", b" " * 200_000_000 + b"</sheetData>"),
    )
    with pytest.raises(DecompressionLimit):
        read(bomb, "a.xlsx")
    good = workbook(simple)
    with pytest.raises(CorruptFile):
        read(good[: len(good) // 2], "a.xlsx")
    with pytest.raises(CorruptFile):
        read(b"PAR1" + b"x" * 100 + b"PAR1", "a.parquet")
    with pytest.raises(CorruptFile):
        read(b"ARROW1\0\0" + b"x" * 100, "a.arrow")


def test_json_of_every_shape(read):
    assert read(b'[{"a": 1}, {"b": "x"}]', "a.json").frame.rows() == [(1, None), (None, "x")]
    assert read(b'{"data": [{"a": 1}]}', "a.json").frame.rows() == [(1,)]
    assert read(b'{"a": [1, 2], "b": ["x", "y"]}', "a.json").frame.rows() == [(1, "x"), (2, "y")]
    assert read(b"[1, 2]", "a.json").frame.columns == ["value"]
    assert read(b'{"a": 1}\n\n{"a": 2}\n', "a.ndjson").frame["a"].to_list() == [1, 2]
    assert read(b'[{"a": 1}, {"a": "x"}, {"a": {"b": [1]}}]', "a.json").frame["a"].to_list() == [
        "1",
        "x",
        '{"b": [1]}',
    ]
    assert read(b'[{"a": [1, 2]}, {"a": []}]', "a.json").frame["a"].to_list() == [[1, 2], []]


def test_numbers_of_json_are_exact_or_missing(read):
    table = read(
        b'[{"a": 9007199254740993, "b": 123456789012345678901234567890, "c": 1e400, "d": NaN, "e": 1.5}]',
        "a.json",
    )
    assert table.frame.row(0) == (9007199254740993, "123456789012345678901234567890", None, None, 1.5)
    assert codes(table) == ["not_finite"]


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (b"[1,", "a.json"),
        (b'"x"', "a.json"),
        (b"[" * 100_000, "a.json"),
        (b'{"a":1}\n{"a"\n', "a.ndjson"),
        (b'[{"a": ' + b"9" * 10_000 + b"}]", "a.json"),
        (b"[\xff]", "a.json"),
    ],
)
def test_json_that_is_none_is_told(read, content, name):
    with pytest.raises(CorruptFile):
        read(content, name)


def test_encrypted_workbooks_ask_for_their_password(read):
    msoffcrypto = pytest.importorskip("msoffcrypto.format.ooxml")
    encrypted = io.BytesIO()
    msoffcrypto.OOXMLFile(io.BytesIO(workbook(simple))).encrypt("secret", encrypted)
    with pytest.raises(PasswordRequired):
        read(encrypted.getvalue(), "a.xlsx")
