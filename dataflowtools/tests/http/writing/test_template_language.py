"""What the language of templates allows, where shown values end up, and how a fault in a template is placed."""

import base64
import io

import docx
import openpyxl
import pytest

from dataflowtools.tests.http.writing.calls import made
from dataflowtools.tests.http.writing.test_edit import text_of
from dataflowtools.tests.http.writing.test_templates import filled, refused, template, word
from dataflowtools.tests.http.writing.test_write import picture

pytestmark = pytest.mark.asyncio(loop_scope="package")

MANY = [f"paragraph {number}" for number in range(100)]
BOLD = {"type": "paragraph", "runs": [{"text": "粗", "bold": True}, {"text": "体"}]}


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ("{% if a %}{% set t = 'one' %}{% else %}{% set t = 'two' %}{% endif %}{{ t }}", "one"),
        ("{% with q = a %}{{ q }}{% endwith %}", "A"),
        ("{% macro m(x) %}[{{ x }}]{% endmacro %}{{ m(a) }}", "[A]"),
        ("{% filter trim %} {{ b }} {% endfilter %}", "R&D"),
        ("{{ '%s of %s' % (a, b) }}", "A of R&D"),
        ("{{ a ~ ' & Co' }} {% if b == 'R&D' %}same{% endif %}", "A & Co same"),
    ],
)
async def test_names_of_a_template_s_own_are_no_missing_fields(client, source, shown):
    data = {"a": "A", "b": "R&D"}
    after = await filled(client, word(source), data=data)
    plain = await filled(client, source.encode(), "t.md", data=data)

    assert text_of(after) == [shown]
    assert plain.decode() == shown


async def test_a_text_in_the_place_of_a_run_or_of_blocks_is_kept_with_its_lines(client):
    after = await filled(
        client, word("a {{r note }} b", "{{p note }}", "c"), data={"note": "one & two\nthree\tfour"}
    )
    assert text_of(after) == ["a one & two\nthree\tfour b", "one & two\nthree\tfour", "c"]


async def test_words_of_a_paragraph_keep_their_look_within_a_line(client):
    after = await filled(client, word("x {{ rich }} y", "{{r rich }}", "{{p rich }}"), data={"rich": BOLD})
    paragraphs = docx.Document(io.BytesIO(after)).paragraphs
    bold = [[run.text for run in one.runs if run.bold and run.text == "粗"] for one in paragraphs]

    assert [one.text for one in paragraphs] == ["x 粗体 y", "粗体", "粗体"]
    assert bold == [["粗"]] * 3


async def test_pictures_stand_within_a_line_and_alone(client):
    stamp = {"type": "picture", "data": base64.b64encode(picture()).decode()}
    after = await filled(
        client, word("see {{ stamp }} here", "{{p stamp }}", "{{r stamp }}"), data={"stamp": stamp}
    )
    document = docx.Document(io.BytesIO(after))

    assert len(document.inline_shapes) == 3
    assert document.paragraphs[0].text == "see  here"


async def test_blocks_within_a_line_are_refused_by_name(client):
    heading = [{"type": "heading", "level": 1, "text": "h"}]
    problem = await refused(
        client, word("x {{ order.head }} y"), "invalid_template_data", data={"order": {"head": heading}}
    )

    assert problem["errors"][0]["pointer"] == "/data/order/head"
    assert "{{p order.head }}" in problem["errors"][0]["message"]


async def test_no_blocks_are_nothing(client):
    assert text_of(await filled(client, word("a", "{{p more }}", "b"), data={"more": []})) == ["a", "b"]


@pytest.mark.parametrize(
    "value",
    [
        {"type": "heading", "text": 5},
        {"type": "picture", "data": base64.b64encode(picture()).decode(), "width": "2cm"},
        {"type": "picture", "url": "http://127.0.0.1:9/x.png"},
        {"type": "picture", "path": "/etc/passwd"},
        {"type": "table", "rows": 5},
    ],
)
async def test_a_block_that_is_none_is_named(client, value):
    problem = await refused(client, word("{{p block }}"), "invalid_template_data", data={"block": value})
    assert problem["errors"][0]["pointer"] == "/data/block"


@pytest.mark.parametrize("name", ["t.docx", "t.xlsx", "t.md"])
@pytest.mark.parametrize("value", [["x", "y"], {"x": 1}])
async def test_lists_and_objects_are_not_shown_as_python_writes_them(client, name, value):
    source = {"t.docx": word("{{ it.is }}"), "t.xlsx": cells("{{ it.is }}"), "t.md": b"{{ it.is }}"}[name]
    await refused(client, source, "invalid_template_data", name, data={"it": {"is": value}})
    body = {"file_id": await template(client, source, name), "data": {"it": {"is": value}}}
    checked = await made(client, "template/validate", body, status=200)

    assert [(fault["field"], fault["code"]) for fault in checked["errors"]] == [("it.is", "wrong_type")]


def cells(*texts: str) -> bytes:
    book = openpyxl.Workbook()
    for text in texts:
        book.active.append(["label", text])
    held = io.BytesIO()
    book.save(held)
    return held.getvalue()


@pytest.mark.parametrize(
    "fault", ["{{ a b }}", "{{ 1 / x }}", "{% if x %}", "{{ x.__class__ }}", "{{ x|nofilter }}"]
)
async def test_a_fault_in_a_template_is_placed(client, fault):
    tagged = f"here {fault} there"
    in_word = await refused(client, word(*MANY, tagged, *MANY), "template_error", data={"x": 0})
    in_text = await refused(
        client, f"one\ntwo\n{tagged}\nfour".encode(), "template_error", "t.md", data={"x": 0}
    )
    in_sheet = await refused(
        client, cells("one", "two\nlines {{ x }}", tagged, "four"), "template_error", "t.xlsx", data={"x": 0}
    )

    assert (in_word["part"], in_word["near"]) == ("word/document.xml", tagged)
    assert (in_text["line"], in_text["near"]) == (3, tagged)
    assert (in_sheet["part"], in_sheet["line"], in_sheet["near"]) == ("Sheet", 3, f"B3 says {tagged}")
    assert all(fault in problem["detail"] for problem in (in_word, in_text, in_sheet))


async def test_a_row_of_a_workbook_may_set_a_name(client):
    after = await filled(client, cells("x"), "t.xlsx", data={})
    book = openpyxl.Workbook()
    book.active["A1"], book.active["A2"] = "{% set rate = 3 %}", "{{ rate * n }}"
    held = io.BytesIO()
    book.save(held)
    after = await filled(client, held.getvalue(), "t.xlsx", data={"n": 2})

    assert openpyxl.load_workbook(io.BytesIO(after)).active["A1"].value == 6


async def test_a_cell_that_ends_with_a_table_stays_a_cell(client):
    table = {"type": "table", "rows": [["1", "2"]]}
    after = await filled(client, word("x", rows=[["{{p t }}", "b"]]), data={"t": table})
    cell = docx.Document(io.BytesIO(after)).tables[0].cell(0, 0)

    assert cell.tables[0].cell(0, 1).text == "2"
    assert cell._element[-1].tag.endswith("}p")  # Word refuses a cell that ends otherwise
