"""What is written is text where it was text, whatever a spreadsheet would make of it."""

import io

import openpyxl
import polars as pl
import pytest

from dataflowtools.src.drivenadapters.analysis.output.records import json_bytes, records_of
from dataflowtools.src.drivenadapters.analysis.output.writers import write_table
from dataflowtools.src.errors import WorkerResultTooLarge
from dataflowtools.src.logics.data_analysis.output import Output

EVIL = [
    "=cmd|'/c calc'!A0",
    "+1+1",
    "-2+3",
    "@SUM(A1)",
    "\t=1",
    '=HYPERLINK("http://x")',
    "{=1}",
    "http://x.y",
]


def written(frame, tmp_path, form, **options):
    path = tmp_path / "out"
    with path.open("wb") as file:
        warnings = write_table(frame.lazy(), Output(format=form, **options), file, tmp_path)
    return path.read_bytes(), warnings


def test_texts_in_workbooks_stay_texts(tmp_path):
    content, _ = written(pl.DataFrame({"=A1": EVIL}), tmp_path, "xlsx")
    sheet = openpyxl.load_workbook(io.BytesIO(content)).active
    cells = [cell for row in sheet.iter_rows() for cell in row]
    assert [cell.value for cell in cells] == ["=A1", *EVIL]
    assert all(cell.data_type != "f" or cell.value in {"=A1", *EVIL} for cell in cells)
    assert all(cell.hyperlink is None for cell in cells)
    raw = openpyxl.load_workbook(io.BytesIO(content), rich_text=False)
    assert b"<f>" not in _part(content, "xl/worksheets/sheet1.xml")
    assert raw.sheetnames == ["data"]


def _part(content, name):
    import zipfile

    with zipfile.ZipFile(io.BytesIO(content)) as package:
        return package.read(name)


def test_csv_escapes_formulas_when_asked_and_only_texts(tmp_path):
    frame = pl.DataFrame({"s": [*EVIL, "-5", "plain"], "n": list(range(-5, 5))})
    plain_content, _ = written(frame, tmp_path, "csv")
    assert plain_content.decode().splitlines()[1].startswith("=cmd")
    escaped, _ = written(frame, tmp_path, "csv", escape_formulas=True)
    lines = escaped.decode().splitlines()
    assert all(line.lstrip('"').startswith("'") for line in lines[1:7])
    assert [line.split(",")[-1] for line in lines[1:]] == [str(n) for n in range(-5, 5)]
    assert lines[9].startswith("-5")


def test_csv_may_begin_with_a_mark(tmp_path):
    content, _ = written(pl.DataFrame({"名": ["甲"]}), tmp_path, "csv", bom=True)
    assert content == "\ufeff名\n甲\n".encode()


def test_markup_is_escaped(tmp_path):
    frame = pl.DataFrame({"<b>": ["<script>alert(1)</script>", "a|b\nc", None]})
    page, _ = written(frame, tmp_path, "html")
    assert b"<script>" not in page
    assert b"&lt;script&gt;" in page
    text, _ = written(frame, tmp_path, "markdown")
    assert text.decode().splitlines()[3] == "| a\\|b<br>c |"
    assert b"<script>" not in text


def test_lists_become_json_in_plain_cells(tmp_path):
    content, _ = written(pl.DataFrame({"l": [[1, 2], None]}), tmp_path, "csv")
    assert content.decode().splitlines()[1] == '"[1, 2]"'


def test_long_texts_are_cut_in_workbooks_and_told(tmp_path):
    content, warnings = written(pl.DataFrame({"t": ["x" * 40_000]}), tmp_path, "xlsx")
    assert warnings[0]["code"] == "texts_cut"
    assert len(openpyxl.load_workbook(io.BytesIO(content)).active["A2"].value) == 32_767


def test_whole_numbers_beyond_what_a_sheet_keeps_are_texts(tmp_path):
    content, _ = written(pl.DataFrame({"n": [(1 << 53) + 1, 5]}), tmp_path, "xlsx")
    sheet = openpyxl.load_workbook(io.BytesIO(content)).active
    assert [sheet["A2"].value, sheet["A3"].value] == ["9007199254740993", 5]


def test_more_than_a_sheet_holds_is_refused(tmp_path):
    with pytest.raises(WorkerResultTooLarge):
        written(pl.DataFrame({"n": pl.int_range(1_048_576, eager=True)}), tmp_path, "xlsx")


def test_records_are_json_that_any_program_reads():
    frame = pl.DataFrame({"x": [float("nan"), float("inf"), 1.5], "n": [(1 << 62), None, 0]})
    assert records_of(frame) == [{"x": None, "n": 1 << 62}, {"x": None, "n": None}, {"x": 1.5, "n": 0}]
    assert b"NaN" not in json_bytes(frame)
    assert json_bytes(pl.DataFrame()) == b"[]"
