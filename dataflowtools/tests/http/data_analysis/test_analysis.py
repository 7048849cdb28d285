import pytest

from dataflowtools.tests.http_service import stored

pytestmark = pytest.mark.asyncio(loop_scope="module")
SALES = [
    {"城市": "北京", "amount": 10, "price": 2.5, "day": "2024-01-31"},
    {"城市": "上海", "amount": None, "price": 3.5, "day": "2024-02-01"},
    {"城市": "北京", "amount": 30, "price": None, "day": "2024-02-15"},
]


async def post(client, what, **body):
    return await client.request("POST", f"/api/data_analysis/{what}", json=body)


async def test_a_profile_is_what_analyze_gives_by_itself(client):
    reply = await post(client, "analyze", data=SALES)
    assert reply.status == 200, reply.body
    found = reply.json()
    assert found["analysis"] == "profile"
    assert found["rows"] == 3
    assert [column["name"] for column in found["columns"]] == ["城市", "amount", "price", "day"]
    assert found["columns"][1]["missing"] == 1


async def test_a_stored_file_is_analysed(client):
    file = await stored(client, "销售.csv", "城市,amount\n北京,1\n上海,2\n".encode("gbk"))
    reply = await post(client, "analyze", file_id=file["file_id"])
    assert reply.status == 200, reply.body
    assert reply.json()["source"]["encoding"] == "gb18030"


async def test_steps_give_records_and_files(client):
    steps = [
        {"op": "derive", "columns": {"total": "amount * price"}},
        {"op": "filter", "condition": "total > 1"},
    ]
    reply = await post(client, "transform", data=SALES, steps=steps)
    assert reply.status == 200, reply.body
    assert [row["total"] for row in reply.json()["data"]] == [25.0]
    for target in ("csv", "tsv", "xlsx", "parquet", "arrow", "json", "ndjson", "markdown", "html"):
        reply = await post(client, "transform", data=SALES, steps=steps, to=target)
        assert reply.status == 200, reply.body
        file = reply.json()["file"]
        if target not in ("markdown", "html"):
            again = await post(client, "transform", file_id=file["file_id"], steps=[])
            assert again.status == 200, (target, again.body)
            assert [row["total"] for row in again.json()["data"]] == [25], target


async def test_validation(client):
    rules = [{"rule": "not_null", "column": "amount"}, {"rule": "range", "column": "price", "max": 3}]
    reply = await post(client, "validate", data=SALES, rules=rules)
    assert reply.status == 200, reply.body
    found = reply.json()
    assert not found["valid"]
    assert [(one["row"], one["column"], one["rule"], one["value"]) for one in found["errors"]] == [
        (2, "amount", "not_null", None),
        (2, "price", "range", 3.5),
    ]


async def test_steps_and_functions_are_listed(client):
    reply = await client.request("GET", "/api/data_analysis/steps")
    assert reply.status == 200, reply.body
    assert len(reply.json()["steps"]) == 30
    assert len(reply.json()["functions"]) > 60


async def test_a_dry_run_shows_every_step_and_stores_nothing(client):
    before = (await client.request("GET", "/api/file/list")).json()["files"]
    steps = [
        {"op": "sort", "by": ["price"]},
        {"op": "group", "by": ["城市"], "measures": [{"function": "sum", "column": "amount"}]},
    ]
    options = {"dry_run": True, "preview_rows": 1}
    found = (await post(client, "transform", data=SALES, steps=steps, to="csv", options=options)).json()
    assert [len(step["preview"]) for step in found["steps"]] == [1, 1]
    assert [step["rows"] for step in found["steps"]] == [3, 2]
    assert found["preview"] == [{"城市": "上海", "amount_sum": None}]
    assert found["lineage"] == {"城市": ["data.城市"], "amount_sum": ["data.amount"]}
    assert (await client.request("GET", "/api/file/list")).json()["files"] == before


async def test_several_tables_are_joined_and_the_result_goes_on(client):
    prices = await stored(client, "prices.csv", "城市,rate\n北京,2\n".encode())
    steps = [
        {"op": "join", "table": "p", "on": ["城市"]},
        {"op": "derive", "columns": {"v": "amount * rate"}},
    ]
    tables = {"p": {"file_id": prices["file_id"]}}
    reply = await post(
        client, "transform", data=SALES, tables=tables, steps=steps, to={"format": "parquet", "name": "out"}
    )
    file = reply.json()["file"]
    assert file["name"] == "out.parquet"
    analysis = {"kind": "group", "by": ["城市"], "measures": [{"function": "sum", "column": "v"}]}
    found = (await post(client, "analyze", file_id=file["file_id"], options={"analysis": analysis})).json()
    assert found["data"] == [{"城市": "北京", "v_sum": 80}]


async def test_charts_are_drawn(client):
    import base64

    analysis = {"kind": "group", "by": ["城市"], "measures": [{"function": "sum", "column": "amount"}]}
    for form in ("png", "svg", "vega-lite"):
        options = {"analysis": analysis, "chart": {"type": "bar", "format": form, "title": "销售"}}
        chart = (await post(client, "analyze", data=SALES, options=options)).json()["chart"]
        assert chart["format"] == form
        if form == "png":
            assert base64.b64decode(chart["content_base64"]).startswith(b"\x89PNG")
        elif form == "svg":
            assert "<svg" in chart["content"]
        else:
            assert chart["spec"]["mark"]["type"] == "bar"


async def test_errors_come_page_by_page(client):
    data = [{"n": n} for n in range(25)]
    rules = [{"rule": "range", "column": "n", "max": 2}]
    seen, cursor = [], None
    while True:
        options = {"limit": 10} | ({"cursor": cursor} if cursor else {})
        found = (await post(client, "validate", data=data, rules=rules, options=options)).json()
        assert found["counts"]["errors"] == 22
        seen += [error["row"] for error in found["errors"]]
        cursor = found["next_cursor"]
        if cursor is None:
            break
    assert seen == list(range(4, 26))


async def test_a_schema_is_inferred_and_holds(client):
    for kind in ("table_schema", "json_schema"):
        schema = (await post(client, "schema", data=SALES, options={"kind": kind})).json()["schema"]
        assert (await post(client, "validate", data=SALES, schema=schema)).json()["valid"]


async def test_the_document_describes_every_address(client):
    paths = (await client.request("GET", "/openapi.json")).json()["paths"]
    for name in ("analyze", "transform", "validate", "schema", "custom", "steps"):
        assert f"/api/data_analysis/{name}" in paths


async def test_many_requests_at_once_share_the_workers(client):
    import asyncio

    replies = await asyncio.gather(*(post(client, "analyze", data=[{"n": n}]) for n in range(20)))
    assert [reply.json()["columns"][0]["max"] for reply in replies] == list(range(20))
