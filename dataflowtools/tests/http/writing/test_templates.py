"""Templates over a real socket: slots, validation, filling one and a thousand, and what attackers write into them."""

import base64
import io
import zipfile

import docx
import openpyxl
import pypdfium2
import pytest

from dataflowtools.tests.http.writing.calls import call, content_of, made, stored
from dataflowtools.tests.http.writing.test_edit import parts, text_of
from dataflowtools.tests.http.writing.test_write import picture
from servicekit.testing import assert_problem

pytestmark = pytest.mark.asyncio(loop_scope="package")


def word(*paragraphs: str, rows=(), header="") -> bytes:
    """A template as a person makes it, with tags scattered over runs."""
    document = docx.Document()
    for text in paragraphs:
        paragraph = document.add_paragraph()
        half = len(text) // 2
        paragraph.add_run(text[:half]).bold = True
        paragraph.add_run(text[half:])
    if rows:
        table = document.add_table(0, len(rows[0]), "Table Grid")
        for row in rows:
            for cell, text in zip(table.add_row().cells, row, strict=True):
                cell.text = text
    if header:
        document.sections[0].header.paragraphs[0].text = header
    held = io.BytesIO()
    document.save(held)
    return held.getvalue()


INVOICE = word(
    "Dear {{ customer.name }},",
    "{%p if vip %}",
    "Thank you, {{ vip_text }}.",
    "{%p endif %}",
    "Total {{ total | round(2) }}, {{ note | default('no note') }}",
    rows=[
        ["name", "price"],
        ["{%tr for item in items %}", ""],
        ["{{ item.name }}", "{{ item.price * 2 }}"],
        ["{%tr endfor %}", ""],
    ],
    header="No. {{ number }}",
)
DATA = {
    "customer": {"name": "<李> & Söhne"},
    "vip": False,
    "total": 12.345,
    "number": 7,
    "items": [{"name": "a", "price": 1}, {"name": "b & c", "price": 2.5}],
}


async def template(client, data, name="t.docx") -> str:
    return (await stored(client, name, data))["file_id"]


async def filled(client, content, name="t.docx", /, **body) -> bytes:
    reply = await made(client, "template/fill", {"file_id": await template(client, content, name), **body})
    return await content_of(client, reply["file_id"])


async def refused(client, content, code, name="t.docx", status=422, /, **body) -> dict:
    reply = await call(client, "template/fill", {"file_id": await template(client, content, name), **body})
    return assert_problem(reply, status, code)


async def test_slots_are_listed_with_what_is_known_of_their_types(client):
    file_id = await template(client, INVOICE)
    reply = await made(client, "template/slots", {"file_id": file_id}, status=200)
    slots = {slot["name"]: (slot["type"], slot["required"], slot["parts"]) for slot in reply["slots"]}
    assert slots == {
        "customer.name": ("text", True, ["document"]),
        "vip": ("boolean", False, ["document"]),
        "vip_text": ("text", False, ["document"]),
        "total": ("number", True, ["document"]),
        "note": ("text", False, ["document"]),
        "items": ("list", True, ["document"]),
        "items[].name": ("text", True, ["document"]),
        "items[].price": ("number", True, ["document"]),
        "number": ("text", True, ["header1"]),
    }
    got = await client.request("GET", f"/api/file/template/slots?file_id={file_id}")
    assert got.json() == reply


async def test_a_word_template_is_filled_and_untouched_parts_keep_every_byte(client):
    after = await filled(client, INVOICE, data=DATA)
    document = docx.Document(io.BytesIO(after))

    assert [text for text in text_of(after) if text] == ["Dear <李> & Söhne,", "Total 12.35, no note"]
    assert [[cell.text for cell in row.cells] for row in document.tables[0].rows] == [
        ["name", "price"], ["a", "2"], ["b & c", "5.0"],
    ]  # fmt: skip
    assert document.sections[0].header.paragraphs[0].text == "No. 7"
    old, new = parts(INVOICE), parts(after)
    touched = {name for name in old | new if old.get(name) != new.get(name)}
    assert touched == {"word/document.xml", "word/header1.xml"}


async def test_everything_that_is_missing_is_named_at_once(client):
    data = {"customer": {}, "vip": True, "total": 1, "items": [{"name": "a"}, {"price": 1}]}
    problem = await refused(client, INVOICE, "missing_fields", data=data)
    assert {error["pointer"] for error in problem["errors"]} == {
        "/data/customer/name", "/data/vip_text", "/data/number", "/data/items/0/price", "/data/items/1/name",
    }  # fmt: skip
    blank = await filled(client, INVOICE, data=data, missing="empty")
    assert "Thank you, ." in text_of(blank)


async def test_data_are_checked_without_filling(client):
    body = {
        "file_id": await template(client, INVOICE),
        "records": [DATA, DATA | {"items": 5, "total": "much", "extra": 1}, {}],
    }
    reply = await made(client, "template/validate", body, status=200)
    faults = {(fault["record"], fault["field"], fault["code"]) for fault in reply["errors"]}
    assert (reply["valid"], reply["records"]) == (False, 3)
    assert {
        (1, "items", "wrong_type"),
        (1, "total", "wrong_type"),
        (2, "customer.name", "missing_field"),
    } <= faults
    assert not any(record == 0 for record, _, _ in faults)
    assert [warning["code"] for warning in reply["warnings"]] == ["unknown_field"]
    await refused(client, INVOICE, "invalid_template_data", data=DATA | {"items": 5})


async def test_pictures_and_tables_come_from_the_data(client):
    photo = await stored(client, "p.png", picture(60, 30))
    table = {"type": "table", "rows": [[{"text": "h", "header": True}, "x"], ["1", "2"]]}
    data = {
        "photo": {"type": "picture", "file_id": photo["file_id"], "width": 90},
        "stamp": {"type": "picture", "data": base64.b64encode(picture()).decode()},
        "table": [table, {"type": "list", "items": ["one"]}],
        "lines": "first\nsecond",
    }
    after = await filled(
        client, word("See {{ photo }} and {{ stamp }}.", "{{p table }}", "{{ lines }}"), data=data
    )
    document = docx.Document(io.BytesIO(after))
    assert [shape.width.pt for shape in document.inline_shapes] == [90, 30]
    assert [[cell.text for cell in row.cells] for row in document.tables[0].rows] == [["h", "x"], ["1", "2"]]
    assert "first\nsecond" in text_of(after)
    assert "one" in text_of(after)


async def test_a_text_where_blocks_are_shown_is_a_paragraph(client):
    after = await filled(client, word("before", "{{p note }}", "after"), data={"note": "plain & simple"})
    assert text_of(after) == ["before", "plain & simple", "after"]


async def test_a_mail_merge_of_a_thousand_rows_is_one_zip(client):
    table = "name,city,amount\n" + "".join(f"客户 {n},City {n},{n}\n" for n in range(1000))
    rows = (await stored(client, "r.csv", table.encode()))["file_id"]
    letter = word("Dear {{ name }} of {{ city }},", "you owe {{ amount }}.", header="{{ name }}")
    body = {
        "file_id": await template(client, letter, "letter.docx"),
        "data_file_id": rows,
        "name": "{{ city }}.docx",
    }
    reply = await made(client, "template/fill", body)
    assert (reply["name"], reply["records"]) == ("letter.zip", 1000)
    with zipfile.ZipFile(io.BytesIO(await content_of(client, reply["file_id"]))) as package:
        assert len(package.namelist()) == 1000
        one = package.read("City 777.docx")
    assert text_of(one) == ["Dear 客户 777 of City 777,", "you owe 777."]
    assert docx.Document(io.BytesIO(one)).sections[0].header.paragraphs[0].text == "客户 777"


async def test_records_are_merged_into_one_document(client):
    letter = word("Dear {{ name }}.")
    after = await filled(client, letter, records=[{"name": f"n{n}"} for n in range(50)], output="merged")
    assert [text for text in text_of(after) if text.strip()] == [f"Dear n{n}." for n in range(50)]
    assert docx.Document(io.BytesIO(after)).element.xml.count('w:type="page"') == 49
    with_header = word("x {{ a }}", header="{{ a }}")
    await refused(client, with_header, "template_error", records=[{"a": 1}], output="merged")


async def test_one_bad_record_is_named_and_nothing_is_stored(client):
    listed = (await client.request("GET", "/api/file/list?limit=500")).json()["files"]
    problem = await refused(client, word("{{ a }}"), "missing_fields", records=[{"a": 1}, {"b": 1}, {"a": 2}])
    assert [error["pointer"] for error in problem["errors"]] == ["/records/1/a"]
    now = (await client.request("GET", "/api/file/list?limit=500")).json()["files"]
    assert len(now) == len(listed) + 1


def book() -> bytes:
    made_of = openpyxl.Workbook()
    sheet = made_of.active
    sheet.title = "Bill"
    sheet["A1"] = "Bill for {{ customer }}"
    sheet["B1"] = "{{ total }}"
    sheet["A3"], sheet["B3"], sheet["C3"] = "item", "price", "tax"
    sheet["A4"] = "{% for item in items %}"
    sheet["A5"], sheet["B5"], sheet["C5"] = "{{ item.name }}", "{{ item.price }}", "=B5*$B$1"
    sheet["B5"].number_format = "0.00"
    sheet.merge_cells("D5:E5")
    sheet["A6"] = "{% endfor %}"
    sheet["A7"], sheet["B7"] = "sum", "=SUM(B5:B5)"
    other = made_of.create_sheet("Other")
    other["A1"] = "=Bill!B7"
    other["A2"], other["B2"] = "{%tr for n in names %}{{ n }}", "{{ loop.index }}{%tr endfor %}"
    held = io.BytesIO()
    made_of.save(held)
    return held.getvalue()


async def test_a_workbook_template_repeats_rows_and_its_formulas_follow(client):
    data = {
        "customer": "=cmd|'/c calc'!A0",
        "total": 0.2,
        "items": [{"name": f"n{n}", "price": n} for n in range(4)],
        "names": ["x", "y", "z"],
    }
    after = await filled(client, book(), "t.xlsx", data=data)
    made_of = openpyxl.load_workbook(io.BytesIO(after))
    sheet, other = made_of["Bill"], made_of["Other"]
    assert [[cell.value for cell in row] for row in sheet["A4:C8"]] == [
        ["n0", 0, "=B4*$B$1"], ["n1", 1, "=B5*$B$1"], ["n2", 2, "=B6*$B$1"], ["n3", 3, "=B7*$B$1"],
        ["sum", "=SUM(B4:B7)", None],
    ]  # fmt: skip
    assert (sheet["A1"].value, sheet["A1"].data_type, sheet["B1"].value) == (
        "Bill for =cmd|'/c calc'!A0",
        "s",
        0.2,
    )
    assert sheet["B7"].number_format == "0.00"
    assert sorted(str(area) for area in sheet.merged_cells.ranges) == ["D4:E4", "D5:E5", "D6:E6", "D7:E7"]
    assert other["A1"].value == "=Bill!B8"
    assert [[cell.value for cell in row] for row in other["A2:B4"]] == [["x", 1], ["y", 2], ["z", 3]]
    empty = await filled(client, book(), "t.xlsx", data=data | {"items": []})
    assert openpyxl.load_workbook(io.BytesIO(empty))["Bill"]["B4"].value == "=SUM(#REF!)"


async def test_workbook_slots_are_listed_by_sheet(client):
    reply = await made(
        client, "template/slots", {"file_id": await template(client, book(), "t.xlsx")}, status=200
    )
    slots = {slot["name"]: (slot["type"], slot["parts"]) for slot in reply["slots"]}
    assert slots["items"] == ("list", ["Bill"])
    assert slots["names"] == ("list", ["Other"])
    assert set(slots) == {"customer", "total", "items", "items[].name", "items[].price", "names", "names[]"}


async def test_texts_are_filled_and_printed(client):
    source = "# 报价 {{ name }}\n\n{% for row in rows %}- {{ row }}\n{% endfor %}"
    data = {"name": "<b>李</b>", "rows": [1, 2]}
    assert (
        await filled(client, source.encode(), "t.md", data=data)
    ).decode() == "# 报价 <b>李</b>\n\n- 1\n- 2\n"
    assert b"&lt;b&gt;" in await filled(client, b"<!DOCTYPE html><p>{{ name }}</p>", "t.html", data=data)
    printed = pypdfium2.PdfDocument(await filled(client, source.encode(), "t.md", data=data, to="pdf"))
    assert "报价" in printed[0].get_textpage().get_text_bounded()
    await refused(client, word("x {{ a }}"), "unsupported_conversion", data={"a": 1}, to="pdf2")


async def test_filled_word_and_excel_templates_are_printed(client):
    letter = word("Dear {{ name }} 先生.")
    one = pypdfium2.PdfDocument(await filled(client, letter, data={"name": "李"}, to="pdf"))
    assert "Dear 李 先生." in one[0].get_textpage().get_text_bounded()
    people = [{"name": "a"}, {"name": "b"}]
    merged = pypdfium2.PdfDocument(await filled(client, letter, records=people, to="pdf", output="merged"))
    assert [page.get_textpage().get_text_bounded().split()[1] for page in merged] == ["a", "b"]
    with zipfile.ZipFile(
        io.BytesIO(await filled(client, letter, records=people, to="pdf", name="{{ name }}.pdf"))
    ) as package:
        assert package.namelist() == ["a.pdf", "b.pdf"]
        assert "Dear b" in pypdfium2.PdfDocument(package.read("b.pdf"))[0].get_textpage().get_text_bounded()
    await refused(client, letter, "unsupported_conversion", records=[{"name": "x"}] * 101, to="pdf")


ATTACKS = [
    "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "{{ cycler.__init__.__globals__.os.popen('id').read() }}",
    "{{ self.__init__.__globals__ }}",
    "{{ self._TemplateReference__context.cycler.__init__.__globals__.os }}",
    "{{ ''|attr('__class__') }}{{ ''['__class__'].mro() }}",
    "{{ '{0.__class__.__init__.__globals__}'.format(a) }}",
    "{{ '%s'|format(a.__class__.__base__) }}",
    "{{ range.__self__ }}",
    "{% for x in a.__class__.__mro__ %}{{ x }}{% endfor %}",
    "{{ lipsum.__globals__['os'] }}",
    "{{ url_for.__globals__ }}{{ get_flashed_messages.__globals__ }}",
    "{% include '/etc/passwd' %}",
    "{% import 'os' as os %}{{ os.system('id') }}",
]


@pytest.mark.parametrize("attack", ATTACKS)
async def test_a_template_gets_at_nothing_but_its_data(client, attack):
    for name, content in (("t.docx", word(attack)), ("t.md", attack.encode())):
        await refused(client, content, "template_error", name, data={"a": "x"}, missing="empty")


@pytest.mark.parametrize(
    "attack",
    [
        "{% for a in range(100000) %}{% for b in range(100000) %}{% endfor %}{% endfor %}",
        "{% for a in range(10000000) %}x{% endfor %}",
        "{{ 10 ** (10 ** 10) }}",
        "{{ 'x' * 1000000000 }}",
        "{{ [0] * 100000000 }}",
        "{% for a in range(99999) %}{{ 'x' * 99999 }}{% endfor %}",
        "{{ 1 / 0 }}",
        "{{ unknown_filter | nothing }}",
        "{% if %}",
        "{{ broken",
        "{% for x in items %}",
    ],
)
async def test_a_template_that_does_not_end_or_is_broken_is_told(client, attack):
    problem = await refused(client, attack.encode(), "template_error", "t.md", data={})
    assert problem["errors"][0]["pointer"] == "/file_id"


async def test_what_fills_the_memory_ends_in_its_worker(client):
    attack = (
        b"{% set ns = namespace(t='x') %}{% for a in range(60) %}{% set ns.t = ns.t ~ ns.t %}{% endfor %}"
    )
    await refused(client, attack, "memory_limit", "t.md", data={})
    assert (await filled(client, b"{{ a }}", "t.md", data={"a": "fine"})) == b"fine"


async def test_tags_that_cut_through_the_structure_are_told(client):
    broken = word("{% for a in items %}", rows=[["{{ a }}", "{% endfor %}"]])
    problem = await refused(client, broken, "template_error", data={"items": [1, 2]})
    assert "{%tr" in problem["detail"]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, "validation_failed"),
        ({"data": {}, "records": [{}]}, "validation_failed"),
        ({"data": {}, "data_file_id": "x"}, "validation_failed"),
        ({"data": {"a": {"x": 1}}}, "invalid_template_data"),
        ({"data": {"a": 1}, "to": "../x"}, "unsupported_conversion"),
        ({"data": {"a": 1}, "name": "{{ ''.__class__ }}"}, "template_error"),
        ({"data": {"a": 1}, "name": "{{ b }}.docx"}, "missing_fields"),
    ],
)
async def test_what_cannot_be_filled_is_refused_by_name(client, body, code):
    await refused(client, word("{{ a }}"), code, **body)


async def test_more_records_than_allowed_are_refused(client):
    await refused(client, b"{{ a }}", "document_too_large", "t.md", 413, records=[{"a": 1}] * 10_001)


async def test_a_template_must_be_a_document_of_a_known_kind(client):
    await refused(client, b"\x89PNG\r\n\x1a\n" + b"x" * 50, "unsupported_type", "t.png", 415, data={})
