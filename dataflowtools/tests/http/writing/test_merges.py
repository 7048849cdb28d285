"""Many records into one template: what is told of the bad ones, and what becomes of the good."""

import io
import zipfile

import pytest

from dataflowtools.tests.http.writing.calls import content_of, made, stored
from dataflowtools.tests.http.writing.test_edit import text_of
from dataflowtools.tests.http.writing.test_templates import refused, template, word

pytestmark = pytest.mark.asyncio(loop_scope="package")

LETTER = word("Dear {{ name }},", "you pay {{ (100 / share) | round(1) }}.")
LEFT_OUT = {"bad_records": "leave_out", "name": "{{ name }}.docx"}


async def test_bad_records_of_a_thousand_are_told_and_the_others_filled_in(client):
    rows = [{"name": f"n{n}", "share": n + 1} for n in range(1000)]
    rows[3] = {"name": "n3"}
    rows[500] = {"name": "n500", "share": "many"}
    rows[998] = {"name": "n998", "share": 0}
    body = {"file_id": await template(client, LETTER), "records": rows, **LEFT_OUT}
    reply = await made(client, "template/fill", body)
    with zipfile.ZipFile(io.BytesIO(await content_of(client, reply["file_id"]))) as package:
        names = package.namelist()
        last = package.read("n999.docx")

    assert (reply["records"], len(names)) == (997, 997)
    assert not {"n3.docx", "n500.docx", "n998.docx"} & set(names)
    assert text_of(last) == ["Dear n999,", "you pay 0.1."]
    told = [one["message"] for one in reply["warnings"] if one["code"] == "record_left_out"]
    assert [message.split(":")[0] for message in told] == [
        "Record 4 was left out", "Record 501 was left out", "Record 999 was left out",
    ]  # fmt: skip
    assert "share" in told[0]
    assert "division by zero" in told[2]


async def test_a_table_s_bad_rows_are_left_out_too(client):
    table = "name,share\nann,1\nbob,\ncleo,4\n"
    rows = (await stored(client, "r.csv", table.encode()))["file_id"]
    body = {"file_id": await template(client, LETTER), "data_file_id": rows, **LEFT_OUT}
    reply = await made(client, "template/fill", body)
    with zipfile.ZipFile(io.BytesIO(await content_of(client, reply["file_id"]))) as package:
        assert package.namelist() == ["ann.docx", "cleo.docx"]
    assert [one["message"][:22] for one in reply["warnings"]] == ["Record 2 was left out:"]


async def test_when_every_record_is_bad_it_is_said_why(client):
    problem = await refused(
        client, LETTER, "missing_fields", records=[{"name": "x"}, {"name": "y"}], bad_records="leave_out"
    )
    assert "share" in problem["detail"]


async def test_what_a_record_does_to_a_template_is_told_of_that_record(client):
    rows = [{"name": "a", "share": 1}, {"name": "b", "share": 0}]
    problem = await refused(client, LETTER, "template_error", records=rows)
    shown = await refused(
        client,
        word("{{p x }}"),
        "invalid_template_data",
        records=[{"x": "a"}, {"x": {"type": "table", "rows": 1}}],
    )

    assert problem["detail"].startswith("Record 2: The template fails: ZeroDivisionError")
    assert [error["pointer"] for error in shown["errors"]] == ["/records/1/x"]


async def test_one_document_leaves_nobody_out(client):
    body = {"records": [{"name": "x", "share": 1}], "bad_records": "leave_out", "output": "merged"}
    await refused(client, LETTER, "unsupported_conversion", **body)


async def test_numbers_of_a_csv_are_calculated_with_and_shown_as_written(client):
    source = "{{ code }} {{ price }} {{ price * 2 }} {% if n > 2 %}more{% endif %} {{ n + 1 }} {{ '%.1f' | format(price | abs) }}"
    table = "code,price,n\n007,12.50,3\n"
    body = {
        "file_id": await template(client, source.encode(), "t.txt"),
        "data_file_id": (await stored(client, "r.csv", table.encode()))["file_id"],
    }
    reply = await made(client, "template/fill", body)

    assert (await content_of(client, reply["file_id"])).decode() == "007 12.50 25.0 more 4 12.5"


async def test_the_items_that_a_template_adds_up_must_be_numbers(client):
    source = b"{{ items | sum(attribute='price') }}"
    body = {"file_id": await template(client, source, "t.txt")}
    slots = await made(client, "template/slots", body, status=200)
    problem = await refused(
        client, source, "invalid_template_data", "t.txt", data={"items": [{"price": "x"}]}
    )

    assert ("items[].price", "number") in [(slot["name"], slot["type"]) for slot in slots["slots"]]
    assert problem["errors"][0]["pointer"] == "/data/items/0/price"
