"""PDF files made and changed over a real socket, looked at by another program."""

import io

import pypdf
import pypdfium2
import pytest
from reportlab.lib.pagesizes import A4
from reportlab.pdfgen.canvas import Canvas

from dataflowtools.tests.http.writing.calls import call, content_of, stored, written
from dataflowtools.tests.http.writing.test_edit import edited, pages_of
from dataflowtools.tests.unit.documents.making import pdf, show
from servicekit.testing import assert_problem

pytestmark = pytest.mark.asyncio(loop_scope="package")

LONG = "a line that is far too long for the field and has to go on below, word by word, to its very end"


def form() -> bytes:
    held = io.BytesIO()
    canvas = Canvas(held, pagesize=A4)
    fields = canvas.acroForm
    fields.textfield(name="name", x=100, y=700, width=200, height=20, maxlen=20)
    fields.textfield(name="several", x=100, y=600, width=200, height=60, fieldFlags="multiline", maxlen=500)
    fields.checkbox(name="agree", x=100, y=550)
    fields.radio(name="size", value="small", x=100, y=500)
    fields.radio(name="size", value="large", x=140, y=500, selected=True)
    fields.choice(
        name="city", options=[("Berlin", "B"), ("北京", "P")], value="B", x=100, y=450, width=100, height=20
    )
    fields.listbox(name="list", options=["one", "two"], value="one", x=100, y=400, width=100, height=40)
    canvas.showPage()
    canvas.save()
    return held.getvalue()


def fill(**fields):
    return {"op": "fill_form", "fields": fields}


def widgets(data: bytes) -> dict[str, dict]:
    page = pypdf.PdfReader(io.BytesIO(data)).pages[0]
    return {
        str(one["/T"]): one
        for one in (reference.get_object() for reference in page["/Annots"])
        if "/T" in one
    }


def inked(data: bytes, *, forms: bool = True):
    document = pypdfium2.PdfDocument(data)
    if forms:
        document.init_forms()
    return document[0].render(scale=2, may_draw_forms=forms).to_numpy()


def text_of(data: bytes) -> str:
    return pypdfium2.PdfDocument(data)[0].get_textpage().get_text_range()


async def test_every_kind_of_field_is_filled(client):
    before = form()
    values = {"name": "Ann", "several": LONG, "agree": True, "size": "small", "city": "北京", "list": "two"}
    after, reply = await edited(client, "f.pdf", before, fill(**values))
    found = pypdf.PdfReader(io.BytesIO(after)).get_fields()

    assert reply["results"] == [{"op": "fill_form", "filled": 6}]
    assert after.startswith(before)
    assert [found[name]["/V"] for name in ("name", "city", "list")] == ["Ann", "P", "two"]
    assert (found["agree"]["/V"], found["size"]["/V"]) == ("/Yes", "/small")
    assert widgets(after)["agree"]["/AS"] == "/Yes"
    assert (inked(after) != inked(before)).sum() > 1000


async def test_a_flattened_form_is_plain_content_with_lines_that_break(client):
    values = {"name": "张伟", "several": LONG, "agree": True, "city": "北京", "list": "two"}
    after, reply = await edited(client, "f.pdf", form(), fill(**values), {"op": "flatten_form"})
    shown = text_of(after)

    assert reply["results"][1] == {"op": "flatten_form", "fields": 7}
    assert not pypdf.PdfReader(io.BytesIO(after)).get_fields()
    assert "张伟" in shown
    assert "北京" in shown
    assert " ".join(shown.split()).find(LONG) > 0, "the whole text is there"
    assert len([line for line in shown.splitlines() if line.strip() in LONG and len(line) > 5]) > 1
    blank, _ = await edited(client, "g.pdf", form(), {"op": "flatten_form"})
    box = (slice((842 - 570) * 2, (842 - 550) * 2), slice(200, 240))
    assert (inked(after, forms=False)[box] != inked(blank, forms=False)[box]).any(), "the box is checked"


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"nobody": "x"}, "'name'"),
        ({"name": True}, "takes a text"),
        ({"name": "x" * 21}, "at most 20 characters"),
        ({"agree": "perhaps"}, "'Yes'"),
        ({"size": True}, "'small', 'large'"),
        ({"size": "huge"}, "'small', 'large'"),
        ({"city": "Rome"}, "'Berlin', '北京'"),
        ({"list": "three"}, "'one', 'two'"),
    ],
)
async def test_a_value_that_a_field_does_not_take_is_refused_with_those_that_it_does(client, fields, says):
    before = form()
    file_id = (await stored(client, "f.pdf", before))["file_id"]
    reply = await call(client, "edit", {"file_id": file_id, "operations": [fill(**fields)]})

    assert says in assert_problem(reply, 422, "invalid_edit")["detail"]
    assert await content_of(client, file_id) == before


async def test_pages_are_put_into_another_order(client):
    before = pdf([show(name) for name in ("one", "two", "three", "four")])
    after, _ = await edited(client, "a.pdf", before, {"op": "reorder_pages", "pages": "3,1"})
    assert pages_of(after) == ["three", "one", "two", "four"]

    file_id = (await stored(client, "b.pdf", before))["file_id"]
    twice = {"op": "reorder_pages", "pages": "3,1-4"}
    assert_problem(
        await call(client, "edit", {"file_id": file_id, "operations": [twice]}), 422, "invalid_edit"
    )


async def test_bold_chinese_is_bold_in_pdf(client):
    def black(data):
        return int((inked(data, forms=False) < 128).sum())

    texts = [{"text": "第一章节", "bold": bold, "size": 20} for bold in (False, True)]
    plain, bold = [await written(client, [{"type": "paragraph", "runs": [run]}], to="pdf") for run in texts]

    assert black(bold) > black(plain) * 1.15
    assert "第一章节" in text_of(bold)


async def test_the_parts_of_a_split_that_is_saved_under_a_name_have_a_number_each(client):
    file_id = (await stored(client, "a.pdf", pdf([show("one"), show("two")])))["file_id"]
    body = {"file_id": file_id, "operations": [{"op": "split", "every": 1}], "save_as": "part.pdf"}

    reply = await call(client, "edit", body)
    assert [file["name"] for file in reply.json()["files"]] == ["part-1.pdf", "part-2.pdf"]


def all_text(data: bytes) -> str:
    return "\n".join(page.get_textpage().get_text_range() for page in pypdfium2.PdfDocument(data))


async def test_a_text_of_very_many_lines_becomes_pages_and_loses_none_of_them(client):
    lines = [f"line {number} 中" for number in range(5000)]
    data = await written(client, {"text": "\n".join(lines)}, to="pdf")

    found = [line.strip() for line in all_text(data).splitlines() if line.strip()]
    assert found == lines
    code = [{"type": "code", "text": "\n".join(lines)}, {"type": "paragraph", "text": "word " * 20_000}]
    again = all_text(await written(client, code, to="pdf"))
    assert again.count("word") == 20_000
    assert "line 4999" in again


async def test_cells_that_reach_over_pages_end_with_their_first_row_and_that_is_told(client):
    rows = [[{"text": "tall", "row_span": 300}, "r0"], *[[f"r{number}"] for number in range(1, 300)]]
    reply = await call(client, "write", {"to": "pdf", "content": [{"type": "table", "rows": rows}]})

    assert reply.status == 201, reply.body
    assert [warning["code"] for warning in reply.json()["warnings"]] == ["spans_cut"]
    shown = all_text(await content_of(client, reply.json()["file_id"]))
    assert "r299" in shown
    assert "tall" in shown
