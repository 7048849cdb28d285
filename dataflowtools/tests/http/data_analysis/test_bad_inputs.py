"""The bad inputs that concern tables, over HTTP: a clear answer, and the next request is fine."""

import io
import zipfile

import pytest
import pytest_asyncio
import xlsxwriter

from dataflowtools.tests.http_service import running, stored
from servicekit.testing import assert_problem

pytestmark = pytest.mark.asyncio(loop_scope="module")
DATA = [{"a": 1, "s": "x"}, {"a": 2, "s": "y"}]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def client(tmp_path_factory):
    limits = {
        "analysis_max_rows": 200_000, "analysis_max_cells": 2_000_000, "analysis_inline_rows": 1_000,
        "analysis_memory_bytes": 256 * 1024**2, "analysis_timeout_s": 10, "analysis_workers": 1,
    }  # fmt: skip
    async with running(tmp_path_factory.mktemp("bad"), **limits) as connected:
        yield connected


async def post(client, what, **body):
    return await client.request("POST", f"/api/data_analysis/{what}", json=body)


async def transform(client, *steps, **more):
    return await post(client, "transform", **{"data": DATA, "steps": list(steps), **more})


@pytest.mark.parametrize(
    "text",
    [
        "@os.system('id')",
        "a.__class__.__mro__",
        "__import__('os')",
        "(lambda: 1)()",
        "open('/etc/passwd')",
        "a; import os",
        "[a for a in b]",
    ],
)
async def test_26_text_that_wants_python_is_refused_by_position(client, text):
    for body in ({"op": "derive", "columns": {"n": text}}, {"op": "filter", "condition": text}):
        found = assert_problem(await transform(client, body), 422, "operation_not_allowed")
        assert found["position"] >= 1
        assert found["reason"]
        assert found["errors"][0]["pointer"].startswith("/steps/0/")
    rules = [{"rule": "expression", "expression": text}]
    assert_problem(await post(client, "validate", data=DATA, rules=rules), 422, "operation_not_allowed")


async def test_27_patterns_run_in_linear_time(client):
    data = [{"s": "a" * 30_000 + "!"}] * 20
    rules = [{"rule": "pattern", "column": "s", "pattern": "(a+)+"}]
    reply = await post(client, "validate", data=data, rules=rules)
    assert reply.json()["counts"]["errors"] == 20
    schema = {"properties": {"s": {"pattern": "^(a+)+$"}}}
    assert (await post(client, "validate", data=data, schema=schema)).json()["counts"]["errors"] == 20
    rules = [{"rule": "pattern", "column": "s", "pattern": r"(a)\1"}]
    assert_problem(await post(client, "validate", data=data, rules=rules), 422, "invalid_pattern")


async def test_28_what_would_explode_is_refused_with_the_estimate(client):
    big = await stored(client, "big.csv", b"k,n\n" + b"".join(b"1,%d\n" % n for n in range(20_000)))
    tables = {"o": {"file_id": big["file_id"]}}
    for step in ({"how": "cross"}, {"on": ["k"]}):
        reply = await transform(
            client, {"op": "join", "table": "o", **step}, data=None, file_id=big["file_id"], tables=tables
        )
        found = assert_problem(reply, 422, "result_too_large")
        assert found["estimate"]["rows"] == 400_000_000
        assert found["errors"][0]["pointer"] == "/steps/0"
    step = {"op": "pivot", "index": ["k"], "columns": "n", "values": "k"}
    assert_problem(await transform(client, step, data=None, file_id=big["file_id"]), 422, "result_too_large")
    query = "SELECT a.n FROM data a, data b"
    assert_problem(
        await post(
            client, "analyze", file_id=big["file_id"], options={"analysis": {"kind": "sql", "query": query}}
        ),
        422,
        "result_too_large",
    )
    found = assert_problem(
        await transform(client, data=None, file_id=big["file_id"]), 422, "result_too_large"
    )
    assert found["estimate"]["rows"] == 20_000


@pytest.mark.parametrize(
    "query",
    [
        "SELECT * FROM read_csv('/etc/passwd')",
        "COPY data TO '/tmp/x'",
        "INSTALL httpfs",
        "SET lock_configuration = false",
    ],
)
async def test_29_sql_reaches_nothing_outside(client, query):
    assert_problem(await transform(client, {"op": "sql", "query": query}), 422, "operation_not_allowed")


async def test_30_formulas_are_texts(client):
    data = [{"t": "=cmd|'/c calc'!A0"}, {"t": "+1"}, {"t": "@x"}]
    reply = await transform(client, data=data, to="xlsx")
    download = await client.request("GET", f"/api/file/download/{reply.json()['file']['file_id']}")
    with zipfile.ZipFile(io.BytesIO(download.body)) as package:
        assert b"<f>" not in package.read("xl/worksheets/sheet1.xml")
    reply = await transform(client, data=data, to={"format": "csv", "inline": True, "escape_formulas": True})
    assert reply.json()["content"].splitlines()[1:] == ["'=cmd|'/c calc'!A0", "+1", "'@x"]


def workbook(build):
    content = io.BytesIO()
    book = xlsxwriter.Workbook(content)
    build(book.add_worksheet())
    book.close()
    return content.getvalue()


async def test_31_and_32_what_a_sheet_hides_is_told(client):
    def build(sheet):
        sheet.write_row(0, 0, ["city", "n", "e"])
        sheet.merge_range(1, 0, 2, 0, "北京")
        sheet.write_formula(1, 1, "=1+1", value="")
        sheet.write_formula(2, 1, "=NA()", value="#N/A")

    file = await stored(client, "a.xlsx", workbook(build))
    found = (await post(client, "analyze", file_id=file["file_id"])).json()
    assert {"formula_without_value", "merged_cells", "error_cells"} <= {
        one["code"] for one in found["warnings"]
    }
    options = {"read": {"fill_merged": True}}
    reply = await post(client, "transform", file_id=file["file_id"], steps=[], options=options)
    assert [row["city"] for row in reply.json()["data"]] == ["北京", "北京"]


async def test_33_numbers_stay_exact_and_replies_stay_json(client):
    raw = b'[{"n": 9007199254740993, "h": 123456789012345678901234567890, "x": 1e400, "y": NaN}]'
    file = await stored(client, "n.json", raw)
    reply = await post(client, "transform", file_id=file["file_id"], steps=[])
    assert reply.json()["data"] == [
        {"n": 9007199254740993, "h": "123456789012345678901234567890", "x": None, "y": None}
    ]
    assert b":NaN" not in reply.body
    reply = await transform(client, {"op": "derive", "columns": {"z": "a / 0", "l": "ln(0 - a)"}})
    assert [row["z"] for row in reply.json()["data"]] == [None, None]
    big = {"op": "derive", "columns": {"z": "a * 9223372036854775807"}}
    assert "64 bits" in assert_problem(await transform(client, big), 422, "invalid_step")["detail"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
async def test_34_chinese_in_every_encoding(client, encoding):
    file = await stored(client, "销售.csv", "名称,数量\n苹果,1\n香蕉,2\n".encode(encoding))
    found = (await post(client, "analyze", file_id=file["file_id"])).json()
    assert [column["name"] for column in found["columns"]] == ["名称", "数量"]
    assert found["source"]["encoding"].replace("-sig", "") == encoding.replace("-sig", "")


async def test_35_bad_rows_are_listed_by_line(client):
    file = await stored(client, "r.csv", b"a,b\n1,2\n3\n4,5,6\n")
    warning = (await post(client, "analyze", file_id=file["file_id"])).json()["warnings"][0]
    assert warning["rows"] == [{"line": 3, "fields": 1}, {"line": 4, "fields": 3}]
    file = await stored(client, "q.csv", b'a,b\n1,2\n"3,4\n5,6\n')
    assert (
        "line 3"
        in assert_problem(await post(client, "analyze", file_id=file["file_id"]), 422, "corrupt_file")[
            "detail"
        ]
    )
    file = await stored(client, "l.csv", b"a,b\n" + b"x" * (17 << 20))
    assert_problem(await post(client, "analyze", file_id=file["file_id"]), 422, "table_too_large")


async def test_36_names_and_empty_tables(client):
    file = await stored(client, "d.csv", b"a,a,\n")
    found = (await post(client, "analyze", file_id=file["file_id"])).json()
    assert (found["rows"], [column["name"] for column in found["columns"]]) == (0, ["a", "a_2", "column_3"])
    assert found["warnings"][0]["code"] == "columns_renamed"
    assert (await post(client, "analyze", data=[])).json()["rows"] == 0
    reply = await transform(client, {"op": "filter", "condition": "a > 99"})
    assert reply.json()["data"] == []
    assert [column["name"] for column in reply.json()["columns"]] == ["a", "s"]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"data": DATA, "file_id": "x"},
        {"data": DATA, "unknown": 1},
        {"data": "x"},
        {"data": DATA, "steps": [{"op": "nope"}]},
        {"data": DATA, "steps": [{"op": "select", "columns": "a"}]},
        {"data": DATA, "steps": [], "to": "exe"},
        {"data": DATA, "steps": [], "tables": {"data": {"data": []}}},
        {"data": DATA, "steps": [], "tables": {"no name": {"data": []}}},
    ],
)
async def test_bodies_that_make_no_sense_name_their_fields(client, body):
    reply = await client.request("POST", "/api/data_analysis/transform", json=body)
    assert assert_problem(reply, 422, "validation_failed")["errors"]


async def test_a_sheet_that_reaches_into_the_far_corner(client):
    content = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(workbook(lambda sheet: sheet.write(0, 0, "a")))) as old,
        zipfile.ZipFile(content, "w") as new,
    ):
        for entry in old.infolist():
            data = old.read(entry)
            if entry.filename.endswith("sheet1.xml"):
                data = data.replace(
                    b"</sheetData>", b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>'
                )
            new.writestr(entry.filename, data)
    file = await stored(client, "far.xlsx", content.getvalue())
    assert_problem(await post(client, "analyze", file_id=file["file_id"]), 422, "sheet_too_large")


async def test_too_many_rows_and_too_much_memory_are_told_and_the_next_request_is_fine(client):
    file = await stored(client, "many.csv", b"a\n" + b"1\n" * 200_001)
    assert_problem(await post(client, "analyze", file_id=file["file_id"]), 422, "table_too_large")
    wide = await stored(client, "wide.csv", b"t\n" + (b"x" * 900 + b"\n") * 50_000)
    growing = {"op": "derive", "columns": {f"c{n}": f"t + '{n}' + t + t + t + t" for n in range(20)}}
    reply = await post(client, "transform", file_id=wide["file_id"], steps=[growing], to="csv")
    assert_problem(reply, 422, "memory_limit")
    assert (await post(client, "analyze", data=DATA)).status == 200


async def test_files_of_others_are_not_there(client):
    assert_problem(await post(client, "analyze", file_id="0" * 32), 404, "file_not_found")
    tables = {"o": {"file_id": "0" * 32}}
    assert_problem(
        await transform(client, {"op": "union", "tables": ["o"]}, tables=tables), 404, "file_not_found"
    )


async def test_files_that_are_no_tables(client):
    file = await stored(client, "a.pdf", b"%PDF-1.7\n1 0 obj\n")
    assert_problem(await post(client, "analyze", file_id=file["file_id"]), 415, "unsupported_type")
    file = await stored(client, "e.csv", b"")
    assert_problem(await post(client, "analyze", file_id=file["file_id"]), 422, "empty_file")
    file = await stored(client, "p.parquet", b"PAR1xxxxPAR1")
    assert_problem(await post(client, "analyze", file_id=file["file_id"]), 422, "corrupt_file")


@pytest.mark.parametrize(
    ("analysis", "code"),
    [
        ({"kind": "group", "by": ["nope"]}, "unknown_column"),
        ({"kind": "sql", "query": "SELECT * FROM nope"}, "invalid_sql"),
        ({"kind": "sql", "query": "ATTACH 'x'"}, "operation_not_allowed"),
        (
            {"kind": "resample", "column": "a", "every": "1d", "measures": [{"function": "rows"}]},
            "invalid_step",
        ),
    ],
)
async def test_what_an_analysis_cannot_do_is_pointed_at(client, analysis, code):
    found = assert_problem(
        await post(client, "analyze", data=DATA, options={"analysis": analysis}), 422, code
    )
    assert found["errors"][0]["pointer"].startswith("/options/analysis")


async def test_what_a_chart_cannot_show_is_pointed_at(client):
    options = {"analysis": {"kind": "group", "by": ["s"]}, "chart": {"type": "bar", "x": "nope"}}
    found = assert_problem(await post(client, "analyze", data=DATA, options=options), 422, "unknown_column")
    assert found["errors"][0]["pointer"].startswith("/options/chart")
